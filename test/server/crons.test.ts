import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Auth } from '../../src/engine/auth.js'
import { createEngine } from '../../src/engine/engine.js'
import { rulesFrom } from '../../src/engine/rules.js'
import { systemScope } from '../../src/engine/scope.js'
import { ownerOf } from '../../src/runtime/crons/cron-owner.js'
import { startCronScheduler } from '../../src/runtime/crons/cron-scheduler.js'
import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import type { Cron } from '../../src/storage/storage.js'
import { namesOnly, ownerOnly } from '../support/auth.js'
import { type Client, type Json, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const ABSENT = '0197a9b4-6f5c-7000-8000-000000000000'
const system = systemScope('test')
/** So rarely that nothing starts while these tests run. */
const YEARLY = '0 0 1 1 *'
const cronBody = { assistant_id: 'echo', schedule: YEARLY, input: {} }

/** Each user's crons are their own; `shared` ones are everyone's. */
function owners(): Auth {
  return ownerOnly()
    .on('crons', ({ user }) => ({ $or: [{ owner: user.identity }, { shared: true }] }))
    .on('crons:create', ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
    }) as Auth
}

const server = await serve({ graphs: testGraphs, auth: owners() })
const [alice, bob] = [server.as('alice'), server.as('bob')]
const { storage } = server.runtime

beforeEach(() => server.use(owners()))
afterEach(async () => {
  const { rows } = await storage.crons.search(system, system, {}, { limit: 1000, offset: 0 })
  for (const { cron_id } of rows) await storage.crons.delete(system, cron_id)
})

async function made(client: Client, body: Json = {}, path = '/runs/crons'): Promise<Cron> {
  const reply = await client.post(path, { ...cronBody, ...body })
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)])
  return reply.json<Cron>()
}

async function madeOn(client: Client, threadId: string, body: Json = {}): Promise<Cron> {
  return made(client, body, `/threads/${threadId}/runs/crons`)
}

/** The events of the last request, in order. */
function events(): string[] {
  return server.records.at(-1)?.trace.events.map(({ event }) => event) ?? []
}

describe.each([
  ['1.15.0', (user: string) => new Client1(optionsFor(user))],
  ['2.0.0', (user: string) => new Client2(optionsFor(user)) as unknown as Client1],
])('the JavaScript client %s', (_, clientFor) => {
  const { crons, threads } = clientFor('alice')

  it('creates, searches, counts, updates and deletes', async () => {
    const free = await crons.create('echo', {
      schedule: '0 9 * * MON-FRI',
      input: { text: 'hi' },
      metadata: { kind: 'report' },
      config: { configurable: { model: 'small' }, tags: ['t'] },
      onRunCompleted: 'keep',
      multitaskStrategy: 'enqueue',
      durability: 'sync',
    })
    expect(free).toMatchObject({
      assistant_id: systemAssistantId('echo'),
      thread_id: null,
      user_id: 'alice',
      schedule: '0 9 * * MON-FRI',
      timezone: null,
      end_time: null,
      on_run_completed: 'keep',
      enabled: true,
      metadata: { kind: 'report', owner: 'alice' },
      payload: {
        assistant_id: systemAssistantId('echo'),
        input: { text: 'hi' },
        config: { configurable: { model: 'small', cron_id: free.cron_id }, tags: ['t'] },
        metadata: { kind: 'report' },
        multitask_strategy: 'enqueue',
        durability: 'sync',
      },
    })
    expect(Object.keys(free.payload)).not.toEqual(expect.arrayContaining(['schedule']))
    expect(new Date(free.next_run_date).getTime()).toBeGreaterThan(Date.now())

    const { thread_id } = await threads.create()
    const bound = await crons.createForThread(thread_id, 'echo', { schedule: YEARLY, enabled: false })
    expect(bound).toMatchObject({ thread_id, on_run_completed: null, enabled: false, next_run_date: null })
    expect(await crons.search({ threadId: thread_id })).toEqual([bound])
    expect((await crons.search()).map(({ cron_id }) => cron_id)).toEqual([bound.cron_id, free.cron_id])
    expect(
      await crons.search({ select: ['cron_id', 'now'], sortBy: 'created_at', sortOrder: 'asc', limit: 1 }),
    ).toEqual([{ cron_id: free.cron_id }])
    expect([await crons.count(), await crons.count({ threadId: thread_id })]).toEqual([2, 1])
    expect(await crons.search({ enabled: false, assistantId: systemAssistantId('echo') })).toEqual([bound])
    expect(await crons.count({ assistantId: ABSENT })).toBe(0)

    const endTime = '2090-01-01T00:00:00.000Z'
    const ended = await crons.update(free.cron_id, { endTime, input: { text: 'bye' }, metadata: { more: 1 } })
    expect(ended).toMatchObject({
      end_time: endTime,
      schedule: '0 9 * * MON-FRI',
      metadata: { kind: 'report', more: 1, owner: 'alice' },
      payload: { ...free.payload, input: { text: 'bye' }, metadata: { kind: 'report', more: 1 } },
    })
    expect(await crons.update(free.cron_id, { endTime: null as never })).toMatchObject({ end_time: null })
    expect(await crons.update(bound.cron_id, { enabled: true })).toMatchObject({ next_run_date: expect.any(String) })
    await expect(crons.update(free.cron_id)).rejects.toMatchObject({ status: 400 })

    await crons.delete(free.cron_id)
    await expect(crons.delete(free.cron_id)).rejects.toMatchObject({ status: 404 })
    await threads.delete(thread_id)
    expect(await crons.search()).toEqual([])
  })
})

