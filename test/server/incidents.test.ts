import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { systemScope } from '../../src/engine/scope.js'
import { ownerOnly } from '../support/auth.js'
import { type Client, type Json, type Reply, sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, serve } from '../support/server.js'
import { readUntil } from '../support/sse-events.js'

/**
 * What has gone wrong in servers of this API, each as an attack of Bob's on Alice, or as one user's bad luck that must not
 * become everyone's. What another file holds already is named in a table, and the named test must be there.
 */

/** Rules that cover crons too: each their own. */
const rules = () =>
  ownerOnly()
    .on('crons', ({ user }) => ({ owner: user.identity }))
    .on('crons:create', ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
      return { owner: user.identity }
    })

const server = await serve({ auth: rules(), graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')
const absent = () => crypto.randomUUID()

const HELD_ELSEWHERE: readonly [behaviour: string, file: string, test: string][] = [
  ['no route wipes the data of everyone', 'every-route', "'/internal/truncate',"],
  ['no path is open because of how it begins', 'every-route', "'/uiX',"],
  ['a path that begins like an internal one is closed', 'every-route', "'/noauthX/threads',"],
  ['what is public is a list of exact paths', 'every-route', "it.each(PUBLIC)('%s is open to everyone'"],
  ['a token that is wrong is a 401', 'every-route', "'%s answers 401 with a token that is wrong'"],
  ['rewrites of a store handler hold', 'attacks', "'E: a namespace that the handler writes is the one that"],
  ['filters of a store handler hold', 'attacks', "'E: a filter of a store handler holds for all five operations'"],
  ['copying asks whether a thread may be created', 'attacks', "'copying a thread takes threads:create too'"],
  ['$contains with a list takes all of it', 'attacks', "['$contains of more than there is'"],
  ['a filter that is not understood shows nothing', 'attacks', "'F: a handler that returns %s shows nothing'"],
  ['$or takes two entries', 'attacks', "['$or with one entry'"],
  ['a run id alone opens no stream, and drains none', 'attacks', "['A: by the id of the run alone'"],
  ['a thread of the caller in front of a run opens nothing', 'attacks', "['B: under a thread of the attacker'"],
  ['running an assistant takes reading it', 'attacks', "['D: run on a thread of the attacker'"],
  ["deleting with threads deletes one's own", 'attacks', "'G: deleting an assistant with its threads deletes only"],
  ['no header stands for a token', 'attacks', "'H: x-auth-scheme: %s grants nothing'"],
  ['wait=0 does not wait', 'attacks', "'K: wait=0 does not wait'"],
  ['rules without authenticate() are refused', 'attacks', "'L: an Auth object without authenticate() is refused'"],
  ['threads deleted under their runs stop nobody else', 'attacks', "'P: more slow runs than there are workers"],
  ['a stream carries no forged event', 'attacks', "'line breaks in data and in names forge no event'"],
  ['a run without a thread names none', 'attacks', "'a run without a thread names none to the handler'"],
  ['user_id is the identity', 'forged-identity', "where: 'config.configurable'"],
  ['who the user is stays in memory', 'forged-identity', "'reaches no graph, and stays nowhere'"],
  ['no header becomes configuration', 'forged-identity', "'no header of the request becomes configuration'"],
  ['a run never takes over a thread', 'hidden-is-absent', "runs%s never takes over a thread'"],
  ['by id, a filter holds on every route', 'hidden-is-absent', "it.each(ROWS)('$route'"],
  ["an id that is taken stays its owner's", 'hidden-is-absent', "'an id that is taken is taken for everyone (%s)'"],
  ['lists and totals leave out what is hidden', 'hidden-is-absent', "'lists, counts and totals leave it out'"],
  ['the location of a stateless run is sent', 'runs', 'toMatch(/^\\/runs\\/[0-9a-f-]{36}$/)'],
  ['a state is not written under a run', 'runs', "'a state can be written only while no run is in flight'"],
  ['its owner may do all of it', 'event-table', "describe('the events of a request, in order, with their values'"],
]

describe('held elsewhere', () => {
  it.each(HELD_ELSEWHERE)('%s', (_, file, test) => {
    const source = readFileSync(new URL(`./${file}.test.ts`, import.meta.url), 'utf8')
    expect(source).toContain(test)
    expect(source).not.toMatch(/\b(it|test|describe)(\.\w+)*\.(skip|todo|only)\b/)
  })
})

async function run(client: Client, assistant_id: string, body: Json = {}): Promise<{ thread: string; run: string }> {
  const thread = await client.thread()
  const reply = await client.post(`/threads/${thread}/runs`, { assistant_id, input: {}, ...body })
  expect(reply.status, reply.text).toBe(200)
  return { thread, run: String(reply.json()['run_id']) }
}

const result = async (client: Client, { thread, run: id }: { thread: string; run: string }) =>
  (await client.get(`/threads/${thread}/runs/${id}/join`)).json()

const statusOf = async (client: Client, { thread, run: id }: { thread: string; run: string }) =>
  (await client.get(`/threads/${thread}/runs/${id}`)).json()['status']

/** A cron that does not come by itself while a test runs. */
const cronBody = (more: Json = {}) => ({ schedule: '0 0 29 2 *', assistant_id: 'echo', input: {}, ...more })

async function cron(client: Client, thread?: string, more: Json = {}): Promise<string> {
  const path = thread === undefined ? '/runs/crons' : `/threads/${thread}/runs/crons`
  const reply = await client.post(path, cronBody(more))
  expect(reply.status, reply.text).toBe(200)
  return String(reply.json()['cron_id'])
}

describe('everyone in front of every route that came later', () => {
  interface Case {
    readonly name: string
    readonly ask: (ids: { thread: string; cron: string; run: string }) => readonly [string, string, unknown?]
    readonly status: number
    /** Does something first that makes the route do its work. */
    readonly slow?: true
  }
  const CASES: readonly Case[] = [
    { name: 'read a cron', ask: (ids) => ['GET', `/runs/crons/${ids.cron}`], status: 200 },
    { name: 'change a cron', ask: (ids) => ['PATCH', `/runs/crons/${ids.cron}`, { enabled: false }], status: 200 },
    { name: 'delete a cron', ask: (ids) => ['DELETE', `/runs/crons/${ids.cron}`], status: 204 },
    {
      name: 'plant a cron on a thread',
      ask: (ids) => ['POST', `/threads/${ids.thread}/runs/crons`, cronBody()],
      status: 200,
    },
    { name: 'prune threads', ask: (ids) => ['POST', '/threads/prune', { thread_ids: [ids.thread] }], status: 200 },
    {
      name: 'prune all but the latest state',
      ask: (ids) => ['POST', '/threads/prune', { thread_ids: [ids.thread], strategy: 'keep_latest' }],
      status: 200,
    },
    {
      name: 'patch the state of a thread',
      ask: (ids) => ['PATCH', `/threads/${ids.thread}/state`, { metadata: { stolen: 1 } }],
      status: 204,
    },
    {
      name: 'cancel named runs',
      ask: (ids) => ['POST', '/runs/cancel', { thread_id: ids.thread, run_ids: [ids.run] }],
      status: 204,
      slow: true,
    },
  ]

  it.each(CASES)('$name: nobody 401, a wrong token 401, another user 404, the owner', async ({ ask, status, slow }) => {
    const { thread, run: id } = await run(alice, slow ? 'slow' : 'echo', { input: { ms: 2000 } })
    if (!slow) await result(alice, { thread, run: id })
    const ids = { thread, run: id, cron: await cron(alice, thread, { metadata: { secret: 'canary' } }) }
    const everything = async () =>
      Promise.all(
        [`/threads/${thread}`, `/threads/${thread}/runs`, `/threads/${thread}/history`, `/runs/crons/${ids.cron}`].map(
          async (path) => (await alice.get(path)).text,
        ),
      )
    const before = await everything()
    const call = (client: Client, of = ids) => client.call(...(ask(of) as [string, string, unknown]))
    for (const stranger of [server.as(undefined), server.as('mallory')]) {
      const refused = await call(stranger)
      expect([refused.status, refused.text]).toEqual([401, '{"detail":"Unauthorized"}'])
    }
    const nowhere = { thread: absent(), run: absent(), cron: absent() }
    const [hidden, gone] = [await call(bob), await call(bob, nowhere)]
    expect(hidden.status).toBe(404)
    expect(bare(hidden, ids)).toBe(bare(gone, nowhere))
    if (!slow) expect(await everything()).toEqual(before)
    else expect(await statusOf(alice, ids)).toMatch(/pending|running/)
    expect((await call(alice)).status).toBe(status)
  })

  it("a list with one id that is not the caller's prunes nothing", async () => {
    const [theirs, own] = [await alice.thread(), await bob.thread()]
    for (const thread_ids of [
      [own, theirs],
      [theirs, own],
    ]) {
      const reply = await bob.post('/threads/prune', { thread_ids })
      expect([reply.status, reply.text]).toEqual([404, `{"detail":"Thread with ID ${theirs} not found"}`])
    }
    expect((await bob.get(`/threads/${own}`)).status).toBe(200)
    expect((await alice.get(`/threads/${theirs}`)).status).toBe(200)
  })

  it('the stream of a thread is closed to others before it opens', async () => {
    const { thread } = await run(alice, 'slow', { input: { ms: 100 } })
    for (const headers of [{}, { 'last-event-id': '-' }]) {
      const [hidden, gone] = [
        await bob.get(`/threads/${thread}/stream`, headers),
        await bob.get(`/threads/${absent()}/stream`),
      ]
      expect([hidden.status, hidden.headers.get('content-type')]).toEqual([404, gone.headers.get('content-type')])
      expect(hidden.text).toBe(`{"detail":"Thread with ID ${thread} not found"}`)
    }
  })
})

function bare({ status, text }: Reply, ids: object): string {
  let rest = text
  for (const [name, id] of Object.entries(ids)) rest = rest.replaceAll(String(id), `<${name}>`)
  return `${status} ${rest}`
}

describe('the second protocol', () => {
  it('acts as whoever sends a command, whoever opened the thread first', async () => {
    const thread = await alice.thread()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: { text: 'canary' } })
    const following = await alice.open('POST', `/threads/${thread}/stream/events`, { channels: ['values'] })
    expect(following.status).toBe(200)
    expect((await alice.post(`/threads/${thread}/commands`, { id: 1, method: 'state.get' })).text).toContain('canary')
    const before = (await alice.get(`/threads/${thread}`)).text
    const start = { assistant_id: 'echo', input: { text: 'stolen' } }
    for (const [path, body] of [
      ['commands', { id: 1, method: 'state.get' }],
      ['commands', { id: 2, method: 'run.start', params: start }],
      ['commands', { id: 3, method: 'input.respond', params: { interrupt_id: 'x', response: 'y' } }],
      ['stream/events', { channels: ['values'], since: 0 }],
    ] as const) {
      const reply = await bob.post(`/threads/${thread}/${path}`, body)
      expect([reply.status, reply.text]).toEqual([404, `{"detail":"Thread with ID ${thread} not found"}`])
    }
    await following.body?.cancel()
    expect((await alice.get(`/threads/${thread}`)).text).toBe(before)
  })

  it('tells the graph who started the run', async () => {
    const thread = absent()
    const started = await bob.post(`/threads/${thread}/commands`, {
      id: 1,
      method: 'run.start',
      params: { assistant_id: 'echo', input: {}, config: { configurable: { langgraph_auth_user_id: 'alice' } } },
    })
    const { run_id } = started.json<{ result: { run_id: string } }>().result
    expect(await result(bob, { thread, run: run_id })).toMatchObject({
      seen: [{ auth_id: 'bob', auth_user: 'bob', user_id: 'bob' }],
    })
    expect((await alice.get(`/threads/${thread}`)).status).toBe(404)
  })
})

