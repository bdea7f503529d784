import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type ServerType, serve } from '@hono/node-server'
import { describe, expect, it } from 'vitest'
import { createSecrets, lookalike, newCanary } from '../../src/isolation/canary.js'
import { createTransport } from '../../src/isolation/wire/transport.js'

function planted() {
  const secrets = createSecrets()
  const hard = newCanary()
  const soft = randomUUID()
  secrets.plant({ value: hard, slot: 'thread.metadata', owner: 'alice', hard: true })
  secrets.plant({ value: soft, slot: 'thread id', owner: 'alice', hard: false })
  return { secrets, hard, soft }
}

describe('a canary', () => {
  it('has 128 random bits and no character that anything treats specially', () => {
    expect(newCanary()).toMatch(/^iso[a-z2-7]{26}$/)
    expect(new Set(Array.from({ length: 100 }, newCanary)).size).toBe(100)
  })

  it.each<[string, (canary: string) => string]>([
    ['as it is', (canary) => `{"a":"${canary}"}`],
    ['in capitals', (canary) => canary.toUpperCase()],
    ['JSON-escaped', (canary) => [...canary].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')],
    ['percent-encoded', (canary) => [...canary].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')],
    ['in a base64 cursor', (canary) => `"${Buffer.from(`{"after":"${canary}"}`).toString('base64url')}"`],
  ])('is found %s', (_, write) => {
    const { secrets, hard } = planted()
    expect(secrets.foreign('bob', [write(hard)], []).map(({ slot }) => slot)).toEqual(['thread.metadata'])
  })

  it('is found behind a run of base64 that is too long for a pattern, and soon', () => {
    const { secrets, hard } = planted()
    const body = 'x'.repeat(4_000_000) + Buffer.from(hard).toString('base64')
    const startedAt = performance.now()
    expect(secrets.foreign('bob', [body], [])).toHaveLength(1)
    expect(secrets.foreign('bob', ['\\'.repeat(4_000_000)], [])).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  it('is not found in what its owner receives', () => {
    const { secrets, hard, soft } = planted()
    expect(secrets.foreign('alice', [hard, soft], [])).toEqual([])
    expect(secrets.of('alice', [hard, soft], [])).toHaveLength(2)
  })
})

describe('the echo rule', () => {
  it('does not count what the attacker sent in the same request', () => {
    const { secrets, hard, soft } = planted()
    const body = `Thread with ID ${soft} not found, filter ${hard}`
    expect(secrets.foreign('bob', [body], [`/threads/${soft}`, JSON.stringify({ secret: hard })])).toEqual([])
  })

  it.each(['{%s}', 'urn:uuid:%s'])('knows an id that was sent as %s, in capitals or without hyphens', (form) => {
    const { secrets, soft } = planted()
    for (const spelling of [soft, soft.toUpperCase(), soft.replaceAll('-', '')]) {
      const path = `/threads/${encodeURIComponent(form.replace('%s', spelling))}`
      expect(secrets.foreign('bob', [`Thread ${soft} not found`], [path])).toEqual([])
    }
  })

  it('counts what he did not send, next to what he did', () => {
    const { secrets, hard, soft } = planted()
    expect(secrets.foreign('bob', [`${soft} ${hard}`], [`/threads/${soft}`]).map(({ value }) => value)).toEqual([hard])
  })

  it('does not count an id that he stored himself, but still counts a secret that he stored', () => {
    const { secrets, hard, soft } = planted()
    secrets.storedBy('bob', [JSON.stringify({ config: { thread_id: soft, secret: hard } })])
    expect(secrets.foreign('bob', [`${soft} ${hard}`], []).map(({ value }) => value)).toEqual([hard])
    expect(secrets.foreign('nobody', [soft], []).map(({ value }) => value)).toEqual([soft])
  })
})

describe('an invented token', () => {
  it.each(['user1-token', 'ABC.def.123', '-'])('looks like %s and is not', (token) => {
    const made = lookalike(token)
    expect(made).not.toBe(token)
    expect(made.startsWith('-')).toBe(token.startsWith('-'))
  })
})

describe('an answer', () => {
  it('is searched decoded, follows no redirect, and is cut at the cap', async () => {
    const server = await new Promise<ServerType>((resolve) => {
      const fetch = (request: Request) => {
        const { pathname } = new URL(request.url)
        if (pathname === '/zip') return new Response(gzipSync('hello'), { headers: { 'content-encoding': 'gzip' } })
        if (pathname === '/away')
          return new Response(null, { status: 302, headers: { location: 'http://127.0.0.1:1/' } })
        return new Response('x'.repeat(5000))
      }
      const started = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
    })
    const address = server.address() as { port: number }
    const transport = await createTransport(new URL(`http://127.0.0.1:${address.port}`), { maxBytes: 1000 })
    const ask = (path: string) => transport.send({ actor: 'bob', method: 'GET', path, headers: {}, timeoutMs: 1000 })
    try {
      expect(await ask('/zip')).toMatchObject({ status: 200, body: 'hello' })
      expect(await ask('/away')).toMatchObject({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
      expect(await ask('/long')).toMatchObject({ ending: 'cut' })
    } finally {
      transport.close()
      server.close()
    }
  })
})
