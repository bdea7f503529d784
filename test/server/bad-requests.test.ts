import { afterEach, describe, expect, it } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { createEngine } from '../../src/engine/engine.js'
import { HTTPException } from '../../src/engine/http-exception.js'
import { rulesFrom } from '../../src/engine/rules.js'
import { AuthkitError } from '../../src/errors/authkit-error.js'
import type { ProjectSnapshot } from '../../src/server/context.js'
import { namesOnly, ownerOnly, ownerOnlyBut, tokensAreNames } from '../support/auth.js'
import { type Json, type Reply, sleep } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ graphs: testGraphs, maxBodyBytes: 1_000_000 })
const alice = server.as('alice')
afterEach(() => server.use(ownerOnly()))

const ID = '0197a9b4-6f5c-7000-8000-000000000000'
const run = (more: Json) => ({ assistant_id: 'echo', input: {}, ...more })
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

/** Nothing in an answer tells how the server is made. */
function expectClean(reply: Reply): void {
  expect(Object.keys(reply.json())).toEqual(['detail'])
  expect(reply.json()['detail']).toBeTypeOf('string')
  expect(reply.headers.get('content-type')).toContain('application/json')
  expect(reply.text).not.toMatch(/node_modules|\bat \w+ \(|\.[tj]s:\d|SQLITE|sqlite|ZodError|ENOENT/)
}

describe('a request that is not understood', () => {
  it.each<[string, string, string, unknown]>([
    ['JSON that is cut off', 'POST', '/threads', '{"metadata":'],
    ['JSON that is none', 'POST', '/threads', 'hello'],
    ['a list for an object', 'POST', '/threads', []],
    ['a text for an object', 'POST', '/threads', '"x"'],
    ['null', 'POST', '/threads', 'null'],
    ['deep nesting', 'POST', '/threads', `{"metadata":${deep(250)}}`],
    ['very deep nesting', 'POST', '/threads', `{"metadata":${'['.repeat(100_000)}`],
    [
      'very deep nesting, closed',
      'POST',
      '/runs',
      `{"assistant_id":"echo","input":${'['.repeat(90_000)}${']'.repeat(90_000)}}`,
    ],
    ['metadata that is a list', 'POST', '/threads', { metadata: [] }],
    ['metadata that is a text', 'POST', '/threads', { metadata: 'x' }],
    ['NUL in metadata', 'POST', '/threads', { metadata: { a: 'x\0y' } }],
    ['NUL in a key of metadata', 'POST', '/threads', { metadata: { 'a\0': 1 } }],
    ['NUL deep in metadata', 'POST', '/threads/search', { metadata: { a: [{ b: '\0' }] } }],
    ['an id that is no UUID', 'POST', '/threads', { thread_id: 'x' }],
    ['an id that is a number', 'POST', '/threads', { thread_id: 7 }],
    ['an id with a line break', 'POST', '/threads', { thread_id: `${ID}\n` }],
    ['if_exists', 'POST', '/threads', { if_exists: 'overwrite' }],
    ['supersteps without updates', 'POST', '/threads', { supersteps: [{ updates: [] }] }],
    ['limit 0', 'POST', '/threads/search', { limit: 0 }],
    ['limit 1001', 'POST', '/threads/search', { limit: 1001 }],
    ['limit 1.5', 'POST', '/threads/search', { limit: 1.5 }],
    ['limit as text', 'POST', '/threads/search', { limit: '10' }],
    ['offset -1', 'POST', '/threads/search', { offset: -1 }],
    ['offset 1e99', 'POST', '/threads/search', { offset: 1e99 }],
    ['sort_by', 'POST', '/threads/search', { sort_by: 'owner' }],
    ['sort_order', 'POST', '/threads/search', { sort_order: 'up' }],
    ['select', 'POST', '/threads/search', { select: ['secret'] }],
    ['status', 'POST', '/threads/search', { status: 'sleeping' }],
    ['ids', 'POST', '/threads/search', { ids: ['x'] }],
    ['values', 'POST', '/threads/search', { values: 'x' }],
    ['thread id', 'GET', '/threads/x', undefined],
    ['run id', 'GET', `/threads/${ID}/runs/x`, undefined],
    ['assistant id', 'GET', '/assistants/x', undefined],
    ['the id of a run alone', 'GET', '/runs/x/stream', undefined],
    ['NUL in a path', 'GET', '/threads/%00', undefined],
    ['a path that is no UTF-8', 'GET', '/threads/%ff', undefined],
    ['limit of a list', 'GET', `/threads/${ID}/runs?limit=0`, undefined],
    ['limit of a list, as a word', 'GET', `/threads/${ID}/runs?limit=ten`, undefined],
    ['limit twice', 'GET', `/threads/${ID}/runs?limit=1&limit=2`, undefined],
    ['offset of a list', 'GET', `/threads/${ID}/runs?offset=-1`, undefined],
    ['status of a list', 'GET', `/threads/${ID}/runs?status=sleeping`, undefined],
    ['select of a list', 'GET', `/threads/${ID}/runs?select=[1]`, undefined],
    ['limit of the history', 'GET', `/threads/${ID}/history?limit=5000`, undefined],
    ['before', 'POST', `/threads/${ID}/history`, { before: 7 }],
    ['a state that is a text', 'POST', `/threads/${ID}/state`, { values: 'x' }],
    ['no checkpoint', 'POST', `/threads/${ID}/state/checkpoint`, {}],
    ['no assistant', 'POST', '/runs', {}],
    ['an empty assistant', 'POST', '/runs', { assistant_id: '' }],
    ['a stream mode', 'POST', '/runs/stream', run({ stream_mode: 'everything' })],
    ['a stream mode among others', 'POST', '/runs/stream', run({ stream_mode: ['values', 'x'] })],
    ['a strategy', 'POST', '/runs', run({ multitask_strategy: 'fight' })],
    ['a delay below 0', 'POST', '/runs', run({ after_seconds: -1 })],
    ['a delay of a century', 'POST', '/runs', run({ after_seconds: 3e9 })],
    ['a configuration that is a list', 'POST', '/runs', run({ config: [] })],
    ['configurable that is a text', 'POST', '/runs', run({ config: { configurable: 'x' } })],
    ['tags that are none', 'POST', '/runs', run({ config: { tags: 5 } })],
    ['a recursion limit that is a word', 'POST', '/runs', run({ config: { recursion_limit: 'many' } })],
    ['a context that is a text', 'POST', '/runs', run({ context: 'x' })],
    ['goto that is a number', 'POST', '/runs', run({ command: { goto: 7 } })],
    ['interrupt_before that is a name', 'POST', '/runs', run({ interrupt_before: 'a' })],
    ['a webhook', 'POST', '/runs', run({ webhook: 'http://127.0.0.1/' })],
    ['an empty batch', 'POST', '/runs/batch', []],
    ['a batch that is none', 'POST', '/runs/batch', {}],
    ['no graph', 'POST', '/assistants', {}],
    ['a version', 'POST', `/assistants/${ID}/latest`, { version: 'one' }],
    ['xray', 'GET', '/assistants/echo/graph?xray=0', undefined],
    ['a label with a dot', 'PUT', '/store/items', { namespace: ['a.b'], key: 'k', value: {} }],
    ['an empty label', 'PUT', '/store/items', { namespace: [''], key: 'k', value: {} }],
    ['a label with NUL', 'PUT', '/store/items', { namespace: ['a\0'], key: 'k', value: {} }],
    ['an empty key', 'PUT', '/store/items', { namespace: ['alice'], key: '', value: {} }],
    ['a key with NUL', 'PUT', '/store/items', { namespace: ['alice'], key: '\0', value: {} }],
    ['a value that is a list', 'PUT', '/store/items', { namespace: ['alice'], key: 'k', value: [] }],
    ['NUL in a value', 'PUT', '/store/items', { namespace: ['alice'], key: 'k', value: { a: '\0' } }],
    ['no key', 'GET', '/store/items?namespace=alice', undefined],
    ['an operator', 'POST', '/store/items/search', { namespace_prefix: ['alice'], filter: { a: { $regex: 'x' } } }],
    ['max_depth', 'POST', '/store/namespaces', { prefix: ['alice'], max_depth: 0 }],
  ])('%s: 422', async (_, method, path, body) => {
    const reply = await alice.call(method, path, body)
    expect(reply.status, reply.text).toBe(422)
    expectClean(reply)
  })

  it('a path is named as LangGraph names it', async () => {
    expect((await alice.get('/threads/x')).json()).toEqual({ detail: 'Invalid thread ID: must be a UUID' })
    expect((await alice.get(`/threads/${ID}/runs/x`)).json()).toEqual({ detail: 'Invalid run ID: must be a UUID' })
    expect((await alice.post('/threads', '{')).json()).toEqual({ detail: 'Invalid JSON in request body' })
  })

  it.each<[string, string, string, unknown]>([
    ['a thread without a graph', 'POST', '/state', { values: {} }],
    ['a node that is not there', 'POST', '/state', { values: {}, as_node: 'nowhere' }],
    ['a namespace that is missing', 'PUT', '/store/items', { key: 'k', value: {} }],
    [
      'state for a thread without a graph',
      'POST',
      '/threads',
      { supersteps: [{ updates: [{ values: {}, as_node: 'a' }] }] },
    ],
  ])('%s: 400', async (name, method, path, body) => {
    const thread = await alice.thread(name.startsWith('a node') ? { metadata: { graph_id: 'steps' } } : {})
    const reply = await alice.call(method, path === '/state' ? `/threads/${thread}/state` : path, body)
    expect(reply.status, reply.text).toBe(400)
    expectClean(reply)
  })

  it('state that the graph refuses creates no thread, and deletes none that was there', async () => {
    const refused = { updates: [{ values: { seen: ['x'] }, as_node: 'nowhere' }] }
    const body = { thread_id: ID, metadata: { graph_id: 'steps' }, supersteps: [refused] }
    expect((await alice.post('/threads', body)).status).toBe(400)
    expect((await alice.get(`/threads/${ID}`)).status).toBe(404)
    const existing = await alice.thread({ metadata: { kept: 1 } })
    const again = { ...body, thread_id: existing, if_exists: 'do_nothing' }
    expect((await alice.post('/threads', again)).json()).toMatchObject({ metadata: { kept: 1 } })
    expect((await alice.get(`/threads/${existing}`)).status).toBe(200)
    server.use(ownerOnlyBut('threads:update', () => false))
    expect((await alice.post('/threads', body)).status).toBe(403)
    server.use(ownerOnly())
    expect((await alice.get(`/threads/${ID}`)).status).toBe(404)
  })

  it('a graph that is gone is not found, and tells nothing of the server', async () => {
    const thread = await alice.thread({ metadata: { graph_id: 'gone' } })
    const reply = await alice.get(`/threads/${thread}/state`)
    expect(reply.status).toBe(404)
    expectClean(reply)
  })
})

describe('bodies', () => {
  it('no body and no content type are an empty object', async () => {
    expect((await alice.call('POST', '/threads')).status).toBe(200)
    expect((await alice.call('POST', '/threads/search', '  ')).status).toBe(200)
    const text = await alice.call('POST', '/threads', '{"metadata":{"a":1}}', { 'content-type': 'text/plain' })
    expect(text.json()).toMatchObject({ metadata: { a: 1 } })
  })

  it('null is absent, as both clients send it', async () => {
    const nulls = { metadata: null, if_exists: null, thread_id: null, supersteps: null }
    expect((await alice.post('/threads', nulls)).status).toBe(200)
    const more = { config: null, context: null, checkpoint: null, command: null, webhook: null, stream_mode: null }
    expect((await alice.post('/runs/wait', run({ ...more, interrupt_before: null, metadata: null }))).status).toBe(200)
  })

  it('metadata keeps every key and every value', async () => {
    const text = `{"__proto__":{"a":1},"constructor":"x","'; drop table threads; --":"\\" or 1=1","\\u2028":"☃","\\\\u0000":"\\\\u0000","n":1e21}`
    const { thread_id } = (await alice.post('/threads', `{"metadata":${text}}`)).json()
    const kept = (await alice.get(`/threads/${thread_id}`)).json<{ metadata: Json }>().metadata
    const wanted = JSON.parse(text) as Json
    expect(Object.keys(kept).sort()).toEqual([...Object.keys(wanted), 'owner'].sort())
    for (const [key, value] of Object.entries(wanted)) expect(Object.entries(kept)).toContainEqual([key, value])
    for (const key of Object.keys(wanted)) {
      const search = `{"metadata":{${JSON.stringify(key)}:${JSON.stringify(Object.entries(wanted).find(([k]) => k === key)?.[1])}}}`
      expect((await alice.post('/threads/search', search)).json(), search).toHaveLength(1)
    }
  })

  it.each([
    ['with its length', false],
    ['in pieces', true],
  ])('too large, %s: 413', async (_, pieces) => {
    const text = `{"metadata":{"a":"${'x'.repeat(1_000_000)}"}}`
    const body = pieces ? new Blob([text]).stream() : text
    const init = { method: 'POST', body, duplex: 'half', headers: { authorization: 'Bearer alice' } } as RequestInit
    const response = await fetch(`${server.url}/threads`, init)
    expect(response.status).toBe(413)
    expect(await response.json()).toEqual({ detail: 'The body is larger than 1000000 bytes.' })
    expect((await alice.post('/threads', `{"metadata":{"a":"${'x'.repeat(900_000)}"}}`)).status).toBe(200)
  })
})

describe('bugs of the rules', () => {
  it.each<[string, () => unknown]>([
    [
      'a plain error',
      () => {
        throw new Error('the password is hunter2')
      },
    ],
    [
      'a text',
      () => {
        throw 'hunter2'
      },
    ],
    [
      'nothing',
      () => {
        throw undefined
      },
    ],
    ['a rejection', () => Promise.reject(new TypeError('hunter2'))],
    [
      'a status that is no refusal',
      () => {
        throw new HTTPException(200, { message: 'hunter2' })
      },
    ],
    [
      'a status out of range',
      () => {
        throw Object.assign(new Error('hunter2'), { status: 999, headers: {} })
      },
    ],
  ])('a handler that throws %s: 500, a request id, and no more', async (_, handler) => {
    server.use(ownerOnlyBut('threads:create', handler as never))
    const reply = await alice.post('/threads')
    expect(reply.status).toBe(500)
    const id = reply.headers.get('x-request-id')
    expect(reply.json()).toEqual({ detail: `Internal Server Error (request ${id})` })
    const { trace } = server.records.at(-1) ?? {}
    expect(trace?.requestId).toBe(id)
    expect(trace?.problem).toMatch(/^threads:create: /)
  })

  it.each<[string, () => unknown, number, string]>([
    ['false', () => false, 403, 'Forbidden'],
    [
      'HTTPException 403',
      () => {
        throw new HTTPException(403, { message: 'Not today' })
      },
      403,
      'Not today',
    ],
    [
      'HTTPException 402',
      () => {
        throw new HTTPException(402, { message: 'Pay' })
      },
      402,
      'Pay',
    ],
    [
      'an assertion',
      () => {
        throw Object.assign(new Error('hunter2'), { name: 'AssertionError' })
      },
      403,
      'Forbidden',
    ],
    [
      'a Response',
      () => {
        throw new Response('own body', { status: 418, headers: { 'content-length': '3', 'x-own': '1' } })
      },
      418,
      'Forbidden',
    ],
  ])('a handler that answers %s', async (_, handler, status, detail) => {
    server.use(ownerOnlyBut('threads:create', handler as never))
    const reply = await alice.post('/threads')
    expect([reply.status, reply.json()]).toEqual([status, { detail }])
    expectClean(reply)
  })

  it.each<[string, (request: Request) => unknown, number, string]>([
    [
      'an error',
      () => {
        throw new Error('hunter2')
      },
      401,
      'Unauthorized',
    ],
    [
      'HTTPException 401',
      () => {
        throw new HTTPException(401, { message: 'Expired', headers: { 'www-authenticate': 'Bearer' } })
      },
      401,
      'Expired',
    ],
    [
      'HTTPException 403',
      () => {
        throw new HTTPException(403)
      },
      403,
      'Forbidden',
    ],
    [
      'an AuthkitError',
      () => {
        throw new AuthkitError('unauthenticated', 'Unauthorized', { cause: 'hunter2' })
      },
      401,
      'Unauthorized',
    ],
    [
      'a Response',
      () => {
        throw new Response('no', { status: 401, headers: { 'content-type': 'text/html' } })
      },
      401,
      'Unauthorized',
    ],
    ['a list', () => ['alice'], 401, 'Unauthorized'],
  ])('authenticate() that answers %s', async (_, authenticate, status, detail) => {
    server.use(new Auth().authenticate(authenticate as never))
    const reply = await alice.post('/threads')
    expect([reply.status, reply.json()]).toEqual([status, { detail }])
    expectClean(reply)
  })

  it('authenticate() may read a copy of the body', async () => {
    const bodies: string[] = []
    server.use(
      new Auth().authenticate(async (request) => {
        bodies.push(await request.clone().text())
        return tokensAreNames(request)
      }),
    )
    expect((await alice.post('/threads', { metadata: { a: 1 } })).json()).toMatchObject({ metadata: { a: 1 } })
    expect(bodies).toEqual(['{"metadata":{"a":1}}'])
  })

  it('authenticate() that eats the body is told so in the log', async () => {
    server.use(
      new Auth().authenticate(async (request) => {
        await request.text()
        return tokensAreNames(request)
      }),
    )
    const reply = await alice.post('/threads', { metadata: { a: 1 } })
    expect(reply.status).toBe(500)
    expectClean(reply)
    expect(server.records.at(-1)?.trace.problem).toContain('request.clone()')
    expect((await alice.get(`/threads/${ID}`)).status).toBe(404)
  })

  it('tokens reach no answer and no record', async () => {
    await alice.call('GET', '/threads?token=canary', undefined, { authorization: 'Bearer canary' })
    server.use(
      new Auth().authenticate((request) => {
        throw new Error(`bad ${request.headers.get('authorization')?.length}`)
      }),
    )
    await alice.post('/threads', { canary: 1 }, { authorization: 'Bearer canary' })
    expect(JSON.stringify(server.records)).not.toContain('canary')
  })
})

describe('a project that is broken', () => {
  it('closes everything but what holds nothing of users, until it works again', async () => {
    let snapshot: ProjectSnapshot = {
      kind: 'broken',
      error: new AuthkitError('auth_file_broken', 'auth.ts:3:1: Unexpected "}"'),
    }
    const project = await serve({ project: () => snapshot })
    for (const path of ['/threads', '/runs', '/nothing', '/store/items']) {
      const reply = await project.as('alice').post(path)
      expect([reply.status, reply.json()]).toEqual([503, { detail: 'auth.ts:3:1: Unexpected "}"' }])
    }
    for (const path of ['/ok', '/info', '/openapi.json']) {
      expect((await project.as(undefined).get(path)).status).toBe(200)
    }
    snapshot = { kind: 'ready', engine: createEngine({ rules: rulesFrom(namesOnly()) }), http: {} }
    expect((await project.as('alice').post('/threads')).status).toBe(200)
  })

  it('a request keeps the rules that it began with', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    server.use(
      ownerOnlyBut('threads:create', async ({ value }: { value: Json }) => {
        await held
        value['metadata'] = { owner: 'old rules' }
      }),
    )
    const begun = alice.post('/threads')
    await sleep(50)
    server.use(ownerOnly())
    expect((await alice.post('/threads')).json()).toMatchObject({ metadata: { owner: 'alice' } })
    release()
    expect((await begun).json()).toMatchObject({ metadata: { owner: 'old rules' } })
  })
})