describe('runs of others', () => {
  it.each<['all' | 'pending' | 'running']>([['all'], ['pending'], ['running']])(
    'stopping all that are %s stops the runs of the caller alone',
    async (status) => {
      const other = await open({ auth: rules(), graphs: testGraphs, jobs: 2 })
      try {
        const [one, two] = [other.as('alice'), other.as('bob')]
        const theirs = await run(one, 'slow', { input: { ms: 300 } })
        const waiting = await run(one, 'echo', { after_seconds: 1 })
        expect((await two.post('/runs/cancel', { status })).status).toBe(404)
        const own = await run(two, 'slow', { input: { ms: 60_000 } })
        await until(
          () => statusOf(two, own),
          (now) => now === 'running',
        )
        const stopped = await two.post('/runs/cancel', { status })
        expect(stopped.status).toBe(status === 'pending' ? 404 : 204)
        expect(await result(one, theirs)).toMatchObject({ seen: ['begun', 'waited'] })
        expect(await statusOf(one, theirs)).toBe('success')
        expect(await statusOf(one, waiting)).toMatch(/pending|success/)
        if (status !== 'pending') expect(await statusOf(two, own)).toBe('interrupted')
      } finally {
        await other.close()
      }
    },
  )

  it.each(['interrupt', 'rollback'])('naming the run of another stops it in no way (%s)', async (action) => {
    const theirs = await run(alice, 'slow', { input: { ms: 200 } })
    const own = await bob.thread()
    for (const body of [
      { thread_id: theirs.thread, run_ids: [theirs.run] },
      { thread_id: own, run_ids: [theirs.run] },
      { thread_id: own, run_ids: [absent(), theirs.run] },
    ]) {
      const reply = await bob.post(`/runs/cancel?action=${action}`, body)
      expect([reply.status, reply.text]).toEqual([404, '{"detail":"Run not found"}'])
    }
    expect(await result(alice, theirs)).toMatchObject({ seen: ['begun', 'waited'] })
  })

  it('a page of runs is the page that was asked for', async () => {
    const thread = await alice.thread()
    const made: string[] = []
    for (let index = 0; index < 10; index++) {
      const reply = await alice.post(`/threads/${thread}/runs`, { assistant_id: 'echo', input: {} })
      made.unshift(String(reply.json()['run_id']))
    }
    const page = async (query: string) =>
      (await alice.get(`/threads/${thread}/runs${query}`)).json<{ run_id: string }[]>().map(({ run_id }) => run_id)
    expect(await page('?offset=5&limit=3')).toEqual(made.slice(5, 8))
    expect(await page('?offset=8&limit=5')).toEqual(made.slice(8))
    expect(await page('')).toEqual(made)
  })

  it('a search for a state finds no thread that has none', async () => {
    const mark = crypto.randomUUID()
    await alice.thread({ metadata: { mark } })
    const withState = await alice.thread({ metadata: { mark } })
    await alice.post(`/threads/${withState}/runs/wait`, { assistant_id: 'echo', input: { text: mark } })
    const found = async (values: Json) =>
      (await alice.post('/threads/search', { metadata: { mark }, values })).json<{ thread_id: string }[]>()
    expect((await found({ text: mark })).map(({ thread_id }) => thread_id)).toEqual([withState])
    expect(await found({ text: 'other' })).toEqual([])
    expect((await found({})).map(({ thread_id }) => thread_id)).toEqual([withState])
    expect((await bob.post('/threads/search', { values: { text: mark } })).json()).toEqual([])
  })
})

