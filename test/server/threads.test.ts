import { DeltaValue, END, START, StateGraph, StateSchema } from '@langchain/langgraph'
import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { systemScope } from '../../src/engine/scope.js'
import { namesOnly, ownerOnly, ownerOnlyBut } from '../support/auth.js'
import { type Json, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

/** Its checkpoints hold what was added since; the whole is in every third, or in none. */
const notes = (snapshotFrequency: number) =>
  new DeltaValue(z.array(z.string()).default([]), {
    inputSchema: z.array(z.string()),
    reducer: (old: string[], writes: string[][]) => old.concat(...writes),
    snapshotFrequency,
  })
const delta = new StateGraph(new StateSchema({ often: notes(3), never: notes(1000) }))
  .addNode('a', () => ({ often: ['a'], never: ['a'] }))
  .addNode('b', () => ({ often: ['b'], never: ['b'] }))
  .addEdge(START, 'a')
  .addEdge('a', 'b')
  .addEdge('b', END)
  .compile()

const server = await serve({
  graphs: { ...testGraphs, delta: { load: async () => delta } },
  settings: { sweepMs: 600_000 },
})
const alice = server.as('alice')
const bob = server.as('bob')
const { storage } = server.runtime
const system = systemScope('tests of threads')

const ABSENT = '0197a9b4-6f5c-7000-8000-000000000000'
const MINUTE = 60_000

interface Ttl {
  readonly strategy: string
  readonly ttl_minutes: number
  readonly expires_at: string
}

async function ttlOf(id: string): Promise<Ttl | null> {
  return (await alice.get(`/threads/${id}?include=ttl`)).json<{ ttl: Ttl | null }>().ttl
}

/** Minutes from now until the thread ends. */
async function minutesLeft(id: string): Promise<number> {
  const ttl = await ttlOf(id)
  return (new Date(ttl?.expires_at ?? 0).getTime() - Date.now()) / MINUTE
}

describe('ttl', () => {
  it.each<[string, unknown, string, number]>([
    ['minutes', 5, 'delete', 5],
    ['minutes that are no whole number', 1.5, 'delete', 1.5],
    ['an object', { ttl: 7, strategy: 'keep_latest' }, 'keep_latest', 7],
    ['an object without a strategy', { ttl: 7 }, 'delete', 7],
  ])('of a new thread, given as %s', async (_, ttl, strategy, ttl_minutes) => {
    const id = await alice.thread({ ttl })
    expect(await ttlOf(id)).toEqual({ strategy, ttl_minutes, expires_at: expect.any(String) })
    const left = await minutesLeft(id)
    expect(left).toBeLessThanOrEqual(ttl_minutes)
    expect(left).toBeGreaterThan(ttl_minutes - 0.2)
  })

  it.each<[string, unknown]>([
    ['zero', 0],
    ['less than a minute', 0.999],
    ['less than a minute, in an object', { ttl: 0.999, strategy: 'keep_latest' }],
    ['a negative number', -1],
    ['more than a hundred years', 52_560_001],
    ['a string', '5'],
    ['another strategy', { ttl: 5, strategy: 'archive' }],
    ['no minutes', { strategy: 'delete' }],
  ])('%s is refused', async (_, ttl) => {
    const id = await alice.thread()
    for (const reply of [await alice.post('/threads', { ttl }), await alice.call('PATCH', `/threads/${id}`, { ttl })]) {
      const detail = /^ttl: must be minutes, 1 to|^ttl\.ttl: .*>=1$/
      expect([reply.status, reply.json()['detail']]).toEqual([422, expect.stringMatching(detail)])
    }
    expect(await ttlOf(id)).toBeNull()
  })

  it('is told to those who ask for it, and to nobody else', async () => {
    const id = await alice.thread({ ttl: 5 })
    const keys = (reply: Json) => Object.keys(reply).filter((key) => /ttl|expires/.test(key))
    expect(keys((await alice.get(`/threads/${id}`)).json())).toEqual([])
    expect(keys((await alice.get(`/threads/${id}?include=ttl`)).json())).toEqual(['ttl'])
    expect(keys((await alice.post('/threads/search', { ids: [id] })).json<Json[]>()[0] ?? {})).toEqual([])
    expect(keys((await alice.call('PATCH', `/threads/${id}`, { metadata: {} })).json())).toEqual([])
    expect(keys((await alice.post(`/threads/${id}/copy`)).json())).toEqual([])
    expect(keys((await alice.post('/threads', { ttl: 5 })).json())).toEqual([])
    expect((await alice.get(`/threads/${id}?include=everything`)).status).toBe(422)
    expect((await alice.get(`/threads/${id}?include=`)).json()).toEqual((await alice.get(`/threads/${id}`)).json())
  })

  it('a thread without one says so', async () => {
    expect(await ttlOf(await alice.thread())).toBeNull()
  })

  it('PATCH begins it anew, and null ends it', async () => {
    const id = await alice.thread()
    await alice.call('PATCH', `/threads/${id}`, { ttl: { ttl: 3, strategy: 'keep_latest' } })
    expect(await ttlOf(id)).toMatchObject({ strategy: 'keep_latest', ttl_minutes: 3 })
    await alice.call('PATCH', `/threads/${id}`, { ttl: 9 })
    expect(await ttlOf(id)).toMatchObject({ strategy: 'delete', ttl_minutes: 9 })
    await alice.call('PATCH', `/threads/${id}`, { ttl: null })
    expect(await ttlOf(id)).toBeNull()
  })

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['a change of metadata', (id) => alice.call('PATCH', `/threads/${id}`, { metadata: { touched: true } })],
    ['a run', (id) => alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'steps', input: {} })],
    ['a state update', (id) => alice.post(`/threads/${id}/state`, { values: { seen: ['x'] }, as_node: 'a' })],
  ])('%s moves the end of a thread', async (_, touch) => {
    const id = await alice.thread({ ttl: 60, metadata: { graph_id: 'steps' } })
    const before = await ttlOf(id)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await touch(id)
    const after = await ttlOf(id)
    expect(after).toMatchObject({ ttl_minutes: 60, strategy: 'delete' })
    expect(String(after?.expires_at) > String(before?.expires_at)).toBe(true)
  })

  it('reading moves nothing', async () => {
    const id = await alice.thread({ ttl: 60, metadata: { graph_id: 'steps' } })
    const before = await ttlOf(id)
    for (const path of ['', '/state', '/history', '/runs']) await alice.get(`/threads/${id}${path}`)
    await alice.post('/threads/search', { ids: [id] })
    expect(await ttlOf(id)).toEqual(before)
  })

  it('who may not change the thread changes no ttl', async () => {
    const id = await alice.thread({ ttl: 60 })
    const before = await ttlOf(id)
    for (const ttl of [1, null]) {
      expect((await bob.call('PATCH', `/threads/${id}`, { ttl })).status).toBe(404)
      expect((await bob.post('/threads', { thread_id: id, ttl, if_exists: 'do_nothing' })).status).toBe(409)
    }
    expect(await ttlOf(id)).toEqual(before)
    expect((await bob.get(`/threads/${id}?include=ttl`)).status).toBe(404)
  })

  it('takes threads:delete too, for null ends nothing', async () => {
    const kept = { owner: 'alice' }
    const id = await alice.thread({ ttl: 60 })
    const lives = await ttlOf(id)
    const seen: unknown[] = []
    const rules = () =>
      ownerOnly()
        .on(['threads:read', 'threads:update'], () => true)
        .on('threads:delete', ({ value }) => {
          seen.push(value)
          return kept
        })
    server.use(rules())
    const patch = (who: typeof alice, body: Json) => who.call('PATCH', `/threads/${id}`, body)
    expect((await patch(alice, { ttl: 30, metadata: { by: 'alice' } })).status).toBe(200)
    expect(seen).toEqual([{ thread_id: id }])
    kept.owner = 'carol'
    const [refused, absent] = [
      await patch(alice, { ttl: 1, metadata: { by: 'bob' } }),
      await alice.call('PATCH', `/threads/${ABSENT}`, { ttl: 1 }),
    ]
    expect([refused.status, refused.text]).toEqual([404, absent.text.replaceAll(ABSENT, id)])
    server.use(rules().on('threads:delete', () => false))
    expect((await patch(alice, { ttl: 1 })).status).toBe(403)
    expect(await ttlOf(id)).toMatchObject({ ttl_minutes: 30 })
    // To keep it is a change as any other.
    seen.length = 0
    const asked = await patch(bob, { ttl: null, metadata: { by: 'bob' } })
    expect([asked.status, asked.json()['metadata'], seen]).toEqual([200, expect.objectContaining({ by: 'bob' }), []])
    server.use(ownerOnly())
    expect([lives?.ttl_minutes, await ttlOf(id)]).toEqual([60, null])
  })

  it('handlers see it, and may refuse it', async () => {
    const seen: unknown[] = []
    const rules = ownerOnly().on(['threads:create', 'threads:update'], ({ value, user }) => {
      seen.push((value as { ttl?: unknown }).ttl)
      return (value as { ttl?: { ttl: number } | null }).ttl?.ttl === 666 ? false : { owner: user.identity }
    })
    server.use(rules)
    const made = await alice.post('/threads', { ttl: 4 })
    const id = String(made.json()['thread_id'])
    expect((await alice.post('/threads', { ttl: 666 })).status).toBe(403)
    server.use(rules)
    await storage.threads.update(system, id, { metadata: { owner: 'alice' } })
    await alice.call('PATCH', `/threads/${id}`, { ttl: { ttl: 5, strategy: 'keep_latest' } })
    expect((await alice.call('PATCH', `/threads/${id}`, { ttl: 666 })).status).toBe(403)
    await alice.call('PATCH', `/threads/${id}`, { ttl: null })
    await alice.call('PATCH', `/threads/${id}`, { metadata: {} })
    server.use(ownerOnly())
    expect(seen).toEqual([
      { ttl: 4, strategy: 'delete' },
      { ttl: 666, strategy: 'delete' },
      { ttl: 5, strategy: 'keep_latest' },
      { ttl: 666, strategy: 'delete' },
      null,
      undefined,
    ])
  })

  it('a copy lives as long as its source, from now on', async () => {
    const id = await alice.thread({ ttl: { ttl: 60, strategy: 'keep_latest' } })
    await storage.threads.update(system, id, { metadata: {} })
    const copy = String((await alice.post(`/threads/${id}/copy`)).json()['thread_id'])
    expect(await ttlOf(copy)).toMatchObject({ strategy: 'keep_latest', ttl_minutes: 60 })
  })

  it('a project may give every thread one', async () => {
    const limited = await serve({ settings: { threadTtl: { strategy: 'keep_latest', ttl_minutes: 30 } } })
    const client = limited.as('alice')
    const read = async (body: Json) => {
      const id = await client.thread(body)
      return (await client.get(`/threads/${id}?include=ttl`)).json<{ ttl: Ttl }>().ttl
    }
    expect(await read({})).toMatchObject({ strategy: 'keep_latest', ttl_minutes: 30 })
    expect(await read({ ttl: null })).toMatchObject({ strategy: 'keep_latest', ttl_minutes: 30 })
    expect(await read({ ttl: 2 })).toMatchObject({ strategy: 'delete', ttl_minutes: 2 })
  })
})

