import { Annotation, entrypoint, getStore, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph'
import { InMemoryStore } from '@langchain/langgraph-checkpoint'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Auth } from '../../../src/engine/auth.js'
import { createEngine } from '../../../src/engine/engine.js'
import { HTTPException } from '../../../src/engine/http-exception.js'
import { rulesFrom } from '../../../src/engine/rules.js'
import { systemScope } from '../../../src/engine/scope.js'
import { createTrace } from '../../../src/engine/trace.js'
import { userFrom } from '../../../src/engine/user.js'
import type { GraphSource } from '../../../src/runtime/graphs/graph-registry.js'
import type { RunRecord } from '../../../src/runtime/runs/run-record.js'
import { DEFAULT_SETTINGS, type RuntimeSettings } from '../../../src/runtime/settings.js'
import { createGraphStore } from '../../../src/runtime/store/graph-store.js'
import { createStoreAccess } from '../../../src/runtime/store/store-access.js'
import { openSqliteStorage } from '../../../src/storage/sqlite/open.js'
import type { Storage } from '../../../src/storage/storage.js'
import { namesOnly, ownerOnly } from '../../support/auth.js'
import type { Json } from '../../support/client.js'
import { open, type TestServer } from '../../support/server.js'

const everything = systemScope('test')

const State = Annotation.Root({ steps: Annotation<Json[]>, results: Annotation<unknown[]> })
type StateOf = typeof State.State
type GraphStore = NonNullable<LangGraphRunnableConfig['store']>

/** One operation on the store, as a client asks for it. */
function perform(store: GraphStore, { op, ns = [], key = '', value, ...options }: Json): Promise<unknown> {
  const namespace = ns as string[]
  switch (op) {
    case 'put':
      return store.put(namespace, String(key), value as Json)
    case 'get':
      return store.get(namespace, String(key))
    case 'delete':
      return store.delete(namespace, String(key))
    case 'search':
      return store.search(namespace, options)
    case 'list': {
      // LangGraph gives a node a wrapper that passes on get, search, put and delete, and nothing else.
      const { store: ours } = store as unknown as { store: GraphStore }
      return ours.listNamespaces({ prefix: namespace, ...options })
    }
    default:
      throw new Error(`no operation ${op}`)
  }
}

async function performAll(store: GraphStore | undefined, steps: readonly Json[]): Promise<unknown[]> {
  if (!store) throw new Error('There is no store.')
  const results: unknown[] = []
  for (const step of steps) results.push((await perform(store, step)) ?? null)
  return results
}

const direct = new StateGraph(State)
  .addNode('use', async ({ steps }: StateOf, config: LangGraphRunnableConfig) => ({
    results: await performAll(config.store, steps),
  }))
  .addEdge(START, 'use')
  // A store that the project gave: ours takes its place, or the rules would not be asked.
  .compile({ store: new InMemoryStore() })

const ambient = new StateGraph(State)
  .addNode('use', async ({ steps }: StateOf) => ({ results: await performAll(getStore() as GraphStore, steps) }))
  .addEdge(START, 'use')
  .compile()

const nested = new StateGraph(State).addNode('child', direct).addEdge(START, 'child').compile()

const called = new StateGraph(State)
  .addNode('call', async ({ steps }: StateOf) => ({ results: (await direct.invoke({ steps })).results }))
  .addEdge(START, 'call')
  .compile()

const functional = entrypoint('functional', async ({ steps }: StateOf, config: LangGraphRunnableConfig) => ({
  results: await performAll(config.store, steps),
}))

const catching = new StateGraph(State)
  .addNode('use', async ({ steps }: StateOf, { store }: LangGraphRunnableConfig) => {
    const caught = (error: unknown) => (error as { code: string; message: string; status: number }).code
    const results: unknown[] = []
    for (const step of steps) results.push((await perform(store as GraphStore, step).catch(caught)) ?? null)
    return { results }
  })
  .addEdge(START, 'use')
  .compile()

const COMPILED = { direct, ambient, nested, called, functional, catching }
const graphs = Object.fromEntries(
  Object.entries(COMPILED).map(([id, graph]): [string, GraphSource] => [id, { load: async () => graph as never }]),
)