describe('crons of others', () => {
  it('a search by the thread of another finds nothing, and counts nothing', async () => {
    const thread = await alice.thread()
    await cron(alice, thread, { metadata: { secret: 'canary' } })
    await cron(bob, await bob.thread())
    const asked: readonly Json[] = [
      { thread_id: thread },
      { thread_id: thread, assistant_id: 'echo' },
      { metadata: { secret: 'canary' } },
      { metadata: { owner: 'alice' } },
    ]
    for (const body of asked) {
      const found = await bob.post('/runs/crons/search', body)
      expect([found.status, found.text, found.headers.get('x-pagination-total')]).toEqual([200, '[]', '0'])
      expect((await bob.post('/runs/crons/count', body)).text).toBe('0')
    }
    const all = await bob.post('/runs/crons/search', { limit: 1000 })
    expect(all.text).not.toContain(thread)
    expect(all.headers.get('x-pagination-total')).toBe(String(all.json<Json[]>().length))
    expect((await bob.post('/runs/crons/count')).text).toBe(String(all.json<Json[]>().length))
    expect((await alice.post('/runs/crons/search', { thread_id: thread })).json<Json[]>()).toHaveLength(1)
  })

  it('a cron that is shared tells nothing of a thread that is not', async () => {
    const shared = await open({ auth: rules().on('crons', () => true), graphs: testGraphs })
    try {
      const [one, two] = [shared.as('alice'), shared.as('bob')]
      const thread = await one.thread()
      const made = (await one.post(`/threads/${thread}/runs/crons`, cronBody())).json<{ cron_id: string }>()
      for (const body of [{}, { thread_id: thread }]) {
        expect((await two.post('/runs/crons/search', body)).json()).toEqual([])
        expect((await two.post('/runs/crons/count', body)).json()).toBe(0)
      }
      expect((await one.post('/runs/crons/search')).json()).toMatchObject([{ cron_id: made.cron_id }])
    } finally {
      await shared.close()
    }
  })

  it.each(['/runs/crons', 'thread'])('takes an assistant that the caller may read (%s)', async (where) => {
    const secret = { configurable: { other: 'canary' } }
    const assistant_id = await alice.assistant({ graph_id: 'echo', config: secret })
    const path = where === 'thread' ? `/threads/${await bob.thread()}/runs/crons` : where
    const before = (await bob.post('/runs/crons/count')).text
    const [hidden, gone] = [
      await bob.post(path, cronBody({ assistant_id })),
      await bob.post(path, cronBody({ assistant_id: absent() })),
    ]
    expect([hidden.status, hidden.text]).toEqual([404, '{"detail":"Assistant not found"}'])
    expect(gone.text).toBe(hidden.text)
    expect((await bob.post('/runs/crons/count')).text).toBe(before)
  })

  it('a reader of a thread plants no runs on it', async () => {
    const readable = await open({
      auth: rules().on(['threads:read', 'threads:search'], () => true),
      graphs: testGraphs,
    })
    try {
      const [one, two] = [readable.as('alice'), readable.as('bob')]
      const thread = await one.thread()
      expect((await two.get(`/threads/${thread}`)).status).toBe(200)
      expect((await two.post(`/threads/${thread}/runs/crons`, cronBody())).status).toBe(404)
      expect((await one.post('/runs/crons/count')).json()).toBe(0)
    } finally {
      await readable.close()
    }
  })

  it('runs as whoever made it, whoever its payload says it is', async () => {
    const forged = {
      langgraph_auth_user: { identity: 'alice', permissions: ['canary'] },
      langgraph_auth_user_id: 'alice',
      langgraph_auth_permissions: ['canary'],
      user_id: 'alice',
    }
    const thread = await bob.thread()
    const id = await cron(bob, thread, {
      config: { configurable: forged, ...forged },
      context: forged,
      metadata: { langgraph_auth_user_id: 'alice' },
    })
    const text = (await bob.get(`/runs/crons/${id}`)).text
    expect(text).not.toMatch(/langgraph_auth_|canary/)
    // Its time comes, as it would on the 29th of February.
    const due = { next_run_date: new Date(Date.now() - 1000).toISOString() }
    await server.runtime.storage.crons.update(systemScope('a test'), id, due)
    server.runtime.crons.wake()
    const runs = await until(
      async () => (await bob.get(`/threads/${thread}/runs`)).json<{ run_id: string }[]>(),
      (list) => list.length > 0,
    )
    const state = await result(bob, { thread, run: String(runs[0]?.run_id) })
    expect(state['seen']).toMatchObject([
      { auth_id: 'bob', auth_user: 'bob', user_id: 'bob', permissions: ['bob:all'], forged: [] },
    ])
    expect(JSON.stringify(state)).not.toContain('canary')
    expect(runs).toHaveLength(1)
  })
})

