import { describe, expect, it } from 'vitest'
import type { CorsConfig } from '../../src/server/context.js'
import { rawRequest } from '../support/client.js'
import { serve } from '../support/server.js'

const FOREIGN = ['https://evil.example', 'null', 'file://', 'http://localhost.evil.example', 'http://127.0.0.1.nip.io']
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

const withCors = (cors: CorsConfig) => serve({ http: { cors } })
const server = await serve()

describe('a page that CORS does not let in changes nothing', () => {
  it.each(FOREIGN)('%s', async (origin) => {
    const alice = server.as('alice')
    for (const method of WRITES) {
      const reply = await alice.call(method, '/threads', {}, { origin })
      expect([reply.status, reply.json()]).toEqual([
        403,
        { detail: `Pages of ${JSON.stringify(origin)} may not change anything here.` },
      ])
      expect(reply.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect((await alice.post('/threads/count', {})).text).toBe('0')
    // Asking is no change, and the browser keeps the answer from the page.
    expect((await alice.get('/info', { origin })).status).toBe(200)
  })

  it('not even with a token that nobody knows, or to a path that is none', async () => {
    const nobody = server.as(undefined)
    for (const path of ['/threads', '/nothing', '/info']) {
      expect((await nobody.call('POST', path, {}, { origin: 'https://evil.example' })).status).toBe(403)
    }
  })

  it('and whoever sends no origin is no page', async () => {
    expect((await server.as('alice').post('/threads/search', {})).status).toBe(200)
  })
})

describe('a page that may', () => {
  it('is one of this machine', async () => {
    expect((await server.as('alice').post('/threads/search', {}, { origin: 'http://localhost:5173' })).status).toBe(200)
  })

  it('is one that the server served itself, whatever langgraph.json names', async () => {
    const lan = await serve({
      http: { cors: { allow_origins: ['https://app.example'] } },
      hosts: { names: ['my.host'], addresses: true },
    })
    const ask = async (host: string, origin: string) =>
      (
        await rawRequest(lan.url, {
          method: 'POST',
          path: '/threads/count',
          headers: { host, origin, authorization: 'Bearer alice', 'content-length': '0' },
        })
      ).status
    expect(await ask('192.168.1.7:2024', 'http://192.168.1.7:2024')).toBe(200)
    expect(await ask('my.host:2024', 'https://my.host:2024')).toBe(200)
    expect(await ask('my.host:2024', 'http://my.host:3000')).toBe(403)
    // The header of the host names nothing that is served here.
    expect(await ask('evil.example', 'http://evil.example')).toBe(403)
  })

  it('is one that langgraph.json names, by name or by pattern, and no other', async () => {
    const named = await withCors({
      allow_origins: ['https://app.example'],
      allow_origin_regex: 'https://.*\\.preview\\.example',
    })
    const ask = async (origin: string) => (await named.as('alice').post('/threads/search', {}, { origin })).status
    expect(await ask('https://app.example')).toBe(200)
    expect(await ask('https://x.preview.example')).toBe(200)
    expect(await ask('https://x.preview.example.evil.example')).toBe(403)
    expect(await ask('http://localhost:3000')).toBe(403)
  })
})

describe('credentials', () => {
  it.each<[string, CorsConfig]>([
    ['"*"', { allow_origins: ['*'] }],
    ['"*" beside a name', { allow_origins: ['https://evil.example', '*'] }],
    ['a pattern for every page', { allow_origin_regex: '.*' }],
    ['a pattern for every page over https', { allow_origin_regex: 'https://.+' }],
  ])('are never sent for %s', async (_, cors) => {
    const open = await withCors({ ...cors, allow_credentials: true })
    const origin = 'https://evil.example'
    const preflight = await open.as(undefined).call('OPTIONS', '/threads', undefined, {
      origin,
      'access-control-request-method': 'POST',
    })
    for (const { headers } of [preflight, await open.as('alice').post('/threads/search', {}, { origin })]) {
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect(headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  it('are sent for names and patterns that name', async () => {
    const named = await withCors({ allow_origin_regex: 'https://.*\\.app\\.example', allow_credentials: true })
    const { headers } = await named.as('alice').post('/threads/search', {}, { origin: 'https://a.app.example' })
    expect(headers.get('access-control-allow-credentials')).toBe('true')
    expect(headers.get('access-control-allow-origin')).toBe('https://a.app.example')
  })
})
