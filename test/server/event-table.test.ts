import { describe, expect, it } from 'vitest'
import type { Auth, HandlerResult } from '../../src/engine/auth.js'
import { ALL_EVENTS, type AuthEvent } from '../../src/engine/events.js'
import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import { namesOnly } from '../support/auth.js'
import type { Json, Reply } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

/**
 * What the rules are asked about each request: which events, in which order, with which value, and which row's metadata
 * their filter is held against. Handlers of other servers are written for these; docs/compatibility.md says where servers
 * differ and which of them this one follows.
 */

const server = await serve({ auth: namesOnly(), graphs: testGraphs })
const alice = server.as('alice')

/** A kind of row. Each is made with `metadata.kind` (an item with `value.kind`), so a filter can tell them apart. */
type Kind = 'thread' | 'run' | 'assistant' | 'cron' | 'item'
const KINDS: readonly Kind[] = ['thread', 'run', 'assistant', 'cron', 'item']

interface Things {
  readonly thread: string
  readonly run: string
  readonly assistant: string
  readonly cron: string
  readonly checkpoint: string
  /** A fresh id, where a request brings its own. */
  readonly id: string
  /** The namespace of the item, and in the metadata of every row: lists ask for it. */
  readonly mark: string
}

interface Asked {
  readonly event: AuthEvent
  /** What the value holds, at least. */
  readonly value: (things: Things) => Json
  /** What it must not hold. */
  readonly without?: readonly string[]
  /** Whose metadata the filter is held against; nothing where there is no row yet, and only allowing or denying counts. */
  readonly on: Kind | 'nothing'
  /** What the caller sees when this event alone hides the row, where it is not the row's `hidden`. */
  readonly hidden?: Answer
  /** The same where this event is denied, if that is not 403. */
  readonly denied?: number
}

interface Answer {
  readonly status: number
  readonly body?: (things: Things) => unknown
}

interface Row {
  readonly route: string
  /** In which case, where a route has several rows. */
  readonly when?: string
  readonly needs: readonly Kind[]
  readonly path: (things: Things) => string
  readonly body?: (things: Things) => unknown
  /** More that has to be there first; what it answers with takes the place of other ids. */
  readonly arrange?: (things: Things) => Promise<Partial<Things>>
  readonly status: number
  readonly asked: readonly Asked[]
  /** What the caller sees when a filter hides the row. */
  readonly hidden?: Answer
  /** Says whether the answer holds the row, where a hidden one is left out instead of refused. */
  readonly shows?: (reply: Reply, things: Things) => boolean
  /** Whether the answer about what is hidden is that about what is absent. A new id for an object is never absent. */
  readonly comparable?: false
  /** A stream of a thread has no end. */
  readonly endless?: true
}

const notFound = (what: string): Answer => ({ status: 404, body: () => ({ detail: what }) })
const noThread: Answer = { status: 404, body: ({ thread }) => ({ detail: `Thread with ID ${thread} not found` }) }
const noRun = notFound('Run not found')
const noAssistant = notFound('Assistant not found')
const noCron = notFound('Cron not found')
const forbidden: Answer = { status: 403, body: () => ({ detail: 'Forbidden' }) }
const emptyList: Answer = { status: 200, body: () => [] }
const zero: Answer = { status: 200, body: () => 0 }

const ECHO = systemAssistantId('echo')
const meta = (kind: Kind, { mark }: Things) => ({ kind, mark })
const anId = expect.stringMatching(/^[0-9a-f-]{36}$/)

// One event each, for the rows.
const reads = (value: Asked['value'] = ({ thread }) => ({ thread_id: thread }), more: Partial<Asked> = {}): Asked => ({
  event: 'threads:read',
  value,
  on: 'thread',
  ...more,
})
const readsAssistant: Asked = {
  event: 'assistants:read',
  value: ({ assistant }) => ({ assistant_id: assistant }),
  on: 'assistant',
}
const ofRun = ({ thread, run }: Things) => ({ thread_id: thread, run_id: run })
const changesThread = (value: Asked['value'], more: Partial<Asked> = {}): Asked => ({
  event: 'threads:update',
  value,
  on: 'thread',
  ...more,
})

const runBody = (things: Things) => ({ assistant_id: 'echo', input: { text: 'x' }, metadata: meta('run', things) })
const runOf = ({ thread, run }: Things) => `/threads/${thread}/runs/${run}`

/** What a handler is told of a run that is about to be made. Who the user is stands where graphs look for it. */
const runValue = (things: Things, more: Json = {}): Json => ({
  assistant_id: ECHO,
  run_id: anId,
  status: 'pending',
  metadata: meta('run', things),
  prevent_insert_if_inflight: false,
  multitask_strategy: 'enqueue',
  if_not_exists: 'reject',
  after_seconds: 0,
  kwargs: expect.objectContaining({
    input: { text: 'x' },
    config: expect.objectContaining({
      configurable: expect.objectContaining({
        langgraph_auth_user: expect.objectContaining({ identity: 'alice', team: 'red' }),
        langgraph_auth_user_id: 'alice',
        langgraph_auth_permissions: ['alice:all'],
      }),
    }),
    stream_mode: ['values'],
    subgraphs: false,
    resumable: false,
  }),
  ...more,
})

const createsRun: Asked = {
  event: 'threads:create_run',
  value: (things) => runValue(things, { thread_id: things.thread }),
  on: 'thread',
}
const createsRunAlone = (more: Json = {}): Asked => ({
  event: 'threads:create_run',
  value: (things) => runValue(things, more),
  without: ['thread_id'],
  on: 'nothing',
})

/** A run in flight on the thread, which the next one is to stop. */
async function slowRun({ thread }: Things): Promise<Partial<Things>> {
  await alice.post(`/threads/${thread}/runs`, { assistant_id: 'slow', input: { ms: 2000 } })
  return {}
}