const runs: RunRecord[] = []
let settings: RuntimeSettings = DEFAULT_SETTINGS
let server: TestServer
beforeAll(async () => {
  server = await open({
    graphs,
    settings: {
      get store() {
        return settings.store
      },
    },
    onRun: (record) => runs.push(record),
  })
})
afterAll(() => server.close())
beforeEach(async () => {
  settings = DEFAULT_SETTINGS
  const items = await server.runtime.storage.items.search(
    everything,
    { namespacePrefix: [] },
    { limit: 1000, offset: 0 },
  )
  for (const { namespace, key } of items) await server.runtime.storage.items.delete(everything, namespace, key)
  runs.length = 0
})

/** Runs a graph that does this with the store, and answers with what came of it. */
async function use(user: string, steps: readonly Json[], graph = 'direct'): Promise<Json> {
  const reply = await server.as(user).post('/runs/wait', { assistant_id: graph, input: { steps } })
  expect(reply.status, reply.text).toBe(200)
  const answer = reply.json()
  return (answer['__error__'] as Json | undefined) ?? answer
}

const results = async (...use_: Parameters<typeof use>) => (await use(...use_))['results'] as Json[]
const keys = (found: unknown) => (found as Json[]).map(({ key }) => key)

/** Everyone has a corner of the store, and cannot see that there are others. */
const rewriting = () =>
  namesOnly().on('store', ({ value, user }) => {
    value.namespace = [user.identity, ...(value.namespace ?? [])]
  })

const filtering = () =>
  namesOnly()
    .on('store', ({ user }) => ({ owner: user.identity }))
    .on('store:put', ({ value, user }) => {
      value.value['owner'] = user.identity
      return { owner: user.identity }
    })

const note = { op: 'put', ns: ['notes'], key: 'k', value: { text: 'canary' } }
const LOOKS: readonly Json[] = [
  { op: 'get', ns: ['notes'], key: 'k' },
  { op: 'search', ns: [] },
  { op: 'search', ns: ['notes'], filter: { text: 'canary' } },
  { op: 'search', ns: [], query: 'canary' },
  { op: 'list', ns: [] },
  { op: 'list', ns: ['*'] },
]

describe('the rules hold in a graph', () => {
  it.each<[string, () => Auth, readonly string[]]>([
    ['that rewrite the namespace', rewriting, ['alice', 'notes']],
    ['that return a filter', filtering, ['notes']],
  ])('%s', async (_, auth, namespace) => {
    server.use(auth())
    expect(await use('alice', [note])).toMatchObject({ results: [null] })
    // To Bob it looks as it would if nothing were there.
    const nothing = [null, [], [], [], [], []]
    expect(await results('bob', LOOKS)).toEqual(nothing)
    await results('bob', [{ op: 'delete', ns: ['notes'], key: 'k' }])
    const [got, all, filtered, searched, listed, wild] = await results('alice', LOOKS)
    expect(got).toMatchObject({ namespace, key: 'k', value: { text: 'canary' } })
    expect([all, filtered, searched].map(keys)).toEqual([['k'], ['k'], ['k']])
    expect([listed, wild]).toEqual([[namespace], [namespace]])
    expect(await results('alice', [{ op: 'delete', ns: ['notes'], key: 'k' }, ...LOOKS])).toEqual([null, ...nothing])
  })

  it('is the same store over HTTP and in a graph', async () => {
    server.use(rewriting())
    await use('alice', [note])
    const [item] = (await server.as('alice').post('/store/items/search')).json<{ items: Json[] }>().items
    expect(item).toMatchObject({ namespace: ['alice', 'notes'], key: 'k' })
    await server.as('alice').call('PUT', '/store/items', { namespace: ['web'], key: 'w', value: { from: 'http' } })
    const [got] = await results('alice', [{ op: 'get', ns: ['web'], key: 'w' }])
    expect(got).toMatchObject({ value: { from: 'http' }, createdAt: expect.stringMatching(/^\d{4}-.*Z$/) })
  })

  it.each(Object.keys(COMPILED))('however the graph comes by the store: %s', async (graph) => {
    server.use(rewriting())
    await use('alice', [note], graph)
    const [, bobs] = await results('bob', LOOKS, graph)
    const [, mine] = await results('alice', LOOKS, graph)
    expect([keys(bobs), keys(mine)]).toEqual([[], ['k']])
    const stored = await server.runtime.storage.items.get(everything, ['alice', 'notes'], 'k')
    expect(stored?.value).toEqual({ text: 'canary' })
  })

  it('allow what no handler covers', async () => {
    server.use(namesOnly())
    await use('alice', [note])
    expect((await results('bob', LOOKS))[0]).toMatchObject({ value: { text: 'canary' } })
    const decisions = runs.flatMap(({ trace }) => trace.events.map(({ event, decision }) => [event, decision?.kind]))
    expect(decisions).toContainEqual(['store:put', 'allow-all'])
  })

  it('write their decisions into the trace of the run', async () => {
    server.use(rewriting())
    await use('alice', [note])
    const [put] = runs.flatMap(({ trace }) => trace.events)
    expect(put).toMatchObject({ event: 'store:put', handler: 'store', changes: ['namespace'] })
  })
})

