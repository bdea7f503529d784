import { describe, expect, it } from 'vitest'
import type { Auth } from '../../src/engine/auth.js'
import { namesOnly, ownerOnly } from '../support/auth.js'
import { clientOf, type Json, type Reply } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, serve } from '../support/server.js'

interface Ids {
  readonly thread: string
  readonly run: string
  readonly assistant: string
  readonly checkpoint: string
  readonly cron: string
}

interface Row {
  readonly route: string
  readonly path: (ids: Ids) => string
  readonly body?: (ids: Ids) => unknown
  /** What Bob gets, where it is not 404. */
  readonly status?: number
}

const run = (ids: Ids) => `/threads/${ids.thread}/runs/${ids.run}`
const runBody = () => ({ assistant_id: 'echo', input: {} })
const withAssistant = ({ assistant }: Ids) => ({ assistant_id: assistant, input: {} })

/** Every route that an id leads to, and every way in which a body can name one. */
const ROWS: readonly Row[] = [
  { route: 'GET /threads/{thread_id}', path: ({ thread }) => `/threads/${thread}` },
  {
    route: 'PATCH /threads/{thread_id}',
    path: ({ thread }) => `/threads/${thread}`,
    body: () => ({ metadata: { stolen: true } }),
  },
  { route: 'DELETE /threads/{thread_id}', path: ({ thread }) => `/threads/${thread}` },
  { route: 'POST /threads/{thread_id}/copy', path: ({ thread }) => `/threads/${thread}/copy`, status: 409 },
  { route: 'GET /threads/{thread_id}/state', path: ({ thread }) => `/threads/${thread}/state` },
  {
    route: 'POST /threads/{thread_id}/state',
    path: ({ thread }) => `/threads/${thread}/state`,
    body: () => ({ values: { seen: ['stolen'] } }),
  },
  {
    route: 'GET /threads/{thread_id}/state/{checkpoint_id}',
    path: ({ thread, checkpoint }) => `/threads/${thread}/state/${checkpoint}`,
  },
  {
    route: 'POST /threads/{thread_id}/state/checkpoint',
    path: ({ thread }) => `/threads/${thread}/state/checkpoint`,
    body: ({ checkpoint, thread }) => ({ checkpoint: { checkpoint_id: checkpoint, thread_id: thread } }),
  },
  {
    route: 'PATCH /threads/{thread_id}/state',
    path: ({ thread }) => `/threads/${thread}/state`,
    body: () => ({ metadata: { stolen: true } }),
  },
  { route: 'GET /threads/{thread_id}/stream', path: ({ thread }) => `/threads/${thread}/stream` },
  {
    route: 'POST /threads/{thread_id}/commands',
    path: ({ thread }) => `/threads/${thread}/commands`,
    body: () => ({ id: 1, method: 'state.get', params: {} }),
  },
  {
    route: 'POST /threads/{thread_id}/stream/events',
    path: ({ thread }) => `/threads/${thread}/stream/events`,
    body: () => ({ channels: ['values'] }),
  },
  { route: 'POST /threads/prune', path: () => '/threads/prune', body: ({ thread }) => ({ thread_ids: [thread] }) },
  {
    route: 'POST /runs/cancel',
    path: () => '/runs/cancel',
    body: ({ thread, run: id }) => ({ thread_id: thread, run_ids: [id] }),
  },
  {
    route: 'POST /threads/{thread_id}/runs/crons',
    path: ({ thread }) => `/threads/${thread}/runs/crons`,
    body: () => ({ ...runBody(), schedule: '* * * * *' }),
  },
  {
    route: 'POST /runs/crons',
    path: () => '/runs/crons',
    body: (ids) => ({ ...withAssistant(ids), schedule: '* * * * *' }),
  },
  { route: 'GET /runs/crons/{cron_id}', path: ({ cron }) => `/runs/crons/${cron}` },
  {
    route: 'PATCH /runs/crons/{cron_id}',
    path: ({ cron }) => `/runs/crons/${cron}`,
    body: () => ({ enabled: false }),
  },
  { route: 'DELETE /runs/crons/{cron_id}', path: ({ cron }) => `/runs/crons/${cron}` },
  { route: 'GET /threads/{thread_id}/history', path: ({ thread }) => `/threads/${thread}/history` },
  { route: 'POST /threads/{thread_id}/history', path: ({ thread }) => `/threads/${thread}/history`, body: () => ({}) },
  { route: 'GET /threads/{thread_id}/runs', path: ({ thread }) => `/threads/${thread}/runs` },
  ...['', '/stream', '/wait'].flatMap((tail): Row[] => [
    {
      route: `POST /threads/{thread_id}/runs${tail}`,
      path: ({ thread }) => `/threads/${thread}/runs${tail}`,
      body: runBody,
    },
    { route: `POST /runs${tail}`, path: () => `/runs${tail}`, body: withAssistant },
  ]),
  { route: 'POST /runs/batch', path: () => '/runs/batch', body: (ids) => [withAssistant(ids)] },
  { route: 'GET /threads/{thread_id}/runs/{run_id}', path: run },
  { route: 'DELETE /threads/{thread_id}/runs/{run_id}', path: run },
  { route: 'GET /threads/{thread_id}/runs/{run_id}/join', path: (ids) => `${run(ids)}/join` },
  { route: 'GET /threads/{thread_id}/runs/{run_id}/stream', path: (ids) => `${run(ids)}/stream` },
  { route: 'POST /threads/{thread_id}/runs/{run_id}/cancel', path: (ids) => `${run(ids)}/cancel` },
  { route: 'GET /runs/{run_id}/stream', path: (ids) => `/runs/${ids.run}/stream` },
  { route: 'GET /assistants/{assistant_id}', path: ({ assistant }) => `/assistants/${assistant}` },
  {
    route: 'PATCH /assistants/{assistant_id}',
    path: ({ assistant }) => `/assistants/${assistant}`,
    body: () => ({ name: 'stolen' }),
  },
  {
    route: 'DELETE /assistants/{assistant_id}',
    path: ({ assistant }) => `/assistants/${assistant}?delete_threads=true`,
  },
  ...['graph', 'schemas', 'subgraphs'].map(
    (tail): Row => ({
      route: `GET /assistants/{assistant_id}/${tail}`,
      path: ({ assistant }) => `/assistants/${assistant}/${tail}`,
    }),
  ),
  {
    route: 'GET /assistants/{assistant_id}/subgraphs/{namespace}',
    path: ({ assistant }) => `/assistants/${assistant}/subgraphs/x`,
  },
  {
    route: 'POST /assistants/{assistant_id}/versions',
    path: ({ assistant }) => `/assistants/${assistant}/versions`,
    body: () => ({}),
  },
  {
    route: 'POST /assistants/{assistant_id}/latest',
    path: ({ assistant }) => `/assistants/${assistant}/latest`,
    body: () => ({ version: 1 }),
  },
]

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