describe('prune', () => {
  async function chatted(): Promise<string> {
    const id = await alice.thread()
    await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'steps', input: {} })
    return id
  }

  it('deletes threads, with all that they held', async () => {
    const [one, two, other] = [await chatted(), await chatted(), await chatted()]
    const reply = await alice.post('/threads/prune', { thread_ids: [one, two, one] })
    expect([reply.status, reply.json()]).toEqual([200, { pruned_count: 2 }])
    expect((await alice.get(`/threads/${one}`)).status).toBe(404)
    expect((await alice.get(`/threads/${other}`)).status).toBe(200)
    expect(await storage.checkpoints.list(system, one, {})).toEqual([])
  })

  it('keeps the latest state, and what it is made of', async () => {
    const id = await alice.thread()
    await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'ask', input: { text: 'ok?' } })
    const before = (await alice.get(`/threads/${id}/state`)).json()
    const thread = (await alice.get(`/threads/${id}`)).json()
    expect((await alice.get(`/threads/${id}/history`)).json<Json[]>().length).toBeGreaterThan(1)
    const reply = await alice.post('/threads/prune', { thread_ids: [id, id], strategy: 'keep_latest' })
    expect(reply.json()).toEqual({ pruned_count: 1 })
    const after = (await alice.get(`/threads/${id}/state`)).json()
    expect(after).toEqual({ ...before, parent_checkpoint: null })
    expect((await alice.get(`/threads/${id}/history`)).json()).toEqual([after])
    expect((await alice.get(`/threads/${id}`)).json()).toEqual(thread)
    expect((await alice.get(`/threads/${id}/runs`)).json()).toEqual([])
    const resumed = await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'ask', command: { resume: 'yes' } })
    expect(resumed.json()).toMatchObject({ seen: ['yes', 'after'] })
  })

  it('keeps what a state of delta channels is made of', async () => {
    const id = await alice.thread()
    const run = () =>
      alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'delta', input: { often: ['in'], never: [] } })
    for (let runs = 0; runs < 3; runs++) await run()
    const { values } = (await alice.get(`/threads/${id}/state`)).json()
    expect(values).toEqual({
      often: ['in', 'a', 'b', 'in', 'a', 'b', 'in', 'a', 'b'],
      never: ['a', 'b', 'a', 'b', 'a', 'b'],
    })
    await alice.post('/threads/prune', { thread_ids: [id], strategy: 'keep_latest' })
    expect((await alice.get(`/threads/${id}/state`)).json()['values']).toEqual(values)
    expect((await run()).json()).toMatchObject({ often: expect.arrayContaining(['in']), never: { length: 8 } })
  })

  it('keeps the latest of each namespace', async () => {
    const id = await alice.thread()
    await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'nested', input: {} })
    const namespaces = async () => {
      const all = await storage.checkpoints.list(system, id, {})
      return all.map(({ checkpoint_ns }) => checkpoint_ns)
    }
    const before = await namespaces()
    expect(new Set(before).size).toBeGreaterThan(1)
    expect(before.length).toBeGreaterThan(new Set(before).size)
    await alice.post('/threads/prune', { thread_ids: [id], strategy: 'keep_latest' })
    expect((await namespaces()).sort()).toEqual([...new Set(before)].sort())
  })

  it.each(['delete', 'keep_latest'])('%s: one that is hidden or absent spares all', async (strategy) => {
    const [own, hidden] = [await chatted(), await bob.thread()]
    const history = (await alice.get(`/threads/${own}/history`)).text
    const replies = []
    for (const id of [hidden, ABSENT]) {
      const { status, text } = await alice.post('/threads/prune', { thread_ids: [own, id], strategy })
      replies.push([status, text.replace(id, 'ID')])
    }
    expect(replies[0]).toEqual([404, '{"detail":"Thread with ID ID not found"}'])
    expect(replies[1]).toEqual(replies[0])
    expect((await bob.get(`/threads/${hidden}`)).status).toBe(200)
    expect((await alice.get(`/threads/${own}/history`)).text).toBe(history)
  })

  it('asks threads:delete once, with all ids', async () => {
    const [one, two] = [await chatted(), await chatted()]
    const seen: unknown[] = []
    const rules = ownerOnly().on('threads:delete', ({ value, user }) => {
      seen.push(value)
      return { owner: user.identity }
    })
    server.use(rules)
    await alice.post('/threads/prune', { thread_ids: [one, two.toUpperCase()], strategy: 'keep_latest' })
    server.use(ownerOnlyBut('threads:delete', () => false))
    const refused = await alice.post('/threads/prune', { thread_ids: [one] })
    server.use(ownerOnly())
    expect(seen).toEqual([{ thread_ids: [one, two] }])
    expect([refused.status, refused.json()]).toEqual([403, { detail: 'Forbidden' }])
    expect((await alice.get(`/threads/${one}`)).status).toBe(200)
  })

  it('stops the runs of what it deletes, and leaves those of what it keeps', async () => {
    const [gone, kept] = [await alice.thread(), await alice.thread()]
    const slow = { assistant_id: 'slow', input: { ms: 700 } }
    const runs = []
    for (const id of [gone, kept]) {
      const { run_id } = (await alice.post(`/threads/${id}/runs`, slow)).json<{ run_id: string }>()
      runs.push(run_id)
      await until(
        () => storage.checkpoints.list(system, id, {}),
        (list) => list.length > 1,
      )
    }
    await alice.post('/threads/prune', { thread_ids: [gone] })
    await alice.post('/threads/prune', { thread_ids: [kept], strategy: 'keep_latest' })
    expect(server.runtime.queue.find(runs[0] ?? '')).toBeUndefined()
    const joined = await alice.get(`/threads/${kept}/runs/${runs[1]}/join`)
    expect(joined.json()).toMatchObject({ seen: ['begun', 'waited'] })
    expect((await alice.get(`/threads/${kept}/state`)).json()).toMatchObject({ values: { seen: ['begun', 'waited'] } })
  })

  it.each<[string, unknown]>([
    ['no ids', {}],
    ['an empty list', { thread_ids: [] }],
    ['an id that is none', { thread_ids: ['x'] }],
    ['another strategy', { thread_ids: [ABSENT], strategy: 'all' }],
    ['more than a thousand', { thread_ids: Array.from({ length: 1001 }, () => ABSENT) }],
  ])('%s: 422', async (_, body) => {
    expect((await alice.post('/threads/prune', body)).status).toBe(422)
  })

  it('the official client', async () => {
    const client = new Client1({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })
    const { thread_id } = await client.threads.create({ ttl: { ttl: 5, strategy: 'delete' } })
    expect(await client.threads.prune([thread_id], { strategy: 'keep_latest' })).toEqual({ pruned_count: 1 })
    expect(await client.threads.prune([thread_id])).toEqual({ pruned_count: 1 })
    await expect(client.threads.prune([thread_id])).rejects.toMatchObject({ status: 404 })
  })
})

