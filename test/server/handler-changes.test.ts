import { afterEach, describe, expect, it } from 'vitest'
import type { Auth } from '../../src/engine/auth.js'
import type { AuthEvent } from '../../src/engine/events.js'
import { namesOnly, ownerOnly } from '../support/auth.js'
import type { Client, Json } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ auth: namesOnly(), graphs: testGraphs })
const alice = server.as('alice')
afterEach(() => server.use(namesOnly()))

/** Rules where one event's handler does something to the value. */
function changing(event: AuthEvent, change: (value: never) => void): Auth {
  return namesOnly().on(event, (({ value }: { value: never }) => change(value)) as never)
}

const put = (body: Json) => alice.call('PUT', '/store/items', body)
const item = { namespace: ['n'], key: 'k', value: { v: 1 } }

interface Honoured {
  readonly name: string
  readonly event: AuthEvent
  readonly change: (value: never) => void
  readonly act: (client: Client) => Promise<unknown>
  readonly expected: unknown
}

const echoed = async (client: Client, body: Json = {}) => {
  const reply = await client.post('/runs/wait', { assistant_id: 'echo', input: {}, ...body })
  return reply.json<{ seen: Json[] }>().seen[0]
}

const HONOURED: readonly Honoured[] = [
  {
    name: 'threads:create: metadata, changed in place',
    event: 'threads:create',
    change: (value: { metadata: Json }) => {
      value.metadata['stamp'] = 1
      delete value.metadata['drop']
    },
    act: async (client) => (await client.post('/threads', { metadata: { drop: 1, keep: 1 } })).json()['metadata'],
    expected: { keep: 1, stamp: 1 },
  },
  {
    name: 'threads:create: metadata, replaced, where the client sent none',
    event: 'threads:create',
    change: (value: { metadata: Json }) => {
      value.metadata = { stamp: 1 }
    },
    act: async (client) => (await client.post('/threads')).json()['metadata'],
    expected: { stamp: 1 },
  },
  {
    name: 'threads:create: metadata of a copy, replaced',
    event: 'threads:create',
    change: (value: { metadata: Json }) => {
      value.metadata = { copied: value.metadata['thread_id'] !== undefined }
    },
    act: async (client) => (await client.post(`/threads/${await client.thread()}/copy`)).json()['metadata'],
    expected: { copied: true },
  },
  {
    name: 'threads:update: metadata',
    event: 'threads:update',
    change: (value: { metadata: Json }) => {
      value.metadata = { ...value.metadata, stamp: 1 }
    },
    act: async (client) =>
      (await client.call('PATCH', `/threads/${await client.thread()}`, { metadata: { a: 1 } })).json()['metadata'],
    expected: { a: 1, stamp: 1 },
  },
  {
    name: 'threads:search: metadata narrows',
    event: 'threads:search',
    change: (value: { metadata?: Json }) => {
      value.metadata = { ...value.metadata, group: 'in' }
    },
    act: async (client) => {
      await client.thread({ metadata: { group: 'in' } })
      await client.thread({ metadata: { group: 'out' } })
      const rows = (await client.post('/threads/search')).json<{ metadata: Json }[]>()
      return [rows.map(({ metadata }) => metadata), (await client.post('/threads/count')).json()]
    },
    expected: [[{ group: 'in' }], 1],
  },
  {
    name: 'threads:create_run: metadata, of the run and of the thread that it makes',
    event: 'threads:create_run',
    change: (value: { metadata: Json }) => {
      value.metadata['stamp'] = 1
    },
    act: async (client) => {
      const body = { assistant_id: 'echo', input: {}, if_not_exists: 'create', metadata: { mine: 1 } }
      const id = crypto.randomUUID()
      const run = (await client.post(`/threads/${id}/runs`, body)).json<{ metadata: Json }>()
      const thread = (await client.get(`/threads/${id}`)).json<{ metadata: Json }>()
      return [run.metadata, thread.metadata].map(({ stamp, mine, graph_id }) => ({ stamp, mine, graph_id }))
    },
    expected: [
      { stamp: 1, mine: 1, graph_id: 'echo' },
      { stamp: 1, mine: 1, graph_id: 'echo' },
    ],
  },
  {
    name: 'threads:create_run: kwargs.config',
    event: 'threads:create_run',
    change: (value: { kwargs: { config: { configurable: Json } } }) => {
      value.kwargs.config.configurable['other'] = 'from the handler'
    },
    act: async (client) =>
      (await echoed(client, { config: { configurable: { other: 'from the client' } } }))?.['other'],
    expected: 'from the handler',
  },
  {
    name: 'threads:create_run: kwargs.context, replaced',
    event: 'threads:create_run',
    change: (value: { kwargs: Json }) => {
      value.kwargs['context'] = { tenant: 't1' }
    },
    act: async (client) => (await echoed(client, { context: { tenant: 'forged' } }))?.['context'],
    expected: { tenant: 't1' },
  },
  {
    name: 'threads:create_run: kwargs.input',
    event: 'threads:create_run',
    change: (value: { kwargs: Json }) => {
      value.kwargs['input'] = { text: 'from the handler' }
    },
    act: async (client) =>
      (await client.post('/runs/wait', { assistant_id: 'echo', input: { text: 'x' } })).json()['text'],
    expected: 'from the handler',
  },
  {
    name: 'assistants:create: metadata',
    event: 'assistants:create',
    change: (value: { metadata: Json }) => {
      value.metadata['stamp'] = 1
    },
    act: async (client) => (await client.post('/assistants', { graph_id: 'echo' })).json()['metadata'],
    expected: { stamp: 1 },
  },
  {
    name: 'assistants:update: metadata',
    event: 'assistants:update',
    change: (value: { metadata: Json }) => {
      value.metadata['stamp'] = 1
    },
    act: async (client) => {
      const id = await client.assistant({ graph_id: 'echo' })
      return (await client.call('PATCH', `/assistants/${id}`, { name: 'x' })).json()['metadata']
    },
    expected: { stamp: 1 },
  },
  {
    name: 'assistants:search: metadata narrows',
    event: 'assistants:search',
    change: (value: { metadata?: Json }) => {
      value.metadata = { group: 'in' }
    },
    act: async (client) => {
      await client.assistant({ graph_id: 'echo', metadata: { group: 'in' } })
      const rows = (await client.post('/assistants/search')).json<unknown[]>()
      return [rows.length, (await client.post('/assistants/count')).json()]
    },
    expected: [1, 1],
  },
  {
    name: 'store:put: namespace, key and value',
    event: 'store:put',
    change: (value: { namespace: string[]; key: string; value: Json }) => {
      value.namespace = ['moved', ...value.namespace]
      value.key = 'other'
      value.value['stamp'] = 1
    },
    act: async (client) => {
      await put(item)
      return (await client.get('/store/items?namespace=moved.n&key=other')).json()['value']
    },
    expected: { v: 1, stamp: 1 },
  },
  {
    name: 'store:get: namespace and key',
    event: 'store:get',
    change: (value: { namespace: string[]; key: string }) => {
      value.namespace.push('deep')
      value.key = 'k'
    },
    act: async (client) => {
      await put({ ...item, namespace: ['n', 'deep'] })
      return (await client.get('/store/items?namespace=n&key=x')).json()['namespace']
    },
    expected: ['n', 'deep'],
  },
  {
    name: 'store:search: namespace, filter and limit',
    event: 'store:search',
    change: (value: { namespace: string[]; filter: Json; limit: number }) => {
      value.namespace = ['s', 'mine']
      value.filter = { v: { $gt: 1 } }
      value.limit = 1
    },
    act: async (client) => {
      for (const v of [1, 2, 3]) await put({ namespace: ['s', 'mine'], key: `k${v}`, value: { v } })
      await put({ namespace: ['s', 'other'], key: 'k9', value: { v: 9 } })
      const { items } = (await client.post('/store/items/search', { namespace_prefix: ['s'] })).json<{
        items: Json[]
      }>()
      return items.map(({ key }) => key)
    },
    expected: ['k3'],
  },
  {
    name: 'store:list_namespaces: prefix, where the client sent none',
    event: 'store:list_namespaces',
    change: (value: { namespace?: string[] }) => {
      value.namespace = ['l', 'mine']
    },
    act: async (client) => {
      for (const namespace of [
        ['l', 'mine'],
        ['l', 'mine', 'x'],
        ['l', 'other'],
      ])
        await put({ ...item, namespace })
      return (await client.post('/store/namespaces')).json<{ namespaces: string[][] }>().namespaces.sort()
    },
    expected: [
      ['l', 'mine'],
      ['l', 'mine', 'x'],
    ],
  },
  {
    name: 'store:delete: namespace',
    event: 'store:delete',
    change: (value: { namespace: string[] }) => {
      value.namespace = ['d', 'mine']
    },
    act: async (client) => {
      for (const namespace of [['d'], ['d', 'mine']]) await put({ ...item, namespace })
      await client.call('DELETE', '/store/items', { namespace: ['d'], key: 'k' })
      const read = async (name: string) => (await client.get(`/store/items?namespace=${name}&key=k`)).json() !== null
      return [await read('d'), await read('d.mine')]
    },
    expected: [true, false],
  },
]