it('the client of today names time zones, ends, streams and metadata to search for', async () => {
  const { crons } = new Client1(optionsFor('alice'))
  const zoned = await crons.create('echo', {
    schedule: '30 9 1 7 *',
    timezone: 'Europe/Berlin',
    endTime: '2090-01-01T02:00:00+02:00',
    metadata: { kind: 'zoned' },
    streamMode: 'updates',
    streamSubgraphs: true,
    checkpointDuring: false,
  })
  expect(zoned).toMatchObject({ timezone: 'Europe/Berlin', end_time: '2090-01-01T00:00:00.000Z' })
  expect(zoned.next_run_date).toMatch(/-07-01T07:30:00\.000Z$/)
  expect(zoned.payload).toMatchObject({ stream_mode: ['updates'], stream_subgraphs: true, durability: 'exit' })
  await crons.create('echo', { schedule: YEARLY })
  expect(await crons.search({ metadata: { kind: 'zoned' } })).toEqual([zoned])
  expect(await crons.count({ metadata: { kind: 'zoned' } })).toBe(1)
  const moved = await crons.update(zoned.cron_id, { timezone: 'America/New_York' })
  expect(moved.next_run_date).toMatch(/-07-01T13:30:00\.000Z$/)
})

function optionsFor(user: string) {
  return {
    apiUrl: server.url,
    apiKey: null as never,
    defaultHeaders: { authorization: `Bearer ${user}` },
    callerOptions: { maxRetries: 0 },
  }
}