describe.each([
  ['1.15.0', Client1],
  ['2.0.0', Client2 as unknown as typeof Client1],
])('the JavaScript client %s', (_, Client) => {
  const client = new Client({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })

  it('ttl at create and update', async () => {
    const { thread_id } = await client.threads.create({ ttl: 5 } as never)
    expect(await ttlOf(thread_id)).toMatchObject({ ttl_minutes: 5, strategy: 'delete' })
    await client.threads.update(thread_id, { metadata: {}, ttl: { ttl: 8, strategy: 'keep_latest' } } as never)
    expect(await ttlOf(thread_id)).toMatchObject({ ttl_minutes: 8, strategy: 'keep_latest' })
  })

  it('patchState', async () => {
    const { thread_id } = await client.threads.create({ metadata: { a: 1 } })
    await client.threads.patchState(thread_id, { b: 2 })
    expect((await client.threads.get(thread_id)).metadata).toEqual({ a: 1, b: 2, owner: 'alice' })
  })
})

describe('PATCH /threads/{thread_id}/state', () => {
  it('merges metadata as the handler left it, within its filter', async () => {
    const id = await alice.thread({ metadata: { a: 1, b: 1 } })
    const path = `/threads/${id}/state`
    expect((await bob.call('PATCH', path, { metadata: { b: 2 } })).status).toBe(404)
    const reply = await alice.call('PATCH', path, { metadata: { b: 2 } })
    expect([reply.status, reply.text]).toEqual([204, ''])
    expect((await alice.get(`/threads/${id}`)).json()['metadata']).toEqual({ a: 1, b: 2, owner: 'alice' })
    expect((await alice.call('PATCH', path, { metadata: { b: '\0' } })).status).toBe(422)
  })
})