/** A thread that waits for a person; the id of what it asks is `id`. */
async function askingRun({ thread }: Things): Promise<Partial<Things>> {
  await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'ask', input: { text: 'x' } })
  const { interrupts } = (await alice.get(`/threads/${thread}`)).json<{
    interrupts: Record<string, { id: string }[]>
  }>()
  return { id: String(Object.values(interrupts)[0]?.[0]?.id) }
}

const cronBody = (things: Things, more: Json = {}) => ({
  schedule: '0 0 29 2 *',
  assistant_id: 'echo',
  input: { text: 'x' },
  metadata: meta('cron', things),
  end_time: '2099-01-01T00:00:00.000Z',
  ...more,
})
const createsCron = (onThread: boolean): Asked => ({
  event: 'crons:create',
  value: (things) => ({
    payload: expect.objectContaining({ input: { text: 'x' } }),
    schedule: '0 0 29 2 *',
    cron_id: anId,
    user_id: 'alice',
    end_time: '2099-01-01T00:00:00.000Z',
    metadata: meta('cron', things),
    ...(onThread ? { thread_id: things.thread } : { on_run_completed: 'delete' }),
  }),
  on: 'nothing',
})
/** A cron plants runs, so whoever makes one must be let run them. */
const mayRunLater = (onThread: boolean): Asked => ({
  event: 'threads:create_run',
  value: ({ thread }) => ({ ...(onThread ? { thread_id: thread } : {}), status: 'pending', run_id: anId }),
  ...(onThread ? {} : { without: ['thread_id'] }),
  on: onThread ? 'thread' : 'nothing',
})

const itemAt = ({ mark }: Things) => ({ namespace: [mark, 'n'], key: 'k' })

const PUBLIC_ROUTES = {
  'GET /ok': 200,
  'GET /info': 200,
  // The rules of this server name no authorization server.
  'GET /.well-known/oauth-protected-resource': 404,
  'GET /openapi.json': 200,
  'GET /docs': 200,
  'GET /docs/{file}': 200,
}

const META_ROWS: readonly Row[] = Object.entries(PUBLIC_ROUTES).map(([route, status]) => ({
  route,
  needs: [],
  path: () => (route.split(' ')[1] as string).replace('{file}', 'start.js'),
  status,
  asked: [],
}))

const ASSISTANT_ROWS: readonly Row[] = [
  {
    route: 'POST /assistants',
    needs: [],
    path: () => '/assistants',
    body: (things) => ({
      assistant_id: things.id,
      graph_id: 'echo',
      config: { configurable: { k: 1 } },
      metadata: meta('assistant', things),
      name: 'One',
      description: 'words',
    }),
    status: 200,
    asked: [
      {
        event: 'assistants:create',
        value: (things) => ({
          assistant_id: things.id,
          graph_id: 'echo',
          config: { configurable: { k: 1 } },
          context: {},
          metadata: meta('assistant', things),
          if_exists: 'raise',
          name: 'One',
          description: 'words',
        }),
        on: 'nothing',
      },
    ],
  },
  {
    route: 'POST /assistants',
    when: 'the id is taken',
    needs: ['assistant'],
    path: () => '/assistants',
    body: ({ assistant }) => ({ assistant_id: assistant, graph_id: 'echo', if_exists: 'do_nothing' }),
    status: 200,
    asked: [
      {
        event: 'assistants:create',
        value: ({ assistant }) => ({
          assistant_id: assistant,
          if_exists: 'do_nothing',
          name: 'Untitled',
          metadata: {},
        }),
        on: 'assistant',
      },
    ],
    hidden: { status: 409, body: () => ({ detail: 'Assistant already exists' }) },
    comparable: false,
  },
  {
    route: 'POST /assistants/search',
    needs: ['assistant'],
    path: () => '/assistants/search',
    body: ({ mark }) => ({ metadata: { mark }, graph_id: 'echo' }),
    status: 200,
    asked: [
      {
        event: 'assistants:search',
        value: ({ mark }) => ({ graph_id: 'echo', metadata: { mark }, limit: 10, offset: 0 }),
        on: 'assistant',
      },
    ],
    hidden: emptyList,
    shows: (reply, { assistant }) => reply.text.includes(assistant),
  },
  {
    route: 'POST /assistants/count',
    needs: ['assistant'],
    path: () => '/assistants/count',
    body: ({ mark }) => ({ metadata: { mark }, graph_id: 'echo' }),
    status: 200,
    asked: [
      {
        event: 'assistants:search',
        value: ({ mark }) => ({ graph_id: 'echo', metadata: { mark }, limit: 0, offset: 0 }),
        on: 'assistant',
      },
    ],
    hidden: zero,
    shows: (reply) => reply.text === '1',
  },
  ...['', '/graph', '/schemas', '/subgraphs', '/subgraphs/{namespace}'].map(
    (tail): Row => ({
      route: `GET /assistants/{assistant_id}${tail}`,
      needs: ['assistant'],
      path: ({ assistant }) => `/assistants/${assistant}${tail.replace('{namespace}', 'x')}`,
      status: 200,
      asked: [readsAssistant],
      hidden: noAssistant,
    }),
  ),
  {
    route: 'PATCH /assistants/{assistant_id}',
    needs: ['assistant'],
    path: ({ assistant }) => `/assistants/${assistant}`,
    body: () => ({
      graph_id: 'steps',
      config: { configurable: { k: 2 } },
      metadata: { more: 1 },
      name: 'Two',
      description: 'words',
    }),
    status: 200,
    asked: [
      {
        event: 'assistants:update',
        value: ({ assistant }) => ({
          assistant_id: assistant,
          graph_id: 'steps',
          config: { configurable: { k: 2 } },
          metadata: { more: 1 },
          name: 'Two',
          description: 'words',
        }),
        on: 'assistant',
      },
    ],
    hidden: noAssistant,
  },
  {
    route: 'DELETE /assistants/{assistant_id}',
    needs: ['assistant'],
    path: ({ assistant }) => `/assistants/${assistant}`,
    status: 204,
    asked: [{ event: 'assistants:delete', value: ({ assistant }) => ({ assistant_id: assistant }), on: 'assistant' }],
    hidden: noAssistant,
  },
  {
    route: 'DELETE /assistants/{assistant_id}',
    when: 'its threads go too',
    needs: ['assistant', 'thread'],
    path: ({ assistant }) => `/assistants/${assistant}?delete_threads=true`,
    arrange: async ({ assistant, thread }) => {
      await alice.call('PATCH', `/threads/${thread}`, { metadata: { assistant_id: assistant } })
      return {}
    },
    status: 204,
    asked: [
      { event: 'assistants:delete', value: ({ assistant }) => ({ assistant_id: assistant }), on: 'assistant' },
      {
        event: 'threads:delete',
        value: ({ thread }) => ({ thread_id: thread }),
        on: 'thread',
        // A thread that the caller may not delete stays, and says nothing.
        hidden: { status: 204 },
        denied: 204,
      },
    ],
    hidden: noAssistant,
  },
  {
    route: 'POST /assistants/{assistant_id}/versions',
    needs: ['assistant'],
    path: ({ assistant }) => `/assistants/${assistant}/versions`,
    body: ({ mark }) => ({ metadata: { mark } }),
    status: 200,
    asked: [{ ...readsAssistant, value: ({ assistant, mark }) => ({ assistant_id: assistant, metadata: { mark } }) }],
    hidden: { status: 404, body: ({ assistant }) => ({ detail: `Assistant ${assistant} not found` }) },
  },
  {
    route: 'POST /assistants/{assistant_id}/latest',
    needs: ['assistant'],
    path: ({ assistant }) => `/assistants/${assistant}/latest`,
    body: () => ({ version: 1 }),
    status: 200,
    asked: [
      {
        event: 'assistants:update',
        value: ({ assistant }) => ({ assistant_id: assistant, version: 1 }),
        on: 'assistant',
      },
    ],
    hidden: noAssistant,
  },
]