describe('a request', () => {
  it.each<[Json, RegExp]>([
    [{ schedule: '0 * * * * *' }, /^Invalid cron schedule '0 \* \* \* \* \*': it has 6 fields/],
    [{ schedule: '@daily' }, /^Invalid cron schedule/],
    [{ schedule: '0 0 30 2 *' }, /^Invalid cron schedule .* it never comes$/],
    [{ schedule: 'x'.repeat(201) }, /^schedule: /],
    [{ schedule: undefined }, /^schedule: /],
    [{ assistant_id: undefined }, /^assistant_id: /],
    [{ timezone: 'Mars/Olympus' }, /^Invalid timezone 'Mars\/Olympus'/],
    [{ end_time: '2020-01-01T00:00:00Z' }, /^end_time: has passed/],
    [{ end_time: 'tomorrow' }, /^end_time: /],
    [{ enabled: 'yes' }, /^enabled: /],
    [{ on_run_completed: 'burn' }, /^on_run_completed: /],
    [{ multitask_strategy: 'queue' }, /^multitask_strategy: /],
    [{ stream_mode: 'everything' }, /^stream_mode: stream modes are/],
    [{ metadata: [] }, /^metadata: /],
    [{ webhook: '/threads' }, /webhook|URL/i],
    [{ webhook: 'http://127.0.0.1/threads' }, /./],
  ])('with %j is not understood, new or as a change', async (wrong, detail) => {
    const thread = await alice.thread()
    const cron = await made(alice)
    for (const [method, path] of [
      ['POST', '/runs/crons'],
      ['POST', `/threads/${thread}/runs/crons`],
      ...(Object.values(wrong)[0] === undefined ? [] : [['PATCH', `/runs/crons/${cron.cron_id}`]]),
    ]) {
      const reply = await alice.call(String(method), String(path), { ...(method === 'POST' ? cronBody : {}), ...wrong })
      expect([reply.status, reply.json()]).toEqual([422, { detail: expect.stringMatching(detail) }])
    }
    expect((await alice.post('/runs/crons/count')).json()).toBe(1)
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).json()).toEqual(cron)
  })

  it.each([
    ['an assistant that is none', '/runs/crons', { assistant_id: ABSENT }, 'Assistant not found'],
    ['a graph that is none', '/runs/crons', { assistant_id: 'nothing' }, 'Assistant not found'],
    ['a thread that is none', `/threads/${ABSENT}/runs/crons`, {}, `Thread with ID ${ABSENT} not found`],
  ])('about %s is 404', async (_, path, body, detail) => {
    const reply = await alice.post(path, { ...cronBody, ...body })
    expect([reply.status, reply.json()]).toEqual([404, { detail }])
  })

  it.each(['GET', 'PATCH', 'DELETE'])('%s of a cron that is none is 404, and of no id 422', async (method) => {
    const body = method === 'PATCH' ? { enabled: false } : undefined
    const absent = await alice.call(method, `/runs/crons/${ABSENT}`, body)
    expect([absent.status, absent.json()]).toEqual([404, { detail: 'Cron not found' }])
    const wrong = await alice.call(method, '/runs/crons/nothing', body)
    expect([wrong.status, wrong.json()]).toEqual([422, { detail: 'Invalid cron ID: must be a UUID' }])
  })

  it.each([{}, { unknown: 1 }, { assistant_id: ABSENT }, { schedule: null }])(
    'to change %j changes nothing',
    async (body) => {
      const cron = await made(alice)
      expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, body)).status).toBe(400)
    },
  )

  it.each<[string, Json]>([
    ['of a class', { lc: 1, type: 'constructor', id: ['langchain_core', 'messages', 'Nope'], kwargs: {} }],
    ['of a secret', { lc: 1, type: 'secret', id: ['KEY'] }],
  ])('whose input holds a record %s is 422, for what is made and for a change', async (_, record) => {
    const { cron_id } = await made(alice)
    const input = { deep: [{ text: record }] }
    for (const reply of [
      await alice.post('/runs/crons', { ...cronBody, input }),
      await alice.call('PATCH', `/runs/crons/${cron_id}`, { input }),
    ]) {
      expect([reply.status, reply.json()['detail']]).toEqual([422, expect.stringMatching(/^input\.deep\.0\.text: /)])
    }
    expect((await alice.get(`/runs/crons/${cron_id}`)).json<Cron>().payload['input']).toEqual({})
  })

  it('treats null as absent, but for the end', async () => {
    const nothing = { timezone: null, end_time: null, metadata: null, config: null, webhook: null, enabled: null }
    const cron = await made(alice, { ...nothing, on_run_completed: null, stream_mode: null, multitask_strategy: null })
    expect(cron).toMatchObject({ timezone: null, end_time: null, enabled: true, on_run_completed: 'delete' })
    expect(cron.payload).toEqual({
      assistant_id: systemAssistantId('echo'),
      input: {},
      config: { configurable: { cron_id: cron.cron_id } },
      metadata: {},
    })
  })

  it('reads an end without an offset as UTC, and comes no more from then on', async () => {
    const ends = await made(alice, { end_time: '2090-06-01T12:30:00.123456' })
    expect(ends.end_time).toBe('2090-06-01T12:30:00.123Z')
    const soon = new Date(Date.now() + 60_000).toISOString()
    expect((await alice.call('PATCH', `/runs/crons/${ends.cron_id}`, { end_time: soon })).json()).toMatchObject({
      end_time: soon,
      next_run_date: null,
    })
  })

  it('keeps the assistant and its own id, whatever a change says of them', async () => {
    const cron = await made(alice, { context: { a: 1 } })
    const change = { assistant_id: ABSENT, config: { configurable: { cron_id: ABSENT, other: 1 } } }
    const changed = (await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, change)).json<Cron>()
    expect(changed.assistant_id).toBe(cron.assistant_id)
    expect(changed.payload).toEqual({
      ...cron.payload,
      config: { configurable: { cron_id: cron.cron_id, other: 1 } },
    })
  })

  it('has pages, with a total of what the caller may see', async () => {
    for (let n = 0; n < 3; n++) await made(alice, { metadata: { n } })
    await made(bob)
    const page = async (body: Json) => {
      const reply = await alice.post('/runs/crons/search', body)
      const headers = ['x-pagination-total', 'x-pagination-next'].map((name) => reply.headers.get(name))
      return [reply.json<Cron[]>().map(({ metadata }) => metadata['n']), ...headers]
    }
    expect(await page({ limit: 2 })).toEqual([[2, 1], '3', '2'])
    expect(await page({ limit: 2, offset: 2 })).toEqual([[0], '3', null])
    expect(await page({ sort_order: 'asc', sort_by: 'updated_at' })).toEqual([[0, 1, 2], '3', null])
    for (const wrong of [
      { limit: 0 },
      { limit: 1001 },
      { sort_by: 'payload' },
      { select: ['creator'] },
      { assistant_id: 'x' },
    ]) {
      expect((await alice.post('/runs/crons/search', wrong)).status).toBe(422)
    }
    expect((await alice.post('/runs/crons/search', { assistant_id: 'echo' })).json()).toHaveLength(3)
  })

  it('deletes the crons of an assistant with it', async () => {
    const assistant_id = await alice.assistant({ graph_id: 'echo' })
    const cron = await made(alice, { assistant_id })
    const other = await made(alice)
    expect((await alice.call('DELETE', `/assistants/${assistant_id}`)).status).toBe(204)
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).status).toBe(404)
    expect((await alice.get(`/runs/crons/${other.cron_id}`)).status).toBe(200)
  })
})