describe('Prefer: return=minimal', () => {
  it.each([
    ['return=minimal', 204],
    ['respond-async, return=minimal', 204],
    ['Return=Minimal; foo', 204],
    ['return=representation', 200],
    ['xreturn=minimal', 200],
  ])('%s: %i', async (prefer, status) => {
    const id = await alice.thread()
    const reply = await alice.call('PATCH', `/threads/${id}`, { metadata: { done: prefer } }, { prefer })
    expect([reply.status, reply.text === '']).toEqual([status, status === 204])
    expect((await alice.get(`/threads/${id}`)).json()).toMatchObject({ metadata: { done: prefer } })
  })
})

describe('searching by values', () => {
  it('finds what the state holds, and never a thread without a state', async () => {
    const [empty, full] = [await alice.thread({ metadata: { graph_id: 'steps' } }), await alice.thread()]
    await alice.post(`/threads/${full}/runs/wait`, { assistant_id: 'steps', input: { text: 'needle' } })
    const ids = async (values: unknown) => {
      const found = await alice.post('/threads/search', { values, ids: [empty, full] })
      return found.json<{ thread_id: string }[]>().map(({ thread_id }) => thread_id)
    }
    expect(await ids({ text: 'needle' })).toEqual([full])
    expect(await ids({ seen: ['b'] })).toEqual([full])
    expect(await ids({ text: 'other' })).toEqual([])
    expect(await ids({})).toEqual([full])
    expect(await ids(null)).toEqual([full, empty])
    expect((await alice.post('/threads/count', { values: { text: 'needle' } })).json()).toBe(1)
    expect((await bob.post('/threads/search', { values: { text: 'needle' } })).json()).toEqual([])
  })
})