const THREAD_ROWS: readonly Row[] = [
  {
    route: 'POST /threads',
    needs: [],
    path: () => '/threads',
    body: (things) => ({ thread_id: things.id, metadata: meta('thread', things), ttl: 60 }),
    status: 200,
    asked: [
      {
        event: 'threads:create',
        value: (things) => ({
          thread_id: things.id,
          metadata: meta('thread', things),
          if_exists: 'raise',
          ttl: { ttl: 60, strategy: 'delete' },
        }),
        on: 'nothing',
      },
    ],
  },
  {
    route: 'POST /threads',
    when: 'the id is taken',
    needs: ['thread'],
    path: () => '/threads',
    body: ({ thread }) => ({ thread_id: thread, if_exists: 'do_nothing' }),
    status: 200,
    asked: [
      {
        event: 'threads:create',
        value: ({ thread }) => ({ thread_id: thread, metadata: {}, if_exists: 'do_nothing' }),
        without: ['ttl'],
        on: 'thread',
      },
    ],
    hidden: { status: 409, body: () => ({ detail: 'Thread already exists' }) },
    comparable: false,
  },
  {
    route: 'POST /threads',
    when: 'it begins with a state',
    needs: [],
    path: () => '/threads',
    body: (things) => ({
      thread_id: things.id,
      metadata: { ...meta('thread', things), graph_id: 'echo' },
      supersteps: [{ updates: [{ values: { text: 'x' }, as_node: '__start__' }] }],
    }),
    status: 200,
    asked: [
      { event: 'threads:create', value: ({ id }) => ({ thread_id: id, if_exists: 'raise' }), on: 'nothing' },
      // Its state cannot be written, so there is no thread either.
      changesThread(({ id }) => ({ thread_id: id }), { hidden: { status: 400 } }),
      reads(({ id }) => ({ thread_id: id }), { hidden: { status: 404 } }),
    ],
    comparable: false,
  },
  {
    route: 'POST /threads/search',
    needs: ['thread'],
    path: () => '/threads/search',
    body: ({ mark, thread }) => ({ metadata: { mark }, ids: [thread], status: 'idle', limit: 5, offset: 0 }),
    status: 200,
    asked: [
      {
        event: 'threads:search',
        value: ({ mark, thread }) => ({ metadata: { mark }, ids: [thread], status: 'idle', limit: 5, offset: 0 }),
        on: 'thread',
      },
    ],
    hidden: emptyList,
    shows: (reply, { thread }) => reply.text.includes(thread),
  },
  {
    route: 'POST /threads/search',
    when: 'it asks for a state',
    needs: ['thread', 'run'],
    path: () => '/threads/search',
    body: ({ mark }) => ({ metadata: { mark }, values: { text: 'x' } }),
    status: 200,
    asked: [
      {
        event: 'threads:search',
        value: ({ mark }) => ({ metadata: { mark }, values: { text: 'x' }, limit: 10, offset: 0 }),
        on: 'thread',
      },
    ],
    hidden: emptyList,
    shows: (reply, { thread }) => reply.text.includes(thread),
  },
  {
    route: 'POST /threads/count',
    needs: ['thread'],
    path: () => '/threads/count',
    body: ({ mark }) => ({ metadata: { mark }, status: 'idle' }),
    status: 200,
    asked: [
      {
        event: 'threads:search',
        value: ({ mark }) => ({ metadata: { mark }, status: 'idle', limit: 0, offset: 0 }),
        on: 'thread',
      },
    ],
    hidden: zero,
    shows: (reply) => reply.text === '1',
  },
  {
    route: 'POST /threads/prune',
    needs: ['thread'],
    path: () => '/threads/prune',
    body: ({ thread }) => ({ thread_ids: [thread] }),
    status: 200,
    asked: [{ event: 'threads:delete', value: ({ thread }) => ({ thread_ids: [thread] }), on: 'thread' }],
    hidden: noThread,
  },
  {
    route: 'GET /threads/{thread_id}',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}`,
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'PATCH /threads/{thread_id}',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}`,
    body: () => ({ metadata: { more: 1 } }),
    status: 200,
    asked: [changesThread(({ thread }) => ({ thread_id: thread, metadata: { more: 1 } }), { without: ['ttl'] })],
    hidden: noThread,
  },
  {
    route: 'PATCH /threads/{thread_id}',
    when: 'it is to end by itself',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}`,
    body: () => ({ ttl: { ttl: 60, strategy: 'keep_latest' } }),
    status: 200,
    asked: [
      changesThread(({ thread }) => ({ thread_id: thread, ttl: { ttl: 60, strategy: 'keep_latest' } })),
      // It deletes, later: it takes what deleting takes.
      { event: 'threads:delete', value: ({ thread }) => ({ thread_id: thread }), on: 'thread' },
    ],
    hidden: noThread,
  },
  {
    route: 'DELETE /threads/{thread_id}',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}`,
    status: 204,
    asked: [{ event: 'threads:delete', value: ({ thread }) => ({ thread_id: thread }), on: 'thread' }],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/copy',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/copy`,
    status: 200,
    asked: [
      reads(),
      {
        event: 'threads:create',
        value: (things) => ({ thread_id: anId, metadata: { ...meta('thread', things), thread_id: anId } }),
        on: 'nothing',
      },
    ],
    hidden: { status: 409, body: () => ({ detail: 'Thread not found' }) },
  },
  {
    route: 'GET /threads/{thread_id}/stream',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/stream`,
    status: 200,
    asked: [reads()],
    hidden: noThread,
    endless: true,
  },
  {
    route: 'GET /threads/{thread_id}/state',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/state`,
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'GET /threads/{thread_id}/state/{checkpoint_id}',
    needs: ['thread', 'run'],
    path: ({ thread, checkpoint }) => `/threads/${thread}/state/${checkpoint}`,
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/state/checkpoint',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/state/checkpoint`,
    body: ({ checkpoint }) => ({ checkpoint: { checkpoint_id: checkpoint } }),
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/state',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/state`,
    body: () => ({ values: { text: 'y' }, as_node: 'echo' }),
    status: 200,
    asked: [
      changesThread(({ thread }) => ({ thread_id: thread }), {
        without: ['values', 'metadata'],
        // The caller may see the thread: that it is there is no secret.
        hidden: forbidden,
      }),
      reads(),
    ],
    hidden: noThread,
  },
  {
    route: 'PATCH /threads/{thread_id}/state',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/state`,
    body: () => ({ metadata: { more: 1 } }),
    status: 204,
    asked: [changesThread(({ thread }) => ({ thread_id: thread, metadata: { more: 1 } }))],
    hidden: noThread,
  },
  {
    route: 'GET /threads/{thread_id}/history',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/history`,
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/history',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/history`,
    body: () => ({ limit: 3 }),
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
]