describe('an operation that is refused', () => {
  it.each<[string, Json]>([
    ['store:put', note],
    ['store:get', { op: 'get', ns: ['alice'], key: 'k' }],
    ['store:search', { op: 'search', ns: ['alice'] }],
    ['store:search', { op: 'search', ns: [] }],
    ['store:list_namespaces', { op: 'list', ns: ['*'] }],
    ['store:delete', { op: 'delete', ns: ['alice'], key: 'k' }],
  ])('ends the run, which names it: %s', async (event, step) => {
    server.use(ownerOnly())
    await use('alice', [{ ...note, ns: ['alice'] }])
    expect(await use('bob', [step])).toEqual({ error: 'forbidden', message: `${event} failed: Not your namespace` })
    expect(await server.runtime.storage.items.get(everything, ['alice'], 'k')).toBeDefined()
    expect(runs.at(-1)).toMatchObject({ status: 'error', thrown: { code: 'forbidden' } })
  })

  it('can be caught, and the graph goes on', async () => {
    server.use(ownerOnly())
    const mine = { op: 'put', ns: ['bob'], key: 'k', value: {} }
    expect(await results('bob', [note, mine, { op: 'get', ns: ['bob'], key: 'k' }], 'catching')).toMatchObject([
      'forbidden',
      null,
      { key: 'k' },
    ])
  })

  it('looks the same where a hidden item has the place of a new one as over HTTP', async () => {
    server.use(filtering())
    await use('alice', [note])
    expect(await results('bob', [note], 'catching')).toEqual(['not_found'])
  })

  it('does not tell the client what is wrong with a handler', async () => {
    server.use(
      namesOnly().on('store', () => {
        throw new Error('secret of the handler')
      }),
    )
    expect(await use('alice', [note])).toEqual({
      error: 'handler_failed',
      message: 'store:put failed: Internal Server Error',
    })
    server.use(namesOnly().on('store', () => ({ owner: undefined }) as never))
    expect(await use('alice', [note])).toMatchObject({ message: 'store:put failed: Internal Server Error' })
  })

  it.each<[string, Json]>([
    ['a label with NUL', { ...note, ns: ['a\0b'] }],
    ['an operator', { op: 'search', ns: [], filter: { a: { $regex: 'x' } } }],
    ['NUL in a value', { ...note, value: { text: '\0' } }],
  ])('may be refused by the store itself: %s', async (_, step) => {
    server.use(namesOnly())
    expect((await use('alice', [step]))['error']).toMatch(/invalid_request|InvalidNamespaceError/)
  })
})

describe('langgraph.json', () => {
  it('may let graphs reach the whole store, and requests still do not', async () => {
    server.use(ownerOnly())
    await use('alice', [{ ...note, ns: ['alice'] }])
    settings = { ...DEFAULT_SETTINGS, store: { unscopedInGraphs: true } }
    const [all] = await results('bob', [{ op: 'search', ns: [] }])
    expect(keys(all)).toEqual(['k'])
    const [event] = runs.at(-1)?.trace.events ?? []
    expect(event).toMatchObject({ event: 'store:search', decision: { kind: 'allow-all' } })
    expect((await server.as('bob').post('/store/items/search')).status).toBe(403)
  })
})