describe('copy', () => {
  it('has checkpoints of its own, which name it and no run', async () => {
    const source = await alice.thread({ metadata: { tag: 'x' } })
    const run = await alice.post(`/threads/${source}/runs/wait`, { assistant_id: 'ask', input: { text: 'ok?' } })
    const runId = run.headers.get('content-location')?.split('/').at(-1) ?? ''
    const reply = await alice.post(`/threads/${source}/copy`)
    const copy = reply.json<{ thread_id: string; metadata: Json }>()
    expect(copy.metadata).toMatchObject({ tag: 'x', thread_id: copy.thread_id, owner: 'alice' })

    const historyOf = async (id: string) => (await alice.get(`/threads/${id}/history`)).text
    const copied = await historyOf(copy.thread_id)
    expect(copied).not.toContain(source)
    expect(copied).not.toContain(runId)
    expect(JSON.parse(copied)).toMatchObject([{ metadata: { thread_id: copy.thread_id } }, {}])
    expect(copied.replaceAll(copy.thread_id, source).length).toBeGreaterThan(500)
    const rows = await storage.checkpoints.list(system, copy.thread_id, {})
    expect(rows.map(({ run_id }) => run_id)).toEqual([null, null])
    const original = await historyOf(source)
    expect((await alice.call('DELETE', `/threads/${source}/runs/${runId}`)).status).toBe(204)
    expect(await historyOf(source)).not.toBe(original)
    expect(await historyOf(copy.thread_id)).toBe(copied)

    const path = `/threads/${copy.thread_id}/runs/wait`
    const resumed = await alice.post(path, { assistant_id: 'ask', command: { resume: 'yes' } })
    expect(resumed.json()).toMatchObject({ seen: ['yes', 'after'] })
  })

  it('what is done to the copy does nothing to the source', async () => {
    const source = await alice.thread()
    await alice.post(`/threads/${source}/runs/wait`, { assistant_id: 'steps', input: {} })
    const before = [(await alice.get(`/threads/${source}`)).text, (await alice.get(`/threads/${source}/history`)).text]
    const copy = (await alice.post(`/threads/${source}/copy`)).json()['thread_id']
    await alice.post(`/threads/${copy}/state`, { values: { seen: ['copy'] }, as_node: 'c' })
    await alice.post('/threads/prune', { thread_ids: [copy], strategy: 'keep_latest' })
    await alice.call('DELETE', `/threads/${copy}`)
    const after = [(await alice.get(`/threads/${source}`)).text, (await alice.get(`/threads/${source}/history`)).text]
    expect(after).toEqual(before)
  })

  it('of a thread that everyone may read belongs to whoever copied it', async () => {
    server.use(ownerOnly().on('threads:read', () => true))
    const source = await alice.thread()
    const copy = (await bob.post(`/threads/${source}/copy`)).json<{ thread_id: string; metadata: Json }>()
    server.use(ownerOnly())
    expect(copy.metadata['owner']).toBe('bob')
    expect((await alice.get(`/threads/${copy.thread_id}`)).status).toBe(404)
    expect((await bob.get(`/threads/${copy.thread_id}`)).status).toBe(200)
  })
})

it('an app without rules has all of it', async () => {
  server.use(namesOnly())
  const id = await bob.thread({ ttl: 1 })
  expect((await alice.post('/threads/prune', { thread_ids: [id] })).json()).toEqual({ pruned_count: 1 })
  server.use(ownerOnly())
})