const hidden = await alicesThings()
const ownThread = await bob.thread()
const absent: Ids = {
  thread: '0197a9b4-0000-7000-8000-000000000001',
  run: '0197a9b4-0000-7000-8000-000000000002',
  assistant: '0197a9b4-0000-7000-8000-000000000003',
  checkpoint: '0197a9b4-0000-6000-8000-000000000004',
  cron: '0197a9b4-0000-7000-8000-000000000005',
}

async function alicesThings(): Promise<Ids> {
  const thread = await alice.thread({ metadata: { secret: 'canary' } })
  const assistant = await alice.assistant({ graph_id: 'echo', config: { configurable: { secret: 'canary' } } })
  const { headers } = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: {} })
  const state = (await alice.get(`/threads/${thread}/state`)).json<{ checkpoint: { checkpoint_id: string } }>()
  const id = headers.get('content-location')?.split('/').at(-1) ?? ''
  const cron = (await alice.post('/runs/crons', { assistant_id: 'echo', schedule: '0 0 1 1 *' })).json<{
    cron_id: string
  }>()
  return { thread, assistant, run: id, checkpoint: state.checkpoint.checkpoint_id, cron: cron.cron_id }
}

/** What is left of an answer when the ids that were asked for are taken out of it. */
function shape(reply: Reply, ids: Ids) {
  let text = reply.text
  for (const [name, id] of Object.entries(ids)) text = text.replaceAll(String(id), `<${name}>`)
  const headers = [...reply.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
  return {
    status: reply.status,
    text,
    headers: headers.map(([name, value]) => (name === 'content-length' ? name : `${name}: ${value}`)),
  }
}

async function ask({ route, path, body }: Row, ids: Ids) {
  const [method = ''] = route.split(' ')
  return shape(await bob.call(method, path(ids), body?.(ids)), ids)
}

/** Everything of Alice's, to see that nothing changed. */
async function everything(): Promise<unknown> {
  const { thread, run: runId, assistant, cron } = hidden
  const paths = [
    `/threads/${thread}`,
    `/threads/${thread}/history`,
    `/threads/${thread}/runs/${runId}`,
    `/assistants/${assistant}`,
    `/runs/crons/${cron}`,
  ]
  return Promise.all(paths.map(async (path) => (await alice.get(path)).text))
}

describe('what is hidden looks like what is absent', () => {
  it('every route with an id, and every route that starts a run, has a row', () => {
    const wanted = server.app.routes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((name) => name.includes('{') && !name.includes('/docs/'))
    const rows = ROWS.map(({ route }) => route)
    expect(rows).toEqual(expect.arrayContaining(wanted))
    expect(rows.filter((route) => route.startsWith('POST /runs'))).toHaveLength(6)
  })

  it.each(ROWS)('$route', async (row) => {
    const before = await everything()
    const [there, gone] = [await ask(row, hidden), await ask(row, absent)]
    expect(there).toEqual(gone)
    expect(there.status).toBe(row.status ?? 404)
    expect(there.text).toMatch(/^\{"detail":"[^"]+"\}$/)
    expect(await everything()).toEqual(before)
  })

  it.each(ROWS.filter(({ route }) => route.includes('{run_id}') && route.includes('{thread_id}')))(
    '$route, with a thread of the caller in front of the run',
    async (row) => {
      const before = await everything()
      const mixed = { ...hidden, thread: ownThread }
      const [there, gone] = [await ask(row, mixed), await ask(row, { ...absent, thread: ownThread })]
      expect(there).toEqual(gone)
      expect(there.status).toBe(404)
      expect(await everything()).toEqual(before)
    },
  )

  it.each(['', '/stream', '/wait'])(
    'POST /threads/{thread_id}/runs%s with the assistant of another user',
    async (tail) => {
      const body = ({ assistant }: Ids) => ({ assistant_id: assistant, input: {} })
      const row = { route: 'POST', path: () => `/threads/${ownThread}/runs${tail}`, body }
      expect(await ask(row, hidden)).toEqual(await ask(row, absent))
      expect((await ask(row, hidden)).status).toBe(404)
    },
  )

  it.each(['', '/stream', '/wait'])('POST /threads/{thread_id}/runs%s never takes over a thread', async (tail) => {
    const before = await everything()
    const body = { assistant_id: 'echo', input: {}, if_not_exists: 'create' }
    expect((await bob.post(`/threads/${hidden.thread}/runs${tail}`, body)).status).toBe(404)
    expect(await everything()).toEqual(before)
  })

  it('a checkpoint of another thread is not there, even beside one of the caller', async () => {
    const own = await bob.post(`/threads/${ownThread}/runs/wait`, { assistant_id: 'echo', input: {} })
    expect(own.status).toBe(200)
    const of = (id: string) => ({ checkpoint: { checkpoint_id: id, thread_id: hidden.thread, checkpoint_ns: '' } })
    const read = async (id: string) => (await bob.post(`/threads/${ownThread}/state/checkpoint`, of(id))).json()
    expect(await read(hidden.checkpoint)).toEqual(await read(absent.checkpoint))
    expect(await read(hidden.checkpoint)).toMatchObject({ values: {}, checkpoint: null })
    const listed = await bob.post(`/threads/${ownThread}/history`, { checkpoint: { thread_id: hidden.thread } })
    const ids = listed.json<{ checkpoint: { thread_id: string } }[]>().map(({ checkpoint }) => checkpoint.thread_id)
    expect(new Set(ids)).toEqual(new Set([ownThread]))
  })

  it('lists, counts and totals leave it out', async () => {
    const { app } = server
    expect(app.routes.length).toBeGreaterThan(0)
    for (const kind of ['threads', 'assistants']) {
      const found = await bob.post(`/${kind}/search`, { limit: 1000 })
      expect(found.text).not.toContain('canary')
      expect(found.text).not.toContain(hidden.thread)
      expect(Number(found.headers.get('x-pagination-total'))).toBe(found.json<Json[]>().length)
      expect((await bob.post(`/${kind}/count`)).json()).toBe(found.json<Json[]>().length)
    }
    expect((await bob.post('/threads/search', { ids: [hidden.thread] })).json()).toEqual([])
    for (const metadata of [{ secret: 'canary' }, { owner: 'alice' }]) {
      expect((await bob.post('/threads/search', { metadata })).json()).toEqual([])
      expect((await bob.post('/threads/count', { metadata })).json()).toBe(0)
    }
  })

  it.each(['raise', 'do_nothing'])('an id that is taken is taken for everyone (%s)', async (if_exists) => {
    const before = await everything()
    const thread = await bob.post('/threads', { thread_id: hidden.thread, if_exists, metadata: { x: 1 } })
    const assistant = await bob.post('/assistants', { assistant_id: hidden.assistant, graph_id: 'echo', if_exists })
    expect([thread.status, thread.text]).toEqual([409, '{"detail":"Thread already exists"}'])
    expect([assistant.status, assistant.text]).toEqual([409, '{"detail":"Assistant already exists"}'])
    const steps = [{ updates: [{ values: { seen: ['stolen'] }, as_node: '__start__' }] }]
    const body = { thread_id: hidden.thread, if_exists, metadata: { graph_id: 'echo' }, supersteps: steps }
    expect((await bob.post('/threads', body)).status).toBe(409)
    expect(await everything()).toEqual(before)
  })

  it('an id in upper case is the same id', async () => {
    expect((await alice.get(`/threads/${hidden.thread.toUpperCase()}`)).status).toBe(200)
    expect((await bob.get(`/threads/${hidden.thread.toUpperCase()}`)).status).toBe(404)
    expect((await bob.post('/threads', { thread_id: hidden.thread.toUpperCase() })).status).toBe(409)
    const body = { assistant_id: hidden.assistant.toUpperCase(), input: {} }
    expect((await alice.post('/runs/wait', body)).status).toBe(200)
    expect((await bob.post('/runs/wait', body)).status).toBe(404)
  })
})

describe('the table sees leaks', () => {
  it.each<[string, () => Auth, number]>([
    ['rules that let everyone read', namesOnly, 200],
    ['the rules of this file', ownerOnly, 404],
  ])('%s', async (_, auth, status) => {
    const other = await open({ auth: auth(), graphs: testGraphs })
    try {
      const id = await clientOf(other.url, 'alice').thread()
      expect((await clientOf(other.url, 'bob').get(`/threads/${id}`)).status).toBe(status)
    } finally {
      await other.close()
    }
  })
})