describe('the rules', () => {
  it('are asked in this order', async () => {
    const thread = await alice.thread()
    const assistant_id = await alice.assistant({ graph_id: 'echo' })
    const bound = await madeOn(alice, thread, { assistant_id })
    expect(events()).toEqual(['crons:create', 'assistants:read', 'threads:read', 'threads:create_run'])
    const free = await made(alice)
    expect(events()).toEqual(['crons:create', 'threads:create_run'])
    const asked = async (method: string, path: string, body?: Json) => {
      expect((await alice.call(method, path, body)).status).toBeLessThan(300)
      return events()
    }
    expect(await asked('POST', '/runs/crons/search', {})).toEqual(['crons:search', 'threads:search'])
    expect(await asked('POST', '/runs/crons/search', { thread_id: thread })).toEqual(['crons:search', 'threads:read'])
    expect(await asked('POST', '/runs/crons/count', {})).toEqual(['crons:search', 'threads:search'])
    expect(await asked('POST', '/runs/crons/count', { thread_id: thread })).toEqual(['crons:search', 'threads:read'])
    expect(await asked('GET', `/runs/crons/${free.cron_id}`)).toEqual(['crons:read'])
    expect(await asked('PATCH', `/runs/crons/${bound.cron_id}`, { enabled: false })).toEqual(['crons:update'])
    const changes: Json[] = [
      { enabled: true },
      { enabled: false, metadata: {} },
      { input: 1 },
      { metadata: { a: 1 } },
      { schedule: '0 0 2 1 *' },
      { timezone: 'Europe/Berlin' },
      { end_time: null },
      { on_run_completed: 'keep' },
    ]
    for (const change of changes) {
      expect(await asked('PATCH', `/runs/crons/${bound.cron_id}`, change)).toEqual([
        'crons:update',
        'assistants:read',
        'threads:read',
        'threads:create_run',
      ])
    }
    expect(await asked('DELETE', `/runs/crons/${free.cron_id}`)).toEqual(['crons:delete'])
  })

  it('see what is wanted, and may change payload and metadata', async () => {
    const seen: Json = {}
    server.use(
      owners()
        .on('crons:create', ({ value }) => {
          seen['create'] = structuredClone(value)
          value.metadata = { ...value.metadata, owner: 'alice', stamped: true, langgraph_auth_user: 'bob' }
          Object.assign(value.payload ?? {}, { context: { region: 'eu', langgraph_auth_user: 'bob' } })
        })
        .on('crons:update', ({ value }) => {
          seen['update'] = structuredClone(value)
          value.metadata = { ...value.metadata, again: true }
        })
        .on('threads:create_run', ({ value, user }) => {
          seen['create_run'] = structuredClone(value)
          value.metadata = { owner: user.identity }
          Object.assign(value.kwargs['input'] as Json, { changed: 'for this question only' })
        }) as Auth,
    )
    const thread_id = await alice.thread()
    const end_time = '2090-01-01T00:00:00.000Z'
    const cron = await madeOn(alice, thread_id, { end_time, metadata: { a: 1 }, webhook: 'https://example.com/hook' })
    expect(cron.metadata).toEqual({ a: 1, owner: 'alice', stamped: true })
    const run = {
      assistant_id: systemAssistantId('echo'),
      config: { configurable: { cron_id: cron.cron_id } },
      input: {},
      webhook: 'https://example.com/hook',
    }
    expect(cron.payload).toEqual({ ...run, context: { region: 'eu' }, metadata: { a: 1 } })
    expect(seen['create']).toEqual({
      cron_id: cron.cron_id,
      thread_id,
      schedule: YEARLY,
      end_time,
      on_run_completed: null,
      user_id: 'alice',
      metadata: { a: 1 },
      payload: run,
    })
    expect(seen['create_run']).toMatchObject({
      thread_id,
      assistant_id: systemAssistantId('echo'),
      run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'pending',
      multitask_strategy: 'enqueue',
      if_not_exists: 'reject',
      metadata: { a: 1 },
      kwargs: {
        input: {},
        webhook: 'https://example.com/hook',
        stream_mode: ['values'],
        config: { configurable: { cron_id: cron.cron_id, langgraph_auth_user: { identity: 'alice' } } },
      },
    })

    const change = { input: 2, enabled: true, schedule: '0 0 2 1 *', end_time: null }
    const changed = (await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, change)).json<Cron>()
    expect(seen['update']).toEqual({
      cron_id: cron.cron_id,
      schedule: '0 0 2 1 *',
      end_time: null,
      enabled: true,
      payload: { input: 2 },
      metadata: {},
    })
    expect(changed.metadata).toEqual({ a: 1, owner: 'alice', stamped: true, again: true })
  })

  it.each<[string, Json | null]>([
    ['a list', [] as unknown as Json],
    ['a text', 'payload' as unknown as Json],
  ])('that leave %s as payload are a bug, and nothing is made', async (_, left) => {
    server.use(
      owners().on('crons:create', ({ value }) => {
        value.payload = left
      }) as Auth,
    )
    expect((await alice.post('/runs/crons', cronBody)).status).toBe(500)
    server.use(owners())
    expect((await alice.post('/runs/crons/count')).json()).toBe(0)
  })

  it.each(['crons:create', 'threads:create_run', 'threads:read', 'assistants:read'] as const)(
    'that deny %s let nobody make a cron',
    async (event) => {
      const thread = await alice.thread()
      const assistant_id = await alice.assistant({ graph_id: 'echo' })
      server.use(owners().on(event, () => false) as Auth)
      const reply = await alice.post(`/threads/${thread}/runs/crons`, { ...cronBody, assistant_id })
      expect([reply.status, reply.json()]).toEqual([403, { detail: 'Forbidden' }])
      if (event !== 'threads:read') {
        expect((await alice.post('/runs/crons', { ...cronBody, assistant_id })).status).toBe(403)
      }
      server.use(owners())
      expect((await alice.post('/runs/crons/count')).json()).toBe(0)
    },
  )

  it('that narrow a search in place narrow the threads of crons too', async () => {
    const [own, others] = [await alice.thread(), await bob.thread()]
    await storage.crons.create(system, {
      ...(await madeOn(alice, own)),
      cron_id: ABSENT,
      thread_id: others,
      creator: null,
    })
    const rules = owners()
      .on('crons', () => true)
      .on('threads:search', ({ value, user }) => {
        value.metadata = { owner: user.identity }
      })
    server.use(rules as Auth)
    for (const [client, thread] of [
      [alice, own],
      [bob, others],
    ] as const) {
      const found = (await client.post('/runs/crons/search')).json<Cron[]>()
      expect(found.map(({ thread_id }) => thread_id)).toEqual([thread])
      expect((await client.post('/runs/crons/count')).json()).toBe(1)
    }
  })

  it('that let people read a thread do not let them run on it on a schedule', async () => {
    const shared = owners().on('threads:read', ({ user }) => ({
      $or: [{ owner: user.identity }, { readers: { $contains: user.identity } }],
    }))
    server.use(shared as Auth)
    const thread = await alice.thread({ metadata: { readers: ['bob'] } })
    expect((await bob.get(`/threads/${thread}`)).status).toBe(200)
    const refused = await bob.post(`/threads/${thread}/runs/crons`, cronBody)
    expect([refused.status, refused.json()]).toEqual([404, { detail: `Thread with ID ${thread} not found` }])
    expect(events().at(-1)).toBe('threads:create_run')
    expect((await alice.post('/runs/crons/search')).json()).toEqual([])
  })
})