describe('at the same moment', () => {
  it.each([
    ['threads', { metadata: { a: 1 } }, 'thread_id'],
    ['assistants', { graph_id: 'echo' }, 'assistant_id'],
  ])('creating %s with one id: one wins, the others are told', async (kind, body, key) => {
    for (const if_exists of ['raise', 'do_nothing']) {
      const id = crypto.randomUUID()
      const replies = await Promise.all(
        Array.from({ length: 12 }, () => alice.post(`/${kind}`, { ...body, [key]: id, if_exists })),
      )
      const statuses = replies.map(({ status }) => status).sort()
      expect(statuses).toEqual(if_exists === 'raise' ? [200, ...Array(11).fill(409)] : Array(12).fill(200))
    }
  })

  it('creating a thread with a run: one thread, all runs', async () => {
    const id = crypto.randomUUID()
    const body = run({ if_not_exists: 'create' })
    const replies = await Promise.all(Array.from({ length: 8 }, () => alice.post(`/threads/${id}/runs`, body)))
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect((await alice.get(`/threads/${id}/runs`)).json()).toHaveLength(8)
  })

  it('one run at most with reject', async () => {
    const thread = await alice.thread()
    const body = { assistant_id: 'slow', input: { ms: 100 }, multitask_strategy: 'reject' }
    const replies = await Promise.all(Array.from({ length: 8 }, () => alice.post(`/threads/${thread}/runs`, body)))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)])
  })

  it('updating an assistant: every version once', async () => {
    const id = await alice.assistant({ graph_id: 'echo' })
    const names = ['b', 'c', 'd', 'e', 'f']
    const replies = await Promise.all(names.map((name) => alice.call('PATCH', `/assistants/${id}`, { name })))
    expect(replies.map(({ status }) => status)).toEqual(Array(5).fill(200))
    const versions = (await alice.post(`/assistants/${id}/versions`)).json<{ version: number }[]>()
    expect(versions.map(({ version }) => version)).toEqual([6, 5, 4, 3, 2, 1])
  })

  it('a run that comes while its thread is deleted is too late', async () => {
    const thread = await alice.thread()
    const { threads } = server.runtime.storage
    const remove = threads.delete
    let late: Promise<Reply> | undefined
    const slowly = async (...what: Parameters<typeof remove>) => {
      late = alice.post(`/threads/${thread}/runs`, run({}))
      await Promise.race([late, sleep(100)])
      return remove(...what)
    }
    Object.assign(threads, { delete: slowly })
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    Object.assign(threads, { delete: remove })
    expect((await late)?.status).toBe(404)
  })

  it('deleting a thread while runs are created on it: no 500, nothing left', async () => {
    const thread = await alice.thread()
    const replies = await Promise.all([
      ...Array.from({ length: 6 }, () => alice.post(`/threads/${thread}/runs`, run({}))),
      alice.call('DELETE', `/threads/${thread}`),
      ...Array.from({ length: 6 }, () => alice.post(`/threads/${thread}/runs/wait`, run({}))),
    ])
    for (const { status } of replies) expect([200, 204, 404]).toContain(status)
    expect((await alice.get(`/threads/${thread}`)).status).toBe(404)
    expect((await alice.post('/threads', { thread_id: thread })).json()).toMatchObject({ status: 'idle', values: null })
    expect((await alice.get(`/threads/${thread}/runs`)).json()).toEqual([])
  })
})
