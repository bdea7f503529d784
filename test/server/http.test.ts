import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/engine.js'
import { rulesFrom } from '../../src/engine/rules.js'
import { openRuntime } from '../../src/runtime/runtime.js'
import { isLoopback, lanAddresses, startServer } from '../../src/server/start.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import { ownerOnly } from '../support/auth.js'
import { rawRequest, sleep } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, serve } from '../support/server.js'
import { readUntil } from '../support/sse-events.js'

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const token = { authorization: 'Bearer alice' }

describe('the Host header', () => {
  it.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:2024', 200],
    ['localhost', 200],
    ['LOCALHOST:1', 200],
    ['[::1]:2024', 200],
    ['evil.example', 403],
    ['evil.example:2024', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
    ['evil.example#localhost', 403],
    ['0.0.0.0', 403],
    ['10.0.0.1', 403],
  ])('%j: %i', async (host, status) => {
    for (const path of ['/ok', '/docs', '/openapi.json']) {
      const reply = await rawRequest(server.url, { path, headers: { host } })
      if (status === 200) expect(reply.status).toBe(200)
      else expect([400, 403]).toContain(reply.status)
    }
    const guarded = await rawRequest(server.url, {
      method: 'GET',
      path: '/store/items?namespace=alice&key=k',
      headers: { host, ...token },
    })
    expect(guarded.status === 200).toBe(status === 200)
  })

  it('is answered in our words, and says what was asked for', async () => {
    const { status, text } = await rawRequest(server.url, {
      path: '/threads',
      headers: { host: 'evil.example', ...token },
    })
    expect([status, text]).toEqual([403, '{"detail":"Host \\"evil.example\\" is not served here."}'])
  })

  it('a server that is asked for by other names knows those', async () => {
    const lan = await serve({ hosts: { names: ['My.Host'], addresses: true } })
    const ask = async (host: string) => (await rawRequest(lan.url, { path: '/ok', headers: { host } })).status
    expect(await ask('my.host:2024')).toBe(200)
    expect(await ask('192.168.1.7:2024')).toBe(200)
    expect(await ask('[fe80::1]:2024')).toBe(200)
    expect(await ask('evil.example')).toBe(403)
  })

  it('a request without one, or with two, is refused', async () => {
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.end(text))
        let answer = ''
        socket.on('data', (chunk) => {
          answer += String(chunk)
        })
        socket.on('end', () => resolve(answer))
        socket.on('error', reject)
      })
    expect(await raw('GET /ok HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
    expect(await raw('GET /ok HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[03]/)
    const two = await raw('GET /ok HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n')
    expect(two).toMatch(/^HTTP\/1\.1 (200|400|403)/)
    expect(await raw('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[013]/)
  })
})

describe('CORS', () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/threads/search`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, x-mine',
      },
    })

  it.each(['http://localhost:3000', 'https://localhost', 'http://127.0.0.1:5173', 'http://[::1]:8080'])(
    'a page on this machine may ask: %s',
    async (origin) => {
      const before = await preflight(server.url, origin)
      expect([before.status, before.headers.get('access-control-allow-origin')]).toEqual([204, origin])
      expect(before.headers.get('access-control-allow-methods')).toContain('DELETE')
      expect(before.headers.get('access-control-allow-headers')).toBe('authorization,x-mine')
      const { headers, status } = await alice.post('/threads/search', {}, { origin })
      expect([status, headers.get('access-control-allow-origin')]).toEqual([200, origin])
      const exposed = headers.get('access-control-expose-headers')?.split(',')
      expect(exposed).toEqual(
        expect.arrayContaining(['content-location', 'location', 'x-pagination-total', 'x-pagination-next']),
      )
      expect(headers.get('vary')?.toLowerCase()).toContain('origin')
    },
  )

  it.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'http://evil-localhost:3000',
    'http://127.0.0.1.evil.example',
    'null',
    'file://',
    'http://localhost:3000.evil.example',
  ])('a foreign page gets no permission: %s', async (origin) => {
    const before = await preflight(server.url, origin)
    expect(before.headers.get('access-control-allow-origin')).toBeNull()
    expect(await before.text()).toBe('')
    for (const { headers } of [
      await alice.post('/threads/search', {}, { origin }),
      await server.as(undefined).post('/threads/search', {}, { origin }),
    ]) {
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })

  it('errors can be read by the pages that may ask', async () => {
    const origin = 'http://localhost:3000'
    for (const [reply, status] of [
      [await server.as(undefined).post('/threads', {}, { origin }), 401],
      [await alice.get('/threads/x', { origin }), 422],
      [await alice.get('/nothing', { origin }), 404],
    ] as const) {
      expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([status, origin])
    }
    const stream = await alice.post('/runs/stream', { assistant_id: 'echo', input: {} }, { origin })
    expect(stream.headers.get('access-control-allow-origin')).toBe(origin)
  })

  it('OPTIONS without an origin is a request like others', async () => {
    expect((await server.as(undefined).call('OPTIONS', '/threads')).status).toBe(401)
  })

  it('names of langgraph.json are the only ones', async () => {
    const named = await serve({
      http: {
        cors: {
          allow_origins: ['https://app.example'],
          allow_origin_regex: 'https://.*\\.preview\\.example',
          allow_headers: ['authorization'],
          allow_methods: ['GET', 'POST'],
          allow_credentials: true,
          expose_headers: ['x-mine'],
          max_age: 60,
        },
      },
    })
    const allowed = async (origin: string) =>
      (await preflight(named.url, origin)).headers.get('access-control-allow-origin')
    expect(await allowed('https://app.example')).toBe('https://app.example')
    expect(await allowed('https://x.preview.example')).toBe('https://x.preview.example')
    expect(await allowed('https://x.preview.example.evil.example')).toBeNull()
    expect(await allowed('http://localhost:3000')).toBeNull()
    const { headers } = await preflight(named.url, 'https://app.example')
    expect(headers.get('access-control-allow-credentials')).toBe('true')
    expect(headers.get('access-control-allow-headers')).toBe('authorization')
    expect(headers.get('access-control-allow-methods')).toBe('GET,POST')
    expect(headers.get('access-control-max-age')).toBe('60')
  })
})

describe('route groups that langgraph.json disables', () => {
  it.each([
    ['assistants', ['/assistants/search'], ['/threads/search']],
    ['threads', ['/threads/search'], ['/assistants/search']],
    ['runs', ['/runs/wait', '/threads/0197a9b4-6f5c-7000-8000-000000000000/runs'], ['/threads/search']],
    ['store', ['/store/items/search'], ['/threads/search']],
  ] as const)('%s', async (group, gone, there) => {
    const some = await serve({ http: { disable: { [group]: true } } })
    for (const path of gone) {
      const reply = await some.as('alice').post(path)
      expect([reply.status, reply.text]).toEqual([404, '{"detail":"Not Found"}'])
      expect((await some.as(undefined).post(path)).status).toBe(401)
    }
    for (const path of there) expect((await some.as('alice').post(path)).status).toBe(200)
  })

  it('meta, but for /ok', async () => {
    const some = await serve({ http: { disable: { meta: true } } })
    for (const path of ['/info', '/docs', '/docs/start.js', '/openapi.json']) {
      expect((await some.as('alice').get(path)).status).toBe(404)
    }
    expect((await some.as(undefined).get('/ok')).status).toBe(200)
  })
})

describe('listening', () => {
  async function deps() {
    const storage = await openSqliteStorage(':memory:')
    const runtime = await openRuntime({ storage })
    const engine = createEngine({ rules: rulesFrom(ownerOnly()) })
    const project = () => ({ kind: 'ready', engine, http: {} }) as const
    return { storage, runtime, version: '0', project }
  }

  it('port 0 takes a free one; a taken one is named; the next one is taken where that was asked for', async ({
    onTestFinished,
  }) => {
    const made = await deps()
    const first = await startServer(made, { port: 0, host: '127.0.0.1' })
    onTestFinished(() => first.close())
    expect(first.url).toBe(`http://127.0.0.1:${first.port}`)
    expect(await (await fetch(`${first.url}/ok`)).json()).toEqual({ ok: true })

    const again = startServer(made, { port: first.port, host: '127.0.0.1' })
    await expect(again).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(first.port)),
    })
    const next = await startServer(made, { port: first.port, host: '127.0.0.1', orNext: true })
    onTestFinished(() => next.close())
    expect(next.port).toBeGreaterThan(first.port)
  })

  it('a port that another program has is taken too', async ({ onTestFinished }) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    await expect(startServer(await deps(), { port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'port_in_use' })
  })

  it.each(['192.0.2.1', 'no-such-host.invalid'])('%s is no address of this machine', async (host) => {
    await expect(startServer(await deps(), { port: 0, host })).rejects.toMatchObject({ code: 'host_unusable' })
  })

  it('127.0.0.1 is not reachable from elsewhere', async () => {
    for (const address of lanAddresses()) {
      await expect(fetch(`http://${address}:${new URL(server.url).port}/ok`)).rejects.toThrow('fetch failed')
    }
  })

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['192.168.1.7', false],
  ])('%s is loopback: %s', (host, expected) => expect(isLoopback(host)).toBe(expected))
})