describe('what a handler changes is what happens', () => {
  it.each(HONOURED)('$name', async ({ event, change, act, expected }) => {
    server.use(changing(event, change))
    expect(await act(alice)).toEqual(expected)
  })
})

const circular: Json = {}
circular['self'] = circular

const REFUSED: readonly [AuthEvent, string, (value: never) => void, (client: Client) => ReturnType<Client['get']>][] = [
  [
    'threads:create',
    'metadata that is a list',
    (value: Json) => {
      value['metadata'] = []
    },
    (c) => c.post('/threads'),
  ],
  [
    'threads:create',
    'metadata with undefined',
    (value: Json) => {
      value['metadata'] = { owner: undefined }
    },
    (c) => c.post('/threads'),
  ],
  [
    'threads:create',
    'metadata with a date',
    (value: Json) => {
      value['metadata'] = { at: new Date() }
    },
    (c) => c.post('/threads'),
  ],
  [
    'threads:search',
    'metadata with NaN',
    (value: Json) => {
      value['metadata'] = { n: Number.NaN }
    },
    (c) => c.post('/threads/search'),
  ],
  [
    'threads:create_run',
    'kwargs that are no object',
    (value: Json) => {
      value['kwargs'] = 'x'
    },
    (c) => c.post('/runs', { assistant_id: 'echo' }),
  ],
  [
    'threads:create_run',
    'kwargs that JSON cannot carry',
    (value: Json) => {
      value['kwargs'] = { config: {}, input: circular }
    },
    (c) => c.post('/runs', { assistant_id: 'echo' }),
  ],
  [
    'store:put',
    'an empty namespace',
    (value: Json) => {
      value['namespace'] = []
    },
    () => put(item),
  ],
  [
    'store:put',
    'a namespace of undefined',
    (value: Json) => {
      value['namespace'] = [undefined]
    },
    () => put(item),
  ],
  [
    'store:put',
    'a key that is no text',
    (value: Json) => {
      value['key'] = 1
    },
    () => put(item),
  ],
  [
    'store:put',
    'a value that is no object',
    (value: Json) => {
      value['value'] = 'x'
    },
    () => put(item),
  ],
  [
    'store:get',
    'a namespace that is a text',
    (value: Json) => {
      value['namespace'] = 'alice'
    },
    (c) => c.get('/store/items?namespace=n&key=k'),
  ],
  [
    'store:search',
    'a namespace with an empty label',
    (value: Json) => {
      value['namespace'] = ['']
    },
    (c) => c.post('/store/items/search'),
  ],
  [
    'store:search',
    'a filter that is no object',
    (value: Json) => {
      value['filter'] = 'x'
    },
    (c) => c.post('/store/items/search'),
  ],
  [
    'store:search',
    'a limit below 0',
    (value: Json) => {
      value['limit'] = -1
    },
    (c) => c.post('/store/items/search'),
  ],
  [
    'store:delete',
    'a namespace of numbers',
    (value: Json) => {
      value['namespace'] = [1]
    },
    (c) => c.call('DELETE', '/store/items', item),
  ],
]