describe('webhooks that lead back', async () => {
  const back = await serve({ auth: rules(), graphs: testGraphs })
  const { port } = new URL(back.url)
  const caller = back.as('bob')
  const LEADS_BACK = [
    '/threads',
    '/runs/cancel',
    '//127.0.0.1/x',
    `${back.url}/threads`,
    `http://localhost:${port}/threads`,
    `http://LOCALHOST.:${port}/threads`,
    `http://api.localhost:${port}/threads`,
    `http://127.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f.0.0.1:${port}/`,
    `http://017700000001:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:a9fe:a9fe]/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'http://user:secret@example.com/',
    'javascript:alert(1)',
    'http:/threads',
    'http://',
  ]

  // GHSA-2c9q-c2q9-qgqv: such a webhook was called without anybody's token.
  it.each(LEADS_BACK)('%s is refused where a run or a cron is made', async (webhook) => {
    const thread = await caller.thread()
    const asked: readonly [string, Json][] = [
      [`/threads/${thread}/runs`, { assistant_id: 'echo', input: {}, webhook }],
      ['/runs/wait', { assistant_id: 'echo', input: {}, webhook }],
      ['/runs/crons', cronBody({ webhook })],
    ]
    for (const [path, body] of asked) {
      const reply = await caller.post(path, body)
      expect(reply.status, `${path}: ${reply.text}`).toBe(422)
      expect(reply.text).not.toContain('secret')
    }
    expect((await caller.get(`/threads/${thread}/runs`)).json()).toEqual([])
  })

  it('none of them was called', () => {
    // It would have come without a token.
    expect(back.records.filter(({ status }) => status === 401)).toEqual([])
    expect(back.records.length).toBeGreaterThan(LEADS_BACK.length)
  })
})

describe("one user's bad luck", () => {
  /** Twelve of something that goes wrong for Alice, more than there are workers; then Bob's run must still finish. */
  async function afterTwelve(wrong: (one: Client, index: number) => Promise<unknown>): Promise<void> {
    const few = await open({ auth: rules(), graphs: testGraphs, jobs: 2 })
    try {
      const [one, two] = [few.as('alice'), few.as('bob')]
      await Promise.all(Array.from({ length: 12 }, (_, index) => wrong(one, index)))
      for (let again = 0; again < 3; again++) {
        const theirs = await two.post('/runs/wait', { assistant_id: 'echo', input: {} })
        expect([theirs.status, theirs.text.includes('"auth_id":"bob"')]).toEqual([200, true])
      }
    } finally {
      const closing = performance.now()
      await few.close()
      expect(performance.now() - closing).toBeLessThan(5000)
    }
  }

  const slow = { assistant_id: 'slow', input: { ms: 60_000 } }
  const slowThread = async (one: Client) => {
    const thread = await one.thread()
    const made = await one.post(`/threads/${thread}/runs`, slow)
    return { thread, run: String(made.json()['run_id']) }
  }

  it.each([
    // 192.0.2.0/24 is for documents, and .invalid is nobody's: neither answers anywhere.
    ['an address that nobody has', 'http://192.0.2.1:9/x'],
    ['a name that does not exist', 'http://dead.invalid/x'],
  ])('twelve runs with a webhook at %s', async (_, webhook) => {
    await afterTwelve(async (one) => {
      const reply = await one.post('/runs/wait', { assistant_id: 'echo', input: {}, webhook })
      expect(reply.status, reply.text).toBe(200)
    })
  })

  it.each<[string, (one: Client, index: number) => Promise<unknown>]>([
    [
      'runs deleted in flight',
      async (one) => {
        const { thread, run: id } = await slowThread(one)
        expect((await one.call('DELETE', `/threads/${thread}/runs/${id}`)).status).toBe(204)
      },
    ],
    [
      'threads pruned under their runs',
      async (one) => {
        const { thread } = await slowThread(one)
        expect((await one.post('/threads/prune', { thread_ids: [thread] })).json()).toEqual({ pruned_count: 1 })
      },
    ],
    [
      'assistants deleted with the threads of their runs',
      async (one) => {
        const assistant_id = await one.assistant({ graph_id: 'slow' })
        const thread = await one.thread()
        await one.post(`/threads/${thread}/runs`, { ...slow, assistant_id })
        expect((await one.call('DELETE', `/assistants/${assistant_id}?delete_threads=true`)).status).toBe(204)
        expect((await one.get(`/threads/${thread}`)).status).toBe(404)
      },
    ],
    [
      'runs that fail',
      async (one) => {
        const reply = await one.post('/runs/wait', { assistant_id: 'boom', input: {} })
        expect(reply.json()).toMatchObject({ __error__: { error: 'TypeError' } })
      },
    ],
    [
      'graphs that cannot be loaded',
      async (one, index) => {
        const assistant_id = index % 2 === 0 ? 'broken' : 'notagraph'
        expect((await one.post('/runs/wait', { assistant_id, input: {} })).status).toBe(200)
      },
    ],
    [
      'clients that hang up, on a stream or before it begins',
      async (one) => {
        const body = { ...slow, on_disconnect: 'cancel' }
        const read = one.open('POST', '/runs/stream', body, { signal: AbortSignal.timeout(100) }).then((r) => r.text())
        await expect(read).rejects.toThrow()
      },
    ],
  ])('twelve %s', (_, wrong) => afterTwelve(wrong))
})

describe('what outlives its owner', () => {
  it('a thread under the id of one that was deleted begins with nothing', async () => {
    const { thread, run: old } = await run(alice, 'echo', { input: { text: 'canary' } })
    await result(alice, { thread, run: old })
    await cron(alice, thread)
    const state = (await alice.get(`/threads/${thread}/state`)).json<{ checkpoint: { checkpoint_id: string } }>()
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    expect((await bob.post('/threads', { thread_id: thread, metadata: { graph_id: 'echo' } })).status).toBe(200)

    const { checkpoint_id } = state.checkpoint
    const said = await Promise.all([
      bob.get(`/threads/${thread}`),
      bob.get(`/threads/${thread}/state`),
      bob.get(`/threads/${thread}/state/${checkpoint_id}`),
      bob.post(`/threads/${thread}/state/checkpoint`, { checkpoint: { checkpoint_id } }),
      bob.get(`/threads/${thread}/history`),
      bob.get(`/threads/${thread}/runs`),
      bob.get(`/threads/${thread}/runs/${old}`),
      bob.get(`/threads/${thread}/runs/${old}/stream`, { 'last-event-id': '-1' }),
      bob.get(`/runs/${old}/stream`, { 'last-event-id': '-1' }),
      bob.post('/runs/crons/search', { thread_id: thread }),
    ])
    expect(said.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 404, 404, 404, 200])
    for (const { text } of said) expect(text).not.toMatch(/canary|alice/)
    expect((await alice.get(`/threads/${thread}`)).status).toBe(404)
    expect((await alice.get(`/runs/${old}/stream`)).status).toBe(404)
  })

  it('who followed a thread does not follow the one that took its id', async () => {
    const thread = await alice.thread()
    const response = await alice.open('GET', `/threads/${thread}/stream`)
    const heard = response.text()
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: { text: 'mine' } })
    expect((await alice.call('DELETE', `/threads/${thread}`)).status).toBe(204)
    await bob.thread({ thread_id: thread })
    await bob.post(`/threads/${thread}/runs/wait`, { assistant_id: 'echo', input: { text: 'canary' } })
    const text = await Promise.race([heard, sleep(3000).then(() => 'the stream did not end')])
    expect(text).toContain('mine')
    expect(text).not.toMatch(/canary|did not end/)

    const own = await bob.open('GET', `/threads/${thread}/stream`, undefined, { headers: { 'last-event-id': '-' } })
    const { events, leave } = await readUntil(own, ({ data }) => JSON.stringify(data).includes('canary'))
    await leave()
    expect(JSON.stringify(events)).not.toMatch(/mine|alice/)
  })

  it('an assistant under the id of one that was deleted has none of its versions', async () => {
    const config = { configurable: { other: 'canary' } }
    const id = await alice.assistant({ graph_id: 'echo', config })
    await alice.call('PATCH', `/assistants/${id}`, { name: 'canary' })
    expect((await alice.call('DELETE', `/assistants/${id}`)).status).toBe(204)
    await bob.assistant({ assistant_id: id })
    const versions = await bob.post(`/assistants/${id}/versions`, { limit: 100 })
    expect(versions.json<Json[]>()).toHaveLength(1)
    expect(versions.text).not.toContain('canary')
    expect((await bob.post(`/assistants/${id}/latest`, { version: 2 })).status).toBe(404)
    expect((await alice.post('/runs/wait', { assistant_id: id, input: {} })).status).toBe(404)
  })
})

describe('changes by others', () => {
  it("the time that a thread lives is its owner's to set", async () => {
    const thread = await alice.thread({ ttl: 60 })
    const ttl = async () => (await alice.get(`/threads/${thread}?include=ttl`)).json()['ttl']
    const before = await ttl()
    expect(before).toMatchObject({ ttl_minutes: 60 })
    for (const change of [1, { ttl: 1, strategy: 'delete' }, null]) {
      const [hidden, gone] = [
        await bob.call('PATCH', `/threads/${thread}`, { ttl: change }),
        await bob.call('PATCH', `/threads/${absent()}`, { ttl: change }),
      ]
      expect([hidden.status, gone.status]).toEqual([404, 404])
    }
    expect((await bob.post('/threads', { thread_id: thread, ttl: 1, if_exists: 'do_nothing' })).status).toBe(409)
    expect(await ttl()).toEqual(before)
    expect((await bob.get(`/threads/${thread}?include=ttl`)).status).toBe(404)
  })

  it.each(['DELETE', 'PATCH'])("%s of what is another's changes nothing", async (method) => {
    const { thread, run: id } = await run(alice, 'echo')
    await result(alice, { thread, run: id })
    const assistant = await alice.assistant({ graph_id: 'echo' })
    const cronId = await cron(alice, thread)
    const paths = [`/threads/${thread}`, `/assistants/${assistant}`, `/runs/crons/${cronId}`]
    const all = [...paths, `/threads/${thread}/runs/${id}`]
    const now = () => Promise.all(all.map(async (path) => (await alice.get(path)).text))
    const before = await now()
    const body = method === 'PATCH' ? { metadata: { owner: 'bob' } } : undefined
    for (const path of method === 'PATCH' ? paths : all) {
      const reply = await bob.call(method, path, body)
      expect(reply.status, path).toBe(404)
    }
    expect(await now()).toEqual(before)
  })

  it('metadata that reads like SQL is metadata', async () => {
    const odd = [`owner') OR 1=1 --`, `'; DROP TABLE threads; --`, '"', `a"b'c`, '$.owner', '\\', '%', '$or']
    const thread = await alice.thread({ metadata: { secret: 'canary' } })
    for (const key of odd) {
      const metadata = { [key]: 'x' }
      const own = await bob.thread({ metadata })
      const found = await bob.post('/threads/search', { metadata, limit: 1000 })
      expect(found.json<{ thread_id: string }[]>().map(({ thread_id }) => thread_id)).toEqual([own])
      for (const path of ['/threads/search', '/assistants/search', '/runs/crons/search']) {
        const reply = await bob.post(path, { metadata: { ...metadata, owner: `alice' OR '1'='1` }, limit: 1000 })
        expect([reply.status, reply.text]).toEqual([200, '[]'])
      }
      const items = await bob.post('/store/items/search', { namespace_prefix: ['bob', key], filter: { [key]: 'x' } })
      expect(items.text).not.toContain('canary')
      expect(items.status).toBeLessThan(500)
    }
    expect((await alice.get(`/threads/${thread}`)).status).toBe(200)
  })
})

describe('streams of a thread', () => {
  it('line breaks in data and in names forge no event there either', async () => {
    const thread = await alice.thread()
    const body = { assistant_id: 'forge', input: {}, stream_mode: ['values', 'updates', 'custom', 'debug'] }
    await alice.post(`/threads/${thread}/runs/wait`, body)
    const response = await alice.open('GET', `/threads/${thread}/stream`, undefined, {
      headers: { 'last-event-id': '-' },
    })
    const { events, leave } = await readUntil(response, ({ data }) => JSON.stringify(data).includes('run_done'))
    await leave()
    expect(events.map(({ event }) => event)).not.toContain('error')
    expect(events.length).toBeGreaterThan(4)
  })
})