describe('closing', () => {
  it('ends open streams and waits, marks their runs, and lets no connection live', async () => {
    const one = await open({ graphs: testGraphs })
    const client = one.as('alice')
    const thread = await client.thread()
    const body = { assistant_id: 'slow', input: { ms: 60_000 }, stream_mode: ['custom'] }
    const streaming = await client.open('POST', `/threads/${thread}/runs/stream`, body)
    const rest = readUntil(streaming, ({ event }) => event === 'nothing').catch((error: Error) => error.message)
    const waiting = client.post('/runs/wait', body).then(({ text }) => text)
    await sleep(50)
    const statuses: string[] = []
    const { runs } = one.runtime.storage
    const finish = runs.finish.bind(runs)
    Object.assign(runs, {
      finish: (...given: Parameters<typeof finish>) => {
        statuses.push(given[2].status)
        return finish(...given)
      },
    })
    const started = performance.now()
    await one.close()
    expect(performance.now() - started).toBeLessThan(3000)
    expect(await rest).toContain('The stream ended')
    expect(await waiting).toContain('RunInterrupted')
    expect(statuses).toEqual(['interrupted', 'interrupted'])
    await expect(fetch(`${one.url}/ok`)).rejects.toThrow('fetch failed')
  })
})

describe('records', () => {
  it('hold who, what and how it went, and no query', async () => {
    await alice.get('/store/items?namespace=alice&key=secret')
    const record = server.records.at(-1)
    expect(record).toMatchObject({ method: 'GET', path: '/store/items', status: 200 })
    expect(record?.trace).toMatchObject({ identity: 'alice', events: [{ event: 'store:get', handler: 'store' }] })
    expect(record?.ms).toBeGreaterThan(0)
    expect(JSON.stringify(record)).not.toContain('secret')
  })
})