describe('between Alice and Bob', () => {
  it('hidden is absent, in the same words', async () => {
    const thread = await alice.thread()
    const assistant_id = await alice.assistant({ graph_id: 'echo' })
    const cron = await madeOn(alice, thread, { assistant_id, metadata: { secret: 'marker' } })
    const before = (await alice.get(`/runs/crons/${cron.cron_id}`)).text
    const attempts: [string, string, Json | undefined][] = [
      ['GET', '/runs/crons/{cron}', undefined],
      ['PATCH', '/runs/crons/{cron}', { enabled: false }],
      ['PATCH', '/runs/crons/{cron}', { input: 'bob', metadata: { owner: 'bob' } }],
      ['DELETE', '/runs/crons/{cron}', undefined],
      ['POST', '/threads/{thread}/runs/crons', cronBody],
      ['POST', '/runs/crons', { ...cronBody, assistant_id: '{assistant}' }],
      ['POST', '/runs/crons/search', { thread_id: '{thread}' }],
      ['POST', '/runs/crons/count', { thread_id: '{thread}' }],
      ['POST', '/runs/crons/search', { assistant_id: '{assistant}' }],
      ['POST', '/runs/crons/count', { assistant_id: '{assistant}' }],
      ['POST', '/runs/crons/search', { metadata: { secret: 'marker' } }],
      ['POST', '/runs/crons/count', {}],
      ['POST', '/runs/crons/search', {}],
    ]
    const fill = (text: string, ids: readonly string[]) =>
      text
        .replace('{cron}', ids[0] ?? '')
        .replace('{thread}', ids[1] ?? '')
        .replace('{assistant}', ids[2] ?? '')
    const ids = [cron.cron_id, thread, assistant_id]
    for (const [method, path, body] of attempts) {
      const ask = async (of: readonly string[]) => {
        const reply = await bob.call(method, fill(path, of), body && JSON.parse(fill(JSON.stringify(body), of)))
        const text = of.reduce((answer, id) => answer.replaceAll(id, 'ID'), reply.text)
        return [reply.status, text, reply.headers.get('x-pagination-total'), reply.headers.get('x-pagination-next')]
      }
      const hidden = await ask(ids)
      expect(hidden, `${method} ${path}`).toEqual(await ask([ABSENT, ABSENT, ABSENT]))
      expect(hidden[1]).not.toContain('marker')
      expect([404, 200]).toContain(hidden[0])
      if (hidden[0] === 200) expect(['[]', '0']).toContain(hidden[1])
    }
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).text).toBe(before)
    expect((await bob.post('/runs/crons/count')).json()).toBe(0)
  })

  it('a cron that is everyone’s shows itself, but not on a thread that is not', async () => {
    const free = await made(alice, { metadata: { shared: true } })
    const bound = await madeOn(alice, await alice.thread(), { metadata: { shared: true } })
    expect((await bob.post('/runs/crons/search')).json<Cron[]>().map(({ cron_id }) => cron_id)).toEqual([free.cron_id])
    expect((await bob.post('/runs/crons/count')).json()).toBe(1)
    expect((await bob.post('/runs/crons/count', { thread_id: bound.thread_id })).json()).toBe(0)
    // By its id a cron is held to its own metadata, as everything is that is addressed by an id.
    expect((await bob.call('PATCH', `/runs/crons/${bound.cron_id}`, { schedule: '1 1 1 1 *' })).status).toBe(403)
    expect((await alice.get(`/runs/crons/${bound.cron_id}`)).json()).toEqual(bound)
  })

  it('nothing that tells who runs it can be written or read', async () => {
    const forged = { langgraph_auth_user: { identity: 'bob' }, langgraph_auth_user_id: 'bob', user_id: 'bob' }
    const body = {
      config: { configurable: forged, ...forged },
      context: forged,
      metadata: { langgraph_auth_user: 'bob' },
      user_id: 'bob',
      creator: 'bob',
      payload: forged,
    }
    const cron = await made(alice, body)
    const changed = (await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { ...body, enabled: true })).json<Cron>()
    for (const each of [cron, changed]) {
      expect(each.user_id).toBe('alice')
      expect(JSON.stringify(each)).not.toMatch(/langgraph_auth|creator|permissions/)
      expect(each.payload['config']).toEqual({ configurable: { cron_id: cron.cron_id }, user_id: 'bob' })
    }
  })

  it.each<[string, Json]>([
    ['what runs', { input: 'mine now' }],
    ['what it says of its runs', { metadata: { mine: true } }],
    ['when it runs', { schedule: '0 0 9 1 *' }],
    ['its end', { end_time: null }],
    ['that it runs', { enabled: true }],
    ['that it does not, and something beside', { enabled: false, input: 'mine now' }],
  ])('nobody but its owner changes %s', async (_, change) => {
    const cron = await made(alice, { metadata: { shared: true } })
    const refused = await bob.call('PATCH', `/runs/crons/${cron.cron_id}`, change)
    expect([refused.status, refused.json()]).toEqual([403, { detail: expect.stringContaining('Only the user') }])
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).json()).toEqual(cron)
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, change)).status).toBe(200)
  })

  it('somebody else may turn a shared cron off, and it stays its owner’s', async () => {
    server.use(
      owners().on('crons:update', ({ value, user }) => {
        value.metadata = { ...value.metadata, stamped_by: user.identity }
      }) as Auth,
    )
    const cron = await made(alice, { metadata: { shared: true }, input: 'of Alice' })
    const off = await bob.call('PATCH', `/runs/crons/${cron.cron_id}`, { enabled: false })
    expect(off.json()).toEqual({
      ...cron,
      enabled: false,
      next_run_date: null,
      updated_at: off.json<Cron>().updated_at,
    })
    const on = await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { enabled: true })
    expect(on.json()).toMatchObject({ user_id: 'alice', enabled: true, next_run_date: cron.next_run_date })
  })

  it.each<[string, Json]>([
    ['when it runs', { schedule: '0 0 9 1 *' }],
    ['that it runs', { enabled: true }],
    ['its end', { end_time: null }],
    ['what it says', { metadata: { a: 1 } }],
  ])('the permissions are those of whoever changed last %s', async (_, change) => {
    let permissions = ['all']
    const rules = owners()
      .authenticate(() => ({ identity: 'alice', permissions }))
      .on('threads:create_run', ({ permissions: held }) => held.includes('all') || held.includes('run'))
    server.use(rules as Auth)
    const cron = await made(alice)
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { enabled: false })).status).toBe(200)
    const before = (await alice.get(`/runs/crons/${cron.cron_id}`)).json()
    permissions = ['read']
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, change)).status).toBe(403)
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).json()).toEqual(before)
    permissions = ['run']
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, change)).status).toBe(200)
    permissions = ['read']
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { enabled: false })).status).toBe(200)
    const next_run_date = '2030-01-01T00:00:00.000Z'
    await storage.crons.update(system, cron.cron_id, { enabled: true, next_run_date })
    const [due] = await storage.crons.due(system, next_run_date, 1)
    expect(due && ownerOf(server.runtime.seal, due)).toMatchObject({ identity: 'alice', permissions: ['run'] })
  })

  it('has at most a thousand crons that come, and the others have theirs', async () => {
    const [first, second] = [await made(bob), await made(bob, { enabled: false })]
    const template = await storage.crons.get(system, first.cron_id)
    if (!template) throw new Error('not made')
    for (let n = 0; n < 998; n++) {
      await storage.crons.create(system, { ...template, cron_id: crypto.randomUUID(), creator: null })
    }
    // Many at once, and place for one.
    const last = await Promise.all(Array.from({ length: 12 }, () => bob.post('/runs/crons', cronBody)))
    expect(last.map(({ status }) => status).filter((status) => status !== 409)).toEqual([200])
    expect(last.find(({ status }) => status === 409)?.json()).toEqual({ detail: expect.stringMatching(/1000 crons/) })
    await made(alice)
    const enable = (one: Cron) => bob.call('PATCH', `/runs/crons/${one.cron_id}`, { enabled: true })
    expect((await enable(second)).status).toBe(409)
    // What comes already may be changed, and what does not come is no more than a row.
    expect((await enable(first)).status).toBe(200)
    await made(bob, { enabled: false })
    expect((await bob.call('PATCH', `/runs/crons/${first.cron_id}`, { enabled: false })).status).toBe(200)
    expect((await enable(second)).status).toBe(200)
    expect((await enable(first)).status).toBe(409)
  })

  it('a change that meets another one while the rules think is a conflict', async () => {
    const cron = await made(alice, { metadata: { shared: true } })
    let answer = () => {}
    const thinking = new Promise<void>((resolve) => {
      answer = resolve
    })
    let first = true
    server.use(
      owners().on('threads:create_run', async () => {
        if (!first) return
        first = false
        await thinking
      }) as Auth,
    )
    const slow = alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { input: 'the first' })
    await until(
      () => first,
      (still) => !still,
    )
    expect((await alice.call('PATCH', `/runs/crons/${cron.cron_id}`, { input: 'the second' })).status).toBe(200)
    answer()
    expect((await slow).status).toBe(409)
    expect((await alice.get(`/runs/crons/${cron.cron_id}`)).json()).toMatchObject({ payload: { input: 'the second' } })
  })
})

it('without any users a cron belongs to nobody, and nobody with users runs it', async () => {
  const open = await serve({
    graphs: testGraphs,
    project: () => ({ kind: 'ready', engine: createEngine({ rules: undefined }), http: {} }),
  })
  const cron = await made(open.as(undefined))
  expect(cron.user_id).toBeNull()
  const problems: string[] = []
  const scheduler = startCronScheduler({
    ...open.runtime,
    engine: () => createEngine({ rules: rulesFrom(namesOnly() as Auth) }),
    now: () => new Date(Date.parse(cron.next_run_date as string) + 1000),
    onProblem: (message) => problems.push(message),
  })
  await until(
    () => problems,
    (found) => found.length > 0,
  )
  await scheduler.close()
  expect(problems).toEqual([expect.stringMatching(/Forbidden.*no user/)])
  expect((await open.as(undefined).post('/threads/count')).json()).toBe(0)
})

it('/info says that there are crons', async () => {
  expect((await server.as(undefined).get('/info')).json()).toMatchObject({ flags: { crons: true } })
})