describe('createGraphStore', () => {
  let storage: Storage
  beforeAll(async () => {
    storage = await openSqliteStorage(':memory:')
  })
  afterAll(() => storage.close())

  const access = () => createStoreAccess({ items: storage.items, settings: () => DEFAULT_SETTINGS.store })
  const storeOf = (identity: string, auth: Auth) => {
    const engine = createEngine({ rules: rulesFrom(auth) })
    const caller = engine.callerFor(userFrom({ identity }), createTrace('t'))
    return { caller, store: createGraphStore({ access: access(), caller: () => caller, unscoped: false }) }
  }

  it('refuses everything while the rules are broken', async () => {
    const store = createGraphStore({ access: access(), caller: () => undefined, unscoped: false })
    const refused = { code: 'auth_file_broken', message: expect.stringContaining("can't be asked") }
    await expect(store.get(['a'], 'k')).rejects.toMatchObject(refused)
    await expect(store.put(['a'], 'k', {})).rejects.toMatchObject(refused)
    await expect(store.search([])).rejects.toMatchObject(refused)
    await expect(store.listNamespaces()).rejects.toMatchObject(refused)
    await expect(store.delete(['a'], 'k')).rejects.toMatchObject(refused)
    expect(await storage.items.search(everything, { namespacePrefix: [] }, { limit: 1, offset: 0 })).toEqual([])
  })

  it('needs no rules where langgraph.json opens it', async () => {
    const store = createGraphStore({ access: access(), caller: () => undefined, unscoped: true })
    await store.put(['a'], 'k', { n: 1 })
    expect(await store.get(['a'], 'k')).toMatchObject({ value: { n: 1 } })
    await store.delete(['a'], 'k')
  })

  it('refuses who is nobody', async () => {
    const engine = createEngine({ rules: rulesFrom(namesOnly()) })
    const caller = engine.callerFor(undefined, createTrace('t'))
    const store = createGraphStore({ access: access(), caller: () => caller, unscoped: false })
    await expect(store.get(['a'], 'k')).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('does a batch in order, with results in order', async () => {
    const { store } = storeOf('alice', namesOnly())
    const at = { namespace: ['batch'], key: 'k' }
    const done = await store.batch([
      { ...at, value: { n: 1 } },
      at,
      { ...at, value: { n: 2 } },
      { namespacePrefix: ['batch'], filter: { n: { $gt: 1 } } },
      { matchConditions: [{ matchType: 'suffix', path: ['batch'] }], limit: 10, offset: 0 },
      { ...at, value: null },
      at,
    ])
    expect(done).toMatchObject([
      undefined,
      { value: { n: 1 } },
      undefined,
      [{ value: { n: 2 } }],
      [['batch']],
      undefined,
      null,
    ])
    expect(done[1]).toMatchObject({ createdAt: expect.any(Date), updatedAt: expect.any(Date) })
  })

  it('stops a batch at what is refused', async () => {
    const { store } = storeOf('alice', ownerOnly())
    const put = (owner: string, key: string) => ({ namespace: [owner], key, value: {} })
    const batch = store.batch([put('alice', 'one'), put('bob', 'two'), put('alice', 'three')])
    await expect(batch).rejects.toMatchObject({ code: 'forbidden', message: 'store:put failed: Not your namespace' })
    expect(await store.batch([{ namespace: ['alice'], key: 'one' }])).not.toEqual([null])
    expect(await store.batch([{ namespace: ['alice'], key: 'three' }])).toEqual([null])
  })

  it('stores what JSON keeps of a value, and leaves the value of the graph as it is', async () => {
    const { store } = storeOf('alice', rewritingValue())
    const value = { at: new Date(0), nothing: undefined, list: [1], deep: { a: 1 } }
    await store.put(['json'], 'k', value)
    expect(value).toEqual({ at: new Date(0), nothing: undefined, list: [1], deep: { a: 1 } })
    expect((await store.get(['json'], 'k'))?.value).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      list: [1],
      deep: { a: 1 },
      stamped: 'alice',
    })
  })

  it.each<[string, (store: ReturnType<typeof storeOf>['store']) => Promise<unknown>]>([
    ['a value that is a list', (store) => store.put(['n'], 'k', [] as never)],
    ['an empty key', (store) => store.put(['n'], '', {})],
    ['a limit below 0', (store) => store.search([], { limit: -1 })],
    ['a filter that is a text', (store) => store.search([], { filter: 'x' as never })],
    [
      'two prefixes',
      (store) => {
        const condition = { matchType: 'prefix' as const, path: ['a'] }
        return store.batch([{ matchConditions: [condition, condition], limit: 1, offset: 0 }])
      },
    ],
    [
      'a namespace with a dot, past the checks of LangGraph',
      (store) => store.batch([{ namespace: ['a.b'], key: 'k' }]),
    ],
  ])('refuses %s', async (_, act) => {
    const { store, caller } = storeOf('alice', namesOnly())
    await expect(act(store)).rejects.toMatchObject({ code: 'invalid_request' })
    expect(caller.trace.events).toEqual([])
  })
})

function rewritingValue() {
  return namesOnly().on('store:put', ({ value, user }) => {
    if (user.identity === 'nobody') throw new HTTPException(403)
    value.value['stamped'] = user.identity
  })
}