const RUN_ROWS: readonly Row[] = [
  ...['', '/stream', '/wait'].flatMap((tail): Row[] => {
    const shown = tail !== ''
    return [
      {
        route: `POST /threads/{thread_id}/runs${tail}`,
        needs: ['thread'],
        path: ({ thread }) => `/threads/${thread}/runs${tail}`,
        body: runBody,
        status: 200,
        asked: [createsRun, ...(shown ? [reads()] : [])],
        hidden: noThread,
      },
      {
        route: `POST /threads/{thread_id}/runs${tail}`,
        when: 'the thread is made too',
        needs: [],
        path: ({ id }) => `/threads/${id}/runs${tail}`,
        body: (things) => ({ ...runBody(things), if_not_exists: 'create' }),
        status: 200,
        asked: [
          {
            event: 'threads:create_run',
            value: (things) => runValue(things, { thread_id: things.id, if_not_exists: 'create' }),
            on: 'nothing',
          },
          ...(shown ? [reads(({ id }) => ({ thread_id: id }), { on: 'nothing' })] : []),
        ],
      },
      {
        route: `POST /threads/{thread_id}/runs${tail}`,
        when: 'a user made the assistant',
        needs: ['thread', 'assistant'],
        path: ({ thread }) => `/threads/${thread}/runs${tail}`,
        body: (things) => ({ ...runBody(things), assistant_id: things.assistant }),
        status: 200,
        asked: [
          {
            ...createsRun,
            value: (things) => runValue(things, { thread_id: things.thread, assistant_id: things.assistant }),
            hidden: noThread,
          },
          readsAssistant,
          ...(shown ? [reads(undefined, { hidden: noThread })] : []),
        ],
        hidden: noAssistant,
      },
      {
        route: `POST /runs${tail}`,
        needs: [],
        path: () => `/runs${tail}`,
        body: runBody,
        status: 200,
        asked: [createsRunAlone(), ...(shown ? [reads(() => ({}), { without: ['thread_id'], on: 'nothing' })] : [])],
      },
      {
        route: `POST /runs${tail}`,
        when: 'a user made the assistant',
        needs: ['assistant'],
        path: () => `/runs${tail}`,
        body: (things) => ({ ...runBody(things), assistant_id: things.assistant }),
        status: 200,
        asked: [
          { ...createsRunAlone(), value: (things) => runValue(things, { assistant_id: things.assistant }) },
          readsAssistant,
          ...(shown ? [reads(() => ({}), { without: ['thread_id'], on: 'nothing' })] : []),
        ],
        hidden: noAssistant,
      },
    ]
  }),
  {
    route: 'POST /threads/{thread_id}/runs',
    when: 'runs in flight are stopped',
    needs: ['thread'],
    arrange: slowRun,
    path: ({ thread }) => `/threads/${thread}/runs`,
    body: (things) => ({ ...runBody(things), multitask_strategy: 'interrupt' }),
    status: 200,
    asked: [
      {
        ...createsRun,
        value: (things) => runValue(things, { thread_id: things.thread, multitask_strategy: 'interrupt' }),
        hidden: noThread,
      },
      // Whoever may only run on a thread stops none of the runs that are there.
      changesThread(
        ({ thread }) => ({
          thread_id: thread,
          action: 'interrupt',
          metadata: { run_ids: [anId], status: 'pending' },
        }),
        { hidden: forbidden },
      ),
    ],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/runs',
    when: 'it is refused while another is in flight',
    needs: ['thread'],
    arrange: slowRun,
    path: ({ thread }) => `/threads/${thread}/runs`,
    body: (things) => ({ ...runBody(things), multitask_strategy: 'reject' }),
    status: 409,
    asked: [
      {
        ...createsRun,
        value: (things) =>
          runValue(things, {
            thread_id: things.thread,
            multitask_strategy: 'reject',
            prevent_insert_if_inflight: true,
          }),
      },
    ],
    hidden: noThread,
  },
  {
    route: 'POST /runs/batch',
    needs: ['assistant'],
    path: () => '/runs/batch',
    body: (things) => [runBody(things), { ...runBody(things), assistant_id: things.assistant }],
    status: 200,
    asked: [{ ...createsRunAlone(), value: (things) => runValue(things, { assistant_id: anId }) }, readsAssistant],
    hidden: noAssistant,
  },
  {
    route: 'GET /threads/{thread_id}/runs',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/runs?status=success`,
    status: 200,
    asked: [
      {
        event: 'threads:search',
        value: ({ thread }) => ({ thread_id: thread, status: 'success' }),
        on: 'thread',
      },
      reads(),
    ],
    hidden: noThread,
  },
  {
    route: 'GET /threads/{thread_id}/runs/{run_id}',
    needs: ['thread', 'run'],
    path: runOf,
    status: 200,
    asked: [reads(ofRun)],
    hidden: noRun,
  },
  {
    route: 'DELETE /threads/{thread_id}/runs/{run_id}',
    needs: ['thread', 'run'],
    path: runOf,
    status: 204,
    asked: [{ event: 'threads:delete', value: ofRun, on: 'thread' }],
    hidden: noRun,
  },
  ...['join', 'stream'].flatMap((tail): Row[] => [
    {
      route: `GET /threads/{thread_id}/runs/{run_id}/${tail}`,
      needs: ['thread', 'run'],
      path: (things) => `${runOf(things)}/${tail}`,
      status: 200,
      asked: [reads(ofRun)],
      hidden: noRun,
    },
    {
      route: `GET /threads/{thread_id}/runs/{run_id}/${tail}`,
      when: 'hanging up would stop it',
      needs: ['thread', 'run'],
      path: (things) => `${runOf(things)}/${tail}?cancel_on_disconnect=1`,
      status: 200,
      asked: [
        reads(ofRun),
        changesThread(({ thread, run }) => ({
          thread_id: thread,
          action: 'interrupt',
          metadata: { run_ids: [run] },
        })),
      ],
      hidden: noRun,
    },
  ]),
  {
    route: 'GET /runs/{run_id}/stream',
    needs: ['thread', 'run'],
    path: ({ run }) => `/runs/${run}/stream`,
    status: 200,
    // The run leads to its thread, and the rules are asked about that.
    asked: [reads(ofRun)],
    hidden: noRun,
  },
  {
    route: 'POST /threads/{thread_id}/runs/{run_id}/cancel',
    needs: ['thread', 'run'],
    path: (things) => `${runOf(things)}/cancel?wait=1`,
    status: 204,
    asked: [
      changesThread(({ thread, run }) => ({
        thread_id: thread,
        action: 'interrupt',
        metadata: { run_ids: [run], status: 'pending' },
      })),
    ],
    hidden: noRun,
  },
  {
    route: 'POST /runs/cancel',
    when: 'the runs are named',
    needs: ['thread', 'run'],
    path: () => '/runs/cancel?action=rollback',
    body: ({ thread, run }) => ({ thread_id: thread, run_ids: [run] }),
    status: 204,
    asked: [
      changesThread(({ thread, run }) => ({ thread_id: thread, action: 'rollback', metadata: { run_ids: [run] } })),
    ],
    hidden: noRun,
  },
  {
    route: 'POST /runs/cancel',
    when: 'all with a status are meant',
    needs: ['thread'],
    arrange: slowRun,
    path: () => '/runs/cancel',
    body: () => ({ status: 'all' }),
    status: 204,
    asked: [changesThread(() => ({ action: 'interrupt', metadata: { status: 'all' } }), { without: ['thread_id'] })],
    hidden: noRun,
    // It names nothing that could be absent.
    comparable: false,
  },
]

/** The second protocol has no session: each command asks about whoever sends it. */
const PROTOCOL_ROWS: readonly Row[] = [
  {
    route: 'POST /threads/{thread_id}/commands',
    when: 'it reads the state',
    needs: ['thread', 'run'],
    path: ({ thread }) => `/threads/${thread}/commands`,
    body: () => ({ id: 1, method: 'state.get' }),
    status: 200,
    asked: [reads()],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/commands',
    when: 'it starts a run',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/commands`,
    body: (things) => ({ id: 1, method: 'run.start', params: runBody(things) }),
    status: 200,
    asked: [
      reads(),
      {
        ...createsRun,
        value: ({ thread }) => ({
          thread_id: thread,
          assistant_id: ECHO,
          run_id: anId,
          kwargs: expect.objectContaining({ input: { text: 'x' } }),
        }),
      },
    ],
    hidden: noThread,
    // An id of nothing becomes a thread.
    comparable: false,
  },
  {
    route: 'POST /threads/{thread_id}/commands',
    when: 'it starts a run of an assistant that a user made',
    needs: ['thread', 'assistant'],
    path: ({ thread }) => `/threads/${thread}/commands`,
    body: (things) => ({
      id: 1,
      method: 'run.start',
      params: { ...runBody(things), assistant_id: things.assistant },
    }),
    status: 200,
    asked: [
      reads(undefined, { hidden: noThread }),
      { ...createsRun, value: ({ thread }) => ({ thread_id: thread }), hidden: noThread },
      readsAssistant,
    ],
    hidden: noAssistant,
    comparable: false,
  },
  {
    route: 'POST /threads/{thread_id}/commands',
    when: 'it answers an interrupt',
    needs: ['thread'],
    arrange: askingRun,
    path: ({ thread }) => `/threads/${thread}/commands`,
    body: ({ id }) => ({ id: 1, method: 'input.respond', params: { interrupt_id: id, response: 'yes' } }),
    status: 200,
    asked: [
      reads(),
      {
        ...createsRun,
        value: ({ thread, id }) => ({
          thread_id: thread,
          kwargs: expect.objectContaining({ command: expect.objectContaining({ resume: { [id]: 'yes' } }) }),
        }),
      },
    ],
    hidden: noThread,
  },
  {
    route: 'POST /threads/{thread_id}/stream/events',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/stream/events`,
    body: () => ({ channels: ['values'] }),
    status: 200,
    asked: [reads()],
    hidden: noThread,
    endless: true,
  },
]

const CRON_ROWS: readonly Row[] = [
  {
    route: 'POST /runs/crons',
    needs: [],
    path: () => '/runs/crons',
    body: (things) => cronBody(things),
    status: 200,
    asked: [createsCron(false), mayRunLater(false)],
  },
  {
    route: 'POST /runs/crons',
    when: 'a user made the assistant',
    needs: ['assistant'],
    path: () => '/runs/crons',
    body: (things) => cronBody(things, { assistant_id: things.assistant }),
    status: 200,
    asked: [createsCron(false), readsAssistant, mayRunLater(false)],
    hidden: noAssistant,
  },
  {
    route: 'POST /threads/{thread_id}/runs/crons',
    needs: ['thread'],
    path: ({ thread }) => `/threads/${thread}/runs/crons`,
    body: (things) => cronBody(things),
    status: 200,
    asked: [createsCron(true), reads(), mayRunLater(true)],
    hidden: noThread,
  },
  {
    route: 'POST /runs/crons/search',
    needs: ['cron'],
    path: () => '/runs/crons/search',
    body: ({ mark }) => ({ assistant_id: ECHO, metadata: { mark } }),
    status: 200,
    asked: [
      {
        event: 'crons:search',
        value: ({ mark }) => ({ assistant_id: ECHO, metadata: { mark }, limit: 10, offset: 0 }),
        on: 'cron',
      },
      // This cron is on no thread, so there is none to hold a filter against.
      { event: 'threads:search', value: () => ({}), on: 'nothing' },
    ],
    hidden: emptyList,
    shows: (reply, { cron }) => reply.text.includes(cron),
  },
  {
    route: 'POST /runs/crons/search',
    when: 'it names a thread',
    needs: ['thread', 'cron'],
    path: () => '/runs/crons/search',
    body: ({ thread }) => ({ thread_id: thread }),
    status: 200,
    asked: [
      { event: 'crons:search', value: ({ thread }) => ({ thread_id: thread, limit: 10, offset: 0 }), on: 'cron' },
      reads(),
    ],
    hidden: emptyList,
    shows: (reply, { cron }) => reply.text.includes(cron),
  },
  {
    route: 'POST /runs/crons/count',
    needs: ['thread', 'cron'],
    path: () => '/runs/crons/count',
    body: ({ mark }) => ({ metadata: { mark } }),
    status: 200,
    asked: [
      { event: 'crons:search', value: ({ mark }) => ({ metadata: { mark } }), on: 'cron' },
      { event: 'threads:search', value: () => ({}), on: 'thread' },
    ],
    hidden: zero,
    shows: (reply) => reply.text === '1',
  },
  {
    route: 'GET /runs/crons/{cron_id}',
    needs: ['cron'],
    path: ({ cron }) => `/runs/crons/${cron}`,
    status: 200,
    asked: [{ event: 'crons:read', value: ({ cron }) => ({ cron_id: cron }), on: 'cron' }],
    hidden: noCron,
  },
  {
    route: 'PATCH /runs/crons/{cron_id}',
    when: 'it is turned off',
    needs: ['cron'],
    path: ({ cron }) => `/runs/crons/${cron}`,
    body: () => ({ enabled: false }),
    status: 200,
    asked: [{ event: 'crons:update', value: ({ cron }) => ({ cron_id: cron, enabled: false }), on: 'cron' }],
    hidden: noCron,
  },
  {
    route: 'PATCH /runs/crons/{cron_id}',
    when: 'it comes at another time',
    needs: ['cron'],
    path: ({ cron }) => `/runs/crons/${cron}`,
    body: () => ({ schedule: '0 0 28 2 *', enabled: true }),
    status: 200,
    asked: [
      {
        event: 'crons:update',
        value: ({ cron }) => ({ cron_id: cron, schedule: '0 0 28 2 *', enabled: true }),
        on: 'cron',
      },
      mayRunLater(false),
    ],
    hidden: noCron,
  },
  {
    route: 'PATCH /runs/crons/{cron_id}',
    when: 'what it runs changes',
    needs: ['thread', 'cron'],
    path: ({ cron }) => `/runs/crons/${cron}`,
    body: () => ({ input: { text: 'y' }, metadata: { more: 1 } }),
    status: 200,
    asked: [
      {
        event: 'crons:update',
        value: ({ cron }) => ({
          cron_id: cron,
          payload: expect.objectContaining({ input: { text: 'y' } }),
          metadata: { more: 1 },
        }),
        on: 'cron',
      },
      reads(undefined, { hidden: noThread }),
      { ...mayRunLater(true), hidden: noThread },
    ],
    hidden: noCron,
  },
  {
    route: 'DELETE /runs/crons/{cron_id}',
    needs: ['cron'],
    path: ({ cron }) => `/runs/crons/${cron}`,
    status: 204,
    asked: [{ event: 'crons:delete', value: ({ cron }) => ({ cron_id: cron }), on: 'cron' }],
    hidden: noCron,
  },
]

const STORE_ROWS: readonly Row[] = [
  {
    route: 'PUT /store/items',
    needs: [],
    path: () => '/store/items',
    body: (things) => ({ ...itemAt(things), value: { kind: 'item' }, index: ['kind'], ttl: 60 }),
    status: 204,
    asked: [
      {
        event: 'store:put',
        value: (things) => ({ ...itemAt(things), value: { kind: 'item' }, index: ['kind'], ttl: 60 }),
        on: 'item',
      },
    ],
    // The new item would be hidden from whoever puts it.
    hidden: forbidden,
    comparable: false,
  },
  {
    route: 'PUT /store/items',
    when: 'another item is there',
    needs: ['item'],
    path: () => '/store/items',
    // What is put satisfies every filter of the test; the item that is there satisfies one.
    body: (things) => ({ ...itemAt(things), value: { kind: 'run' } }),
    status: 204,
    asked: [{ event: 'store:put', value: (things) => ({ ...itemAt(things), value: { kind: 'run' } }), on: 'item' }],
    hidden: notFound('Item not found'),
    comparable: false,
  },
  {
    route: 'GET /store/items',
    needs: ['item'],
    path: ({ mark }) => `/store/items?namespace=${mark}.n&key=k`,
    status: 200,
    asked: [{ event: 'store:get', value: itemAt, on: 'item' }],
    hidden: { status: 200, body: () => null },
    shows: (reply) => reply.text !== 'null',
  },
  {
    route: 'DELETE /store/items',
    needs: ['item'],
    path: () => '/store/items',
    body: itemAt,
    status: 204,
    asked: [{ event: 'store:delete', value: itemAt, on: 'item' }],
    hidden: { status: 204 },
  },
  {
    route: 'POST /store/items/search',
    needs: ['item'],
    path: () => '/store/items/search',
    body: ({ mark }) => ({ namespace_prefix: [mark], filter: { kind: 'item' }, query: 'item', limit: 5 }),
    status: 200,
    asked: [
      {
        event: 'store:search',
        value: ({ mark }) => ({ namespace: [mark], filter: { kind: 'item' }, query: 'item', limit: 5, offset: 0 }),
        on: 'item',
      },
    ],
    hidden: { status: 200, body: () => ({ items: [] }) },
    shows: (reply) => reply.json<{ items: unknown[] }>().items.length === 1,
  },
  {
    route: 'POST /store/namespaces',
    needs: ['item'],
    path: () => '/store/namespaces',
    body: ({ mark }) => ({ prefix: [mark], suffix: ['n'], max_depth: 2, limit: 5, offset: 0 }),
    status: 200,
    asked: [
      {
        event: 'store:list_namespaces',
        value: ({ mark }) => ({ namespace: [mark], suffix: ['n'], max_depth: 2, limit: 5, offset: 0 }),
        on: 'item',
      },
    ],
    hidden: { status: 200, body: () => ({ namespaces: [] }) },
    shows: (reply) => reply.json<{ namespaces: unknown[] }>().namespaces.length === 1,
  },
  {
    route: 'POST /store/namespaces',
    when: 'it asks for all',
    needs: ['item'],
    path: () => '/store/namespaces',
    body: () => ({}),
    status: 200,
    asked: [{ event: 'store:list_namespaces', value: () => ({ limit: 100, offset: 0 }), on: 'item' }],
    shows: (reply, { mark }) => reply.text.includes(mark),
  },
]

const ROWS: readonly Row[] = [
  ...META_ROWS,
  ...ASSISTANT_ROWS,
  ...THREAD_ROWS,
  ...RUN_ROWS,
  ...PROTOCOL_ROWS,
  ...CRON_ROWS,
  ...STORE_ROWS,
]

const titled = ROWS.map((row): [string, Row] => [row.when ? `${row.route}, ${row.when}` : row.route, row])

/**
 * Rows of every table that satisfy every filter of these tests but the right one: a condition that is held against any row
 * instead of the one that is meant is satisfied by one of these.
 */
async function plantDecoys(): Promise<void> {
  for (const kind of [...KINDS, 'nobody']) {
    const metadata = { kind, mark: 'decoy' }
    await alice.thread({ metadata })
    await alice.assistant({ metadata })
    await alice.post('/runs/crons', { schedule: '0 0 29 2 *', assistant_id: 'echo', metadata })
    await alice.call('PUT', '/store/items', { namespace: ['decoy'], key: kind, value: { kind } })
  }
}
await plantDecoys()

/** Makes what a row needs, while everything is allowed. */
async function make({ needs, arrange }: Row): Promise<Things> {
  server.use(namesOnly())
  const ids = (): Things => ({
    thread: crypto.randomUUID(),
    run: crypto.randomUUID(),
    assistant: crypto.randomUUID(),
    cron: crypto.randomUUID(),
    checkpoint: '1f0c0000-0000-6000-8000-000000000000',
    id: crypto.randomUUID(),
    mark: crypto.randomUUID(),
  })
  const things = { ...ids() } as { -readonly [K in keyof Things]: Things[K] }
  const has = (kind: Kind) => needs.includes(kind)
  if (has('thread')) things.thread = await alice.thread({ metadata: meta('thread', things) })
  if (has('run')) {
    const reply = await alice.post(`/threads/${things.thread}/runs/wait`, runBody(things))
    things.run = String(reply.headers.get('content-location')?.split('/').at(-1))
    const state = await alice.get(`/threads/${things.thread}/state`)
    things.checkpoint = state.json<{ checkpoint: { checkpoint_id: string } }>().checkpoint.checkpoint_id
  }
  if (has('assistant')) {
    things.assistant = await alice.assistant({ graph_id: 'echo', metadata: meta('assistant', things) })
  }
  if (has('cron')) {
    const path = has('thread') ? `/threads/${things.thread}/runs/crons` : '/runs/crons'
    const reply = await alice.post(path, cronBody(things))
    expect(reply.status, reply.text).toBe(200)
    things.cron = String(reply.json()['cron_id'])
  }
  if (has('item')) {
    const reply = await alice.call('PUT', '/store/items', { ...itemAt(things), value: { kind: 'item' } })
    expect(reply.status, reply.text).toBe(204)
  }
  return { ...things, ...(await arrange?.(things)) }
}

interface Call {
  readonly event: AuthEvent
  readonly value: unknown
}

/** Rules that write down what they are asked, and answer as they are told. */
function recording(seen: Call[], answer: (event: AuthEvent) => HandlerResult = () => true): Auth {
  return namesOnly().on('*', ({ event, value }) => {
    seen.push({ event, value: structuredClone(value) })
    return answer(event)
  })
}

async function ask({ route, path, body, endless }: Row, things: Things): Promise<Reply> {
  const [method = ''] = route.split(' ')
  if (!endless) return alice.call(method, path(things), body?.(things))
  const response = await alice.open(method, path(things), body?.(things))
  const { status, headers } = response
  if (status !== 200) {
    const text = await response.text()
    return { status, headers, text, json: <T>() => JSON.parse(text) as T }
  }
  await response.body?.cancel()
  return { status, headers, text: '', json: () => ({}) as never }
}

/** A filter that one kind of row satisfies. */
const only = (kind: Kind) => ({ kind })
/** A filter that every kind of row satisfies but this one. */
const allBut = (kind: Kind | 'nothing') => ({
  $or: [...KINDS.filter((one) => one !== kind), 'nobody'].map((one) => ({ kind: one })),
})

function expectAnswer(reply: Reply, { status, body }: Answer, things: Things): void {
  expect(reply.status, reply.text).toBe(status)
  if (body) expect(reply.json<unknown>()).toEqual(body(things))
}

describe('the table', () => {
  it('has a row for every route, and no row for anything else', () => {
    const routes = server.app.routes.map(({ method, path }) => `${method} ${path}`)
    expect([...new Set(ROWS.map(({ route }) => route))].sort()).toEqual([...new Set(routes)].sort())
  })

  it('names the events that the document of the API names', () => {
    const named = (route: string) => server.app.routes.find(({ method, path }) => `${method} ${path}` === route)
    for (const { route, asked, when } of ROWS) {
      const events: readonly string[] = named(route)?.events ?? []
      for (const { event } of asked) {
        // Two rows ask more in one case: a thread that begins with a state, runs and hanging up that stop a run.
        if (when && !events.includes(event)) continue
        expect(events, route).toContain(event)
      }
    }
  })

  it('asks every one of the events that there are', () => {
    expect(new Set(ROWS.flatMap(({ asked }) => asked.map(({ event }) => event)))).toEqual(new Set(ALL_EVENTS))
  })
})

describe('the events of a request, in order, with their values', () => {
  it.each(titled)('%s', async (_, row) => {
    const things = await make(row)
    const seen: Call[] = []
    server.use(recording(seen))
    const reply = await ask(row, things)
    expect(reply.status, reply.text).toBe(row.status)
    // How often is not the handlers' business; which, and in which order, is.
    expect([...new Set(seen.map(({ event }) => event))]).toEqual(row.asked.map(({ event }) => event))
    for (const { event, value, without = [] } of row.asked) {
      for (const call of seen.filter((one) => one.event === event)) {
        expect(call.value, event).toMatchObject(value(things))
        for (const key of without) expect(Object(call.value)[key] ?? undefined, `${event} ${key}`).toBeUndefined()
        expect(JSON.stringify(call.value)).not.toContain('Bearer')
      }
    }
  })
})

const events = titled.flatMap(([title, row]) =>
  row.asked.map((asked): [string, string, Row, Asked] => [title, asked.event, row, asked]),
)

describe('a filter is held against its own row, and no other', () => {
  it.each(events)('%s: %s', async (_title, _event, row, asked) => {
    const answers = async (filter: HandlerResult) => {
      const things = await make(row)
      server.use(recording([], (event) => (event === asked.event ? filter : true)))
      return { things, reply: await ask(row, things) }
    }

    if (asked.on === 'nothing') {
      const { reply } = await answers({ kind: 'nobody' })
      expect(reply.status, reply.text).toBe(row.status)
      return
    }
    // What is put is held against the filter as well as what is there.
    const put = row.route.startsWith('PUT') && row.when
    const seen = await answers(put ? { $or: [{ kind: 'item' }, { kind: 'run' }] } : only(asked.on))
    expect(seen.reply.status, seen.reply.text).toBe(row.status)
    if (row.shows) expect(row.shows(seen.reply, seen.things), seen.reply.text).toBe(true)

    const { reply, things } = await answers(allBut(asked.on))
    const hidden = asked.hidden ?? row.hidden
    if (hidden) expectAnswer(reply, hidden, things)
    if (row.shows) expect(row.shows(reply, things), reply.text).toBe(false)
    if (row.shows && reply.headers.has('x-pagination-total')) expect(reply.headers.get('x-pagination-total')).toBe('0')
  })
})

/** An answer without its ids, and without what differs each time. */
function shapeOf({ status, text, headers }: Reply, things: Things) {
  let rest = text
  for (const [name, id] of Object.entries(things)) rest = rest.replaceAll(String(id), `<${name}>`)
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
  return { status, text: rest, headers: kept }
}

describe('what is hidden looks like what is absent', () => {
  const rows = titled.filter(([, { hidden, comparable }]) => hidden && comparable !== false)

  it.each(rows)('%s', async (_, row) => {
    const filters = new Map(row.asked.map(({ event, on }) => [event, on === 'nothing' ? true : allBut(on)]))
    const hidden = await make(row)
    const absent = await make({ ...row, needs: [], arrange: async () => ({}) })
    server.use(recording([], (event) => filters.get(event)))
    const [there, gone] = [await ask(row, hidden), await ask(row, absent)]
    expect(shapeOf(there, hidden)).toEqual(shapeOf(gone, absent))
    expectAnswer(there, row.hidden as Answer, hidden)
  })
})

describe('an event that is denied stops the request', () => {
  it.each(events)('%s: %s', async (_title, _event, row, asked) => {
    const things = await make(row)
    server.use(recording([], (event) => event !== asked.event))
    const reply = await ask(row, things)
    expect(reply.status, reply.text).toBe(asked.denied ?? 403)
    if (reply.status === 403) expect(reply.text).toBe('{"detail":"Forbidden"}')
  })
})