describe('what a handler leaves is checked before it is used', () => {
  it.each(REFUSED)('%s: %s', async (event, _, change, act) => {
    server.use(changing(event, change))
    const reply = await act(alice)
    expect(reply.status).toBe(500)
    expect(reply.json()).toEqual({ detail: expect.stringMatching(/^Internal Server Error \(request [0-9a-f-]{36}\)$/) })
    expect(server.records.at(-1)?.trace.problem).toBeTruthy()
  })

  it('a run that could not be created leaves its thread idle', async () => {
    const thread = await alice.thread()
    const change = (value: Json) => {
      value['kwargs'] = { config: {}, input: circular }
    }
    server.use(changing('threads:create_run', change))
    expect((await alice.post(`/threads/${thread}/runs`, { assistant_id: 'echo' })).status).toBe(500)
    expect((await alice.get(`/threads/${thread}`)).json()).toMatchObject({ status: 'idle', metadata: {} })
  })
})

describe('the events of a request, in order', () => {
  const ROWS: readonly [
    string,
    (ids: { thread: string; run: string; assistant: string }) => [string, string, Json?],
    string[],
  ][] = [
    [
      'create with state',
      () => [
        'POST',
        '/threads',
        { metadata: { graph_id: 'echo' }, supersteps: [{ updates: [{ values: {}, as_node: '__start__' }] }] },
      ],
      ['threads:create', 'threads:update', 'threads:read'],
    ],
    ['copy', ({ thread }) => ['POST', `/threads/${thread}/copy`], ['threads:read', 'threads:create']],
    [
      'state',
      ({ thread }) => ['POST', `/threads/${thread}/state`, { values: {}, as_node: 'echo' }],
      ['threads:update', 'threads:read'],
    ],
    ['history', ({ thread }) => ['GET', `/threads/${thread}/history`], ['threads:read']],
    ['run', ({ thread }) => ['POST', `/threads/${thread}/runs`, { assistant_id: 'echo' }], ['threads:create_run']],
    [
      'run and stream',
      ({ thread }) => ['POST', `/threads/${thread}/runs/stream`, { assistant_id: 'echo' }],
      ['threads:create_run', 'threads:read'],
    ],
    [
      'run of an assistant',
      ({ assistant }) => ['POST', '/runs/wait', { assistant_id: assistant }],
      ['threads:create_run', 'assistants:read', 'threads:read'],
    ],
    ['list runs', ({ thread }) => ['GET', `/threads/${thread}/runs`], ['threads:search', 'threads:read']],
    ['delete a run', ({ thread, run }) => ['DELETE', `/threads/${thread}/runs/${run}`], ['threads:delete']],
    ['cancel', ({ thread, run }) => ['POST', `/threads/${thread}/runs/${run}/cancel`], ['threads:update']],
    ['join by the run alone', ({ run }) => ['GET', `/runs/${run}/stream`], ['threads:read']],
    ['latest', ({ assistant }) => ['POST', `/assistants/${assistant}/latest`, { version: 1 }], ['assistants:update']],
    ['count assistants', () => ['POST', '/assistants/count', {}], ['assistants:search']],
  ]

  it.each(ROWS)('%s', async (_, requestOf, expected) => {
    server.use(ownerOnly())
    const thread = await alice.thread()
    const assistant = await alice.assistant({ graph_id: 'echo' })
    const { run_id } = (await alice.post(`/threads/${thread}/runs`, { assistant_id: 'echo', input: {} })).json()
    await alice.get(`/threads/${thread}/runs/${run_id}/join`)
    const [method, path, body] = requestOf({ thread, assistant, run: String(run_id) })
    const reply = await alice.call(method, path, body)
    expect(reply.status, reply.text).toBeLessThan(300)
    const record = server.records.findLast((one) => one.path === path && one.method === method)
    expect(record?.trace.events.map(({ event }) => event)).toEqual(expected)
  })
})
