import { describe, expect, it } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { rulesFrom } from '../../src/engine/rules.js'
import { systemScope } from '../../src/engine/scope.js'
import { DEFAULT_SETTINGS } from '../../src/runtime/settings.js'
import { namesOnly, ownerOnly, ownerOnlyBut, tokensAreNames } from '../support/auth.js'
import { type Json, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'
import { sseEvents } from '../support/sse-events.js'

/**
 * What went wrong in other servers of this API, as attacks of Bob's on Alice. The letters are those by which the list of
 * known incidents in docs/compatibility.md names them.
 */

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

async function slowRun(ms: number, user = alice): Promise<{ thread: string; run: string }> {
  const thread = await user.thread()
  const body = { assistant_id: 'slow', input: { ms }, stream_mode: ['values', 'custom'] }
  const run = (await user.post(`/threads/${thread}/runs`, body)).json<{ run_id: string }>().run_id
  return { thread, run }
}

describe('streams of other users', () => {
  it.each([
    ['A: by the id of the run alone', (run: string) => `/runs/${run}/stream`],
    ['B: under a thread of the attacker', (run: string, own: string) => `/threads/${own}/runs/${run}/stream`],
    ['B: joined under a thread of the attacker', (run: string, own: string) => `/threads/${own}/runs/${run}/join`],
  ])('%s: 404, and the owner misses nothing', async (_, path) => {
    const own = await bob.thread()
    const { thread, run } = await slowRun(150)
    const mine = alice.get(`/threads/${thread}/runs/${run}/stream`, { 'last-event-id': '-1' })
    const stolen = await bob.get(path(run, own), { 'last-event-id': '-1' })
    expect([stolen.status, stolen.text]).toEqual([404, '{"detail":"Run not found"}'])
    const events = sseEvents((await mine).text).map(({ event }) => event)
    expect(events).toEqual(['metadata', 'values', 'values', 'custom', 'values'])
    expect((await bob.get(path(run, own), { 'last-event-id': '-1' })).status).toBe(404)
  })

  it('C: the second protocol remembers no caller', async () => {
    const { thread } = await slowRun(0)
    expect((await bob.post(`/threads/${thread}/commands`, { id: 1, method: 'state.get', params: {} })).status).toBe(404)
    expect((await bob.post(`/threads/${thread}/stream/events`, { channels: ['values'] })).status).toBe(404)
  })

  it('hanging up does not stop a run that the caller may only read', async () => {
    server.use(
      ownerOnly()
        .on('threads:read', () => true)
        .on('threads:update', ({ user }) => ({ owner: user.identity })),
    )
    const { thread, run } = await slowRun(300)
    const stream = (query: string) => bob.open('GET', `/threads/${thread}/runs/${run}/stream${query}`)
    expect((await stream('?cancel_on_disconnect=1')).status).toBe(404)
    expect((await bob.get(`/threads/${thread}/runs/${run}/join?cancel_on_disconnect=true`)).status).toBe(404)
    expect((await bob.get(`/runs/${run}/stream?cancel_on_disconnect=yes`)).status).toBe(404)
    const watching = await stream('?cancel_on_disconnect=0')
    await watching.body?.cancel()
    expect((await alice.get(`/threads/${thread}/runs/${run}/join`)).json()).toMatchObject({ seen: ['begun', 'waited'] })
    server.use(ownerOnly())
  })
})

describe('assistants of other users', () => {
  it.each([
    ['D: run on a thread of the attacker', async () => `/threads/${await bob.thread()}/runs/wait`],
    ['D: run without a thread', async () => '/runs/wait'],
    ['D: run in the background', async () => '/runs'],
  ])('%s: 404, and nothing of their configuration is told', async (_, path) => {
    const secret = { configurable: { other: 'canary' } }
    const assistant_id = await alice.assistant({ graph_id: 'echo', config: secret, context: { k: 'canary' } })
    const reply = await bob.post(await path(), { assistant_id, input: {} })
    expect([reply.status, reply.text]).toEqual([404, '{"detail":"Assistant not found"}'])
    const own = await alice.post('/runs/wait', { assistant_id, input: {} })
    expect(own.text).toContain('canary')
  })

  it('D: the configuration of an assistant is not copied into the run', async () => {
    const secret = { configurable: { other: 'canary' } }
    const assistant_id = await alice.assistant({ graph_id: 'echo', config: secret, context: { k: 'canary' } })
    const thread = await alice.thread()
    const run = await alice.post(`/threads/${thread}/runs`, { assistant_id, input: {} })
    expect(run.status).toBe(200)
    expect(run.text).not.toContain('canary')
  })

  it('G: deleting an assistant with its threads deletes only threads that the caller may delete', async () => {
    const assistant_id = await alice.assistant()
    const metadata = { assistant_id }
    const [mine, theirs] = [await alice.thread({ metadata }), await bob.thread({ metadata })]
    const body = { assistant_id: 'slow', input: { ms: 150 } }
    const { run_id } = (await bob.post(`/threads/${theirs}/runs`, body)).json()
    await server.runtime.storage.threads.update(systemScope('a test'), theirs, { metadata })
    const reply = await alice.call('DELETE', `/assistants/${assistant_id}?delete_threads=true`)
    expect(reply.status).toBe(204)
    expect((await alice.get(`/threads/${mine}`)).status).toBe(404)
    expect((await bob.get(`/threads/${theirs}/runs/${run_id}/join`)).json()).toMatchObject({
      seen: ['begun', 'waited'],
    })
  })

  it.each([
    ['false', () => false],
    [
      'an HTTPException',
      () => {
        throw Object.assign(new Error('not yours'), { status: 404, headers: {} })
      },
    ],
  ])('G: a handler of threads:delete that answers %s keeps its threads', async (_, handler) => {
    const assistant_id = await alice.assistant()
    const mine = await alice.thread({ metadata: { assistant_id } })
    server.use(ownerOnlyBut('threads:delete', handler))
    expect((await alice.call('DELETE', `/assistants/${assistant_id}?delete_threads=1`)).status).toBe(204)
    server.use(ownerOnly())
    expect((await alice.get(`/threads/${mine}`)).status).toBe(200)
    expect((await alice.get(`/assistants/${assistant_id}`)).status).toBe(404)
  })
})

describe('rules that are misread', () => {
  it('E: a namespace that the handler writes is the one that is searched and listed', async () => {
    const own = ({ value, user }: { value: { namespace?: unknown }; user: { identity: string } }) => {
      const asked = (value.namespace ?? []) as string[]
      if (asked[0] !== user.identity) value.namespace = [user.identity, ...asked]
    }
    server.use(namesOnly().on('store', own as never))
    const item = { namespace: ['notes'], key: 'k', value: { canary: 1 } }
    expect((await alice.call('PUT', '/store/items', item)).status).toBe(204)
    expect((await alice.get('/store/items?namespace=notes&key=k')).json()).toMatchObject({
      namespace: ['alice', 'notes'],
    })
    for (const namespace_prefix of [[], ['notes'], ['alice'], ['alice', 'notes']]) {
      expect((await bob.post('/store/items/search', { namespace_prefix })).json()).toEqual({ items: [] })
    }
    for (const prefix of [undefined, [], ['*'], ['alice'], ['*', 'notes']]) {
      expect((await bob.post('/store/namespaces', { prefix })).json()).toEqual({ namespaces: [] })
    }
    expect((await bob.get('/store/items?namespace=alice.notes&key=k')).text).toBe('null')
    expect((await bob.call('DELETE', '/store/items', item)).status).toBe(204)
    expect((await alice.post('/store/items/search')).json<{ items: Json[] }>().items).toHaveLength(1)
    expect((await alice.post('/store/namespaces')).json()).toEqual({ namespaces: [['alice', 'notes']] })
    server.use(ownerOnly())
  })

  it('E: a filter of a store handler holds for all five operations', async () => {
    server.use(namesOnly().on('store', ({ user }) => ({ owner: user.identity })))
    const item = (owner: string, key: string) => ({ namespace: ['shared'], key, value: { owner } })
    expect((await alice.call('PUT', '/store/items', item('alice', 'a'))).status).toBe(204)
    expect((await bob.call('PUT', '/store/items', item('alice', 'b'))).status).toBe(403)
    expect((await bob.call('PUT', '/store/items', item('bob', 'a'))).status).toBe(404)
    expect((await bob.get('/store/items?namespace=shared&key=a')).text).toBe('null')
    expect((await bob.post('/store/items/search')).json()).toEqual({ items: [] })
    expect((await bob.post('/store/namespaces')).json()).toEqual({ namespaces: [] })
    expect((await bob.call('DELETE', '/store/items', item('alice', 'a'))).status).toBe(204)
    expect((await alice.get('/store/items?namespace=shared&key=a')).json()).toMatchObject({ value: { owner: 'alice' } })
    server.use(ownerOnly())
  })

  it.each<[string, unknown]>([
    ['{}', {}],
    ['an unknown operator', { owner: { $ne: 'x' } }],
    ['an empty condition', { owner: {} }],
    ['undefined', { owner: undefined }],
    ['a list', { owner: ['bob'] }],
    ['NaN', { owner: Number.NaN }],
    ['$contains of nothing', { tags: { $contains: [] } }],
    ['$or with one entry', { $or: [{ owner: 'bob' }] }],
    ['text', 'owner'],
    ['0', 0],
    ['an array', ['owner']],
  ])('F: a handler that returns %s shows nothing', async (_, returned) => {
    const id = await alice.thread({ metadata: { tags: ['a'] } })
    server.use(ownerOnlyBut('threads', () => returned as never))
    for (const reply of [
      await bob.get(`/threads/${id}`),
      await bob.post('/threads/search'),
      await bob.post('/threads/count'),
    ]) {
      expect(reply.status).toBe(500)
      expect(reply.json()).toEqual({
        detail: expect.stringMatching(/^Internal Server Error \(request [0-9a-f-]{36}\)$/),
      })
    }
    server.use(ownerOnly())
  })

  it.each<[string, unknown, boolean]>([
    ['$eq of an empty text', { owner: { $eq: '' } }, false],
    ['$contains of an empty text', { tags: { $contains: '' } }, false],
    ['null', { owner: null }, false],
    ['a number for a text', { owner: 0 }, false],
    ['$contains of a part of a text', { owner: { $contains: 'ali' } }, false],
    ['two operators, of which one holds', { tags: { $contains: 'a', $eq: 'b' } }, false],
    ['$contains of more than there is', { tags: { $contains: ['a', 'b'] } }, false],
    ['$contains of what is there', { tags: { $contains: ['a'] } }, true],
    ['an inherited key', { constructor: 'Object' }, false],
    ['__proto__', JSON.parse('{"__proto__": null}'), false],
  ])('F: %s', async (_, filter, seen) => {
    const id = await alice.thread({ metadata: { tags: ['a'] } })
    server.use(ownerOnlyBut('threads', () => filter as never))
    expect((await bob.get(`/threads/${id}`)).status).toBe(seen ? 200 : 404)
    const rows = (await bob.post('/threads/search', { ids: [id] })).json<unknown[]>()
    expect(rows).toHaveLength(seen ? 1 : 0)
    server.use(ownerOnly())
  })

  it('L: an Auth object without authenticate() is refused', () => {
    expect(() => rulesFrom(new Auth().on('*', () => false))).toThrow(
      expect.objectContaining({ code: 'auth_no_authenticate' }),
    )
  })

  it('an event without a handler is refused under --strict', async () => {
    const strict = await serve({ auth: namesOnly(), engine: { strict: true } })
    for (const path of ['/threads/search', '/assistants/search', '/store/items/search']) {
      const reply = await strict.as('alice').post(path)
      expect([reply.status, reply.text]).toEqual([403, '{"detail":"Forbidden"}'])
    }
  })

  it('copying a thread takes threads:create too', async () => {
    const id = await alice.thread()
    server.use(ownerOnlyBut('threads:create', () => false))
    expect((await alice.post(`/threads/${id}/copy`)).status).toBe(403)
    server.use(ownerOnly())
  })

  it('a run without a thread names none to the handler', async () => {
    const seen: unknown[] = []
    server.use(
      ownerOnlyBut('threads:create_run', ({ value }: { value: Json }) => {
        seen.push(value['thread_id'])
      }),
    )
    await alice.post('/runs/wait', { assistant_id: 'echo', input: {} })
    expect(seen).toEqual([undefined])
    server.use(ownerOnly())
  })

  it('whoever may start a run, but not change the thread, can stop none that is there', async () => {
    const { thread, run } = await slowRun(1000)
    const mayRun = () => true
    server.use(ownerOnlyBut('threads:create_run', mayRun))
    for (const multitask_strategy of ['interrupt', 'rollback']) {
      const reply = await bob.post(`/threads/${thread}/runs`, { assistant_id: 'echo', input: {}, multitask_strategy })
      expect([reply.status, reply.text]).toEqual([403, '{"detail":"Forbidden"}'])
    }
    server.use(ownerOnly())
    expect((await alice.get(`/threads/${thread}/runs/${run}/join`)).json()).toMatchObject({ seen: ['begun', 'waited'] })
  })

  it('whoever may stop a run can delete none that has ended', async () => {
    const { thread, run } = await slowRun(0)
    await alice.get(`/threads/${thread}/runs/${run}/join`)
    const history = (await alice.get(`/threads/${thread}/history`)).text
    server.use(ownerOnlyBut('threads:delete', () => false))
    const reply = await alice.post(`/threads/${thread}/runs/${run}/cancel?action=rollback&wait=1`)
    expect(reply.status).toBe(204)
    server.use(ownerOnly())
    expect((await alice.get(`/threads/${thread}/runs/${run}`)).json()).toMatchObject({ status: 'success' })
    expect((await alice.get(`/threads/${thread}/history`)).text).toBe(history)
  })
})

describe('ways around the token', () => {
  it.each(['langsmith', 'LangSmith', 'studio'])('H: x-auth-scheme: %s grants nothing', async (scheme) => {
    const nobody = server.as(undefined)
    const headers = { 'x-auth-scheme': scheme, 'x-api-key': 'lsv2_x' }
    expect((await nobody.post('/threads/search', {}, headers)).status).toBe(401)
  })

  it('H: where it is turned on, it is the Studio user, held to the rules', async () => {
    const studio = await serve({ engine: { studio: true } })
    const id = await studio.as('alice').thread()
    const header = { 'x-auth-scheme': 'langsmith' }
    expect((await studio.as(undefined).get(`/threads/${id}`, header)).status).toBe(404)
    expect((await studio.as(undefined).post('/threads', {}, header)).json()).toMatchObject({
      metadata: { owner: 'langgraph-studio-user' },
    })
  })

  it.each<[string, unknown]>([
    ['the Studio identity', 'langgraph-studio-user'],
    ['an empty identity', ''],
    ['blanks', '  '],
    ['no identity', { permissions: [] }],
    ['null', null],
    ['a number', 7],
    ['is_authenticated: false', { identity: 'alice', is_authenticated: false }],
    ['kind: StudioUser', { identity: 'alice', kind: 'StudioUser' }],
  ])('authenticate() that returns %s lets nobody in', async (_, returned) => {
    server.use(new Auth().authenticate(() => returned as string))
    const reply = await alice.post('/threads/search')
    expect([reply.status, reply.text]).toEqual([401, '{"detail":"Unauthorized"}'])
    server.use(ownerOnly())
  })
})

describe('one user cannot stop the others', () => {
  it('K: wait=0 does not wait', async () => {
    const { thread, run } = await slowRun(60_000)
    const reply = await alice.post(`/threads/${thread}/runs/${run}/cancel?wait=0`)
    expect([reply.status, reply.text]).toEqual([202, ''])
    await until(
      async () => (await alice.get(`/threads/${thread}/runs/${run}`)).json(),
      ({ status }) => status === 'interrupted',
    )
  })

  it.each(['http://127.0.0.1:1/x', '/threads', 'http://localhost/threads', 'http://[::ffff:169.254.169.254]/'])(
    'O: a run with the webhook %s is refused, and calls nothing',
    async (webhook) => {
      const reply = await alice.post('/runs/wait', { assistant_id: 'echo', input: {}, webhook })
      expect(reply.status).toBe(422)
    },
  )

  it('O: webhooks that nobody answers hold up no run', async () => {
    const webhooks = { ...DEFAULT_SETTINGS.webhooks, disableLoopback: false }
    const few = await serve({ graphs: testGraphs, jobs: 2, settings: { webhooks } })
    const dead = { assistant_id: 'echo', input: {}, webhook: 'http://127.0.0.1:1/x' }
    await Promise.all(Array.from({ length: 12 }, () => few.as('alice').post('/runs/wait', dead)))
    const theirs = await few.as('bob').post('/runs/wait', { assistant_id: 'echo', input: {} })
    expect(theirs.text).toContain('"auth_id":"bob"')
    await few.close()
  })

  it('P: more slow runs than there are workers, and their threads deleted', async () => {
    const few = await serve({ graphs: testGraphs, jobs: 2 })
    const [one, two] = [few.as('alice'), few.as('bob')]
    const threads = await Promise.all(Array.from({ length: 12 }, () => one.thread()))
    for (const thread of threads) {
      await one.post(`/threads/${thread}/runs`, { assistant_id: 'slow', input: { ms: 60_000 } })
    }
    const theirs = two.post('/runs/wait', { assistant_id: 'echo', input: {} })
    const deleted = await Promise.all(threads.map((thread) => one.call('DELETE', `/threads/${thread}`)))
    expect(deleted.map(({ status }) => status)).toEqual(threads.map(() => 204))
    expect((await theirs).status).toBe(200)
    expect((await two.post('/runs/wait', { assistant_id: 'echo', input: {} })).text).toContain('"auth_id":"bob"')
  })

  it('P: a run that waits for a worker can be cancelled while none is free', async () => {
    const single = await serve({ graphs: testGraphs, jobs: 1 })
    const [one, two] = [single.as('alice'), single.as('bob')]
    await one.post('/runs', { assistant_id: 'slow', input: { ms: 60_000 } })
    const thread = await two.thread()
    const { run_id } = (await two.post(`/threads/${thread}/runs`, { assistant_id: 'echo', input: {} })).json()
    const started = performance.now()
    expect((await two.post(`/threads/${thread}/runs/${run_id}/cancel?wait=1`)).status).toBe(204)
    expect((await two.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('a handler that takes long holds up only its own request', async () => {
    const thread = await alice.thread()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    server.use(
      namesOnly().on('threads:create_run', async ({ user }) => {
        if (user.identity === 'bob') await held
        return { owner: user.identity }
      }),
    )
    const body = { assistant_id: 'echo', input: {} }
    const theirs = bob.post(`/threads/${thread}/runs/wait`, body)
    expect((await alice.post(`/threads/${thread}/runs/wait`, body)).status).toBe(200)
    release()
    expect((await theirs).status).toBe(404)
    server.use(ownerOnly())
  })
})

describe('what a stream can carry', () => {
  it('line breaks in data and in names forge no event', async () => {
    for (const [assistant_id, modes] of [
      ['forge', ['values', 'updates', 'custom', 'messages', 'tasks', 'checkpoints', 'debug']],
      ['nested', ['values', 'updates']],
    ] as const) {
      const reply = await alice.post('/runs/stream', {
        assistant_id,
        input: {},
        stream_mode: modes,
        stream_subgraphs: true,
      })
      for (const block of reply.text.split('\n\n').filter(Boolean)) {
        expect(block).toMatch(/^event: [^\r\n]+\ndata: [^\r\n]+\nid: \d+$/)
      }
      const events = sseEvents(reply.text)
      expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index))
      expect(events.map(({ event }) => event)).not.toContain('error')
    }
  })

  it('a stream says so when its thread is deleted, by ending', async () => {
    const { thread, run } = await slowRun(60_000)
    const response = await alice.open('GET', `/threads/${thread}/runs/${run}/stream`, undefined, {
      headers: { 'last-event-id': '-1' },
    })
    const read = response.text()
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    expect(sseEvents(await read).map(({ event }) => event)).not.toContain('error')
    expect((await alice.get(`/threads/${thread}/runs/${run}/stream`)).status).toBe(404)
  })
})

it('the tokens of these tests tell users apart', () => {
  const user = (name: string) =>
    tokensAreNames(new Request('http://x', { headers: { authorization: `Bearer ${name}` } }))
  expect(user('alice').identity).toBe('alice')
  expect(() => user('mallory')).toThrow('Unauthorized')
})
