import { Client as Sdk1 } from '@langchain/langgraph-sdk'
import { Client as Sdk2 } from 'langgraph-sdk-2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemScope } from '../../src/engine/scope.js'
import { DEFAULT_SETTINGS, type StoreSettings } from '../../src/runtime/settings.js'
import { namesOnly, ownerOnly } from '../support/auth.js'
import type { Client, Json } from '../support/client.js'
import { open, type TestServer } from '../support/server.js'

const everything = systemScope('test')

/** Which of these words a text holds: near in meaning is what shares many of them. */
const VOCABULARY = ['apple', 'banana', 'fruit', 'car', 'train', 'city']
const embedded: string[][] = []
const bagOfWords = {
  dims: VOCABULARY.length,
  async embed(texts: readonly string[]) {
    embedded.push([...texts])
    return texts.map((text) => VOCABULARY.map((word) => (text.toLowerCase().includes(word) ? 1 : 0)))
  },
}

let store: StoreSettings
let server: TestServer
let alice: Client
let bob: Client
beforeAll(async () => {
  server = await open({
    settings: {
      get store() {
        return store
      },
    },
  })
  alice = server.as('alice')
  bob = server.as('bob')
})
afterAll(() => server.close())
beforeEach(async () => {
  store = DEFAULT_SETTINGS.store
  server.use(ownerOnly())
  embedded.length = 0
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2030-01-01T00:00:00Z') })
  const { items } = server.runtime.storage
  await items.sweep(everything, '9999')
  const rest = await items.search(everything, { namespacePrefix: [] }, { limit: 1000, offset: 0 })
  for (const { namespace, key } of rest) await items.delete(everything, namespace, key)
})
afterEach(() => {
  vi.useRealTimers()
})

const minutes = (count: number) => vi.setSystemTime(Date.now() + count * 60_000)

async function put(key: string, value: Json, more: Json = {}, client = alice) {
  const reply = await client.call('PUT', '/store/items', { namespace: ['alice'], key, value, ...more })
  expect(reply.status, reply.text).toBe(204)
}

async function search(body: Json = {}, client = alice): Promise<Json[]> {
  const reply = await client.post('/store/items/search', { namespace_prefix: ['alice'], ...body })
  expect(reply.status, reply.text).toBe(200)
  return reply.json<{ items: Json[] }>().items
}

const keys = (items: readonly Json[]) => items.map(({ key }) => key)
const get = async (key: string, more = '') => (await alice.get(`/store/items?namespace=alice&key=${key}${more}`)).json()

describe('text search', () => {
  it.each<[string, StoreSettings['index'], Json, string, boolean]>([
    ['looks at all values', undefined, {}, 'apples', true],
    ['looks into lists and objects', undefined, {}, 'paris', true],
    ['looks at numbers', undefined, {}, '42', true],
    ['does not look at names of fields', undefined, {}, 'title', false],
    ['does not look at the key', undefined, {}, 'k1', false],
    ['wants every word', undefined, {}, 'apples nowhere', false],
    ['knows no case', undefined, {}, 'APPLES pears', true],
    ['looks at the fields of langgraph.json', { fields: ['title'] }, {}, 'apples', true],
    ['looks at no other field', { fields: ['title'] }, {}, 'pears', false],
    ['follows paths', { fields: ['meta.places[*].name'] }, {}, 'paris', true],
    ['finds nothing at a path that leads nowhere', { fields: ['meta.missing[*].name'] }, {}, 'paris', false],
    ['looks at the fields that the item names', { fields: ['title'] }, { index: ['body'] }, 'pears', true],
    ['and then at no other', { fields: ['title'] }, { index: ['body'] }, 'apples', false],
    ['passes by an item that is not to be indexed', undefined, { index: false }, 'apples', false],
    ['takes null for nothing said', { fields: ['title'] }, { index: null }, 'apples', true],
  ])('%s', async (_, index, more, query, expected) => {
    store = { ...store, ...(index ? { index } : {}) }
    await put('k1', { title: 'Apples', body: 'and pears', n: 42, meta: { places: [{ name: 'Paris' }] } }, more)
    expect(keys(await search({ query }))).toEqual(expected ? ['k1'] : [])
    expect(keys(await search())).toEqual(['k1'])
  })
})

describe('search by meaning', () => {
  beforeEach(() => {
    store = { ...store, index: { fields: ['text', 'tags[*]'], embedding: bagOfWords } }
  })

  it('puts the nearest first, with its score', async () => {
    await put('apple', { text: 'an apple is a fruit' })
    await put('car', { text: 'a car in the city' })
    await put('both', { text: 'a train', tags: ['city', 'fruit'] })
    await put('none', { text: 'nothing of the kind' })
    await put('out', { text: 'an apple is a fruit' }, { index: false })
    const found = await search({ query: 'fruit' })
    expect(keys(found)).toEqual(['both', 'apple', 'car'])
    expect(found.map(({ score }) => Number((score as number).toFixed(2)))).toEqual([1, 0.71, 0])
    expect(keys(await search({ query: 'fruit', limit: 1, offset: 1 }))).toEqual(['apple'])
    expect(keys(await search({ query: 'fruit', filter: { text: 'a train' } }))).toEqual(['both'])
    expect(embedded.at(-1)).toEqual(['fruit'])
    expect((await search())[0]).not.toHaveProperty('score')
  })

  it('embeds each part of an item once, and nothing where there is none', async () => {
    await put('k', { text: 'a', tags: ['b', 'a', 'c'] })
    await put('empty', { other: 'x' })
    await put('out', { text: 'x' }, { index: false })
    expect(embedded).toEqual([['a', 'b', 'c']])
  })

  it('forgets what an item meant before', async () => {
    await put('k', { text: 'apple' })
    await put('k', { text: 'car' })
    expect((await search({ query: 'apple' }))[0]).toMatchObject({ score: 0 })
    await put('k', { text: 'apple' }, { index: false })
    expect(await search({ query: 'apple' })).toEqual([])
  })

  it.each([
    ['a filter', namesOnly().on('store', ({ user }) => ({ owner: user.identity }))],
    [
      'a rewritten namespace',
      namesOnly().on('store', ({ value, user }) => {
        value.namespace = [user.identity, ...(value.namespace ?? [])]
      }),
    ],
  ])('is not influenced by what is hidden, by %s', async (_, auth) => {
    server.use(auth)
    const bobs = async () => {
      const whole = await search({ query: 'apple fruit', namespace_prefix: [] }, bob)
      const second = await search({ query: 'apple fruit', namespace_prefix: [], limit: 1, offset: 1 }, bob)
      return [whole.map(({ key, score }) => [key, score]), keys(second)]
    }
    for (const key of ['x', 'y']) {
      await put(key, { owner: 'bob', text: key === 'x' ? 'apple' : 'car' }, { namespace: ['bobs'] }, bob)
    }
    const before = await bobs()
    expect(before[0]).toHaveLength(2)
    for (const key of ['a', 'b', 'c']) {
      await put(key, { owner: 'alice', text: 'apple fruit' }, { namespace: ['shared'] }, alice)
    }
    expect(await bobs()).toEqual(before)
  })

  it.each<[string, (texts: readonly string[]) => unknown]>([
    ['throws', () => Promise.reject(new Error('the key of the provider is sk-secret'))],
    ['returns too few vectors', () => []],
    ['returns vectors of another size', (texts) => texts.map(() => [1])],
    ['returns no numbers', (texts) => texts.map(() => VOCABULARY.map(() => Number.NaN))],
  ])('is a 500 without details where the function %s, and nothing is stored', async (_, embed) => {
    const broken = async (texts: readonly string[]) => embed(texts) as number[][]
    store = { ...store, index: { fields: ['$'], embedding: { dims: VOCABULARY.length, embed: broken } } }
    const reply = await alice.call('PUT', '/store/items', { namespace: ['alice'], key: 'k', value: { text: 'a' } })
    expect(reply.status).toBe(500)
    expect(reply.text).not.toMatch(/secret|embed/)
    expect(server.records.at(-1)?.trace.problem).toMatch(/embed|sk-secret/)
    expect(await get('k')).toBeNull()
  })

  it('asks the function about nothing that the rules refuse', async () => {
    const item = { namespace: ['alice'], key: 'k', value: { text: 'apple' } }
    expect((await bob.call('PUT', '/store/items', item)).status).toBe(403)
    expect((await bob.post('/store/items/search', { namespace_prefix: ['alice'], query: 'apple' })).status).toBe(403)
    expect(embedded).toEqual([])
  })
})

describe('time to live', () => {
  const ttl = (defaultMinutes: number | undefined, refreshOnRead: boolean) => {
    store = { ...store, ttl: { ...(defaultMinutes === undefined ? {} : { defaultMinutes }), refreshOnRead } }
  }
  const read = {
    get: () => get('k'),
    'get that refreshes': () => get('k', '&refresh_ttl=true'),
    'get that does not': () => get('k', '&refresh_ttl=false'),
    search: () => search(),
    'search that refreshes': () => search({ refresh_ttl: true }),
    'search that does not': () => search({ refresh_ttl: false }),
    'a list of namespaces': () => alice.post('/store/namespaces', { prefix: ['alice'] }),
  }

  it.each<[string, number | undefined, Json, number, boolean]>([
    ['nothing said lives for ever', undefined, {}, 1e6, true],
    ['its own', undefined, { ttl: 5 }, 5, false],
    ['a fraction of a minute', undefined, { ttl: 0.5 }, 0.5, false],
    ['the default of langgraph.json', 10, {}, 10, false],
    ['until then it is there', 10, {}, 9.9, true],
    ['its own before the default', 10, { ttl: 20 }, 15, true],
    ['null: for ever, whatever the default', 10, { ttl: null }, 1e6, true],
  ])('%s', async (_, defaultMinutes, more, later, there) => {
    ttl(defaultMinutes, false)
    await put('k', { text: 'apple' }, more)
    minutes(later)
    expect(keys(await search())).toEqual(there ? ['k'] : [])
    expect((await get('k')) !== null).toBe(there)
  })

  it.each<[keyof typeof read, boolean | undefined, boolean]>([
    ['get', undefined, true],
    ['search', undefined, true],
    ['get', true, true],
    ['get', false, false],
    ['search', false, false],
    ['get that refreshes', false, true],
    ['get that does not', true, false],
    ['search that refreshes', false, true],
    ['search that does not', undefined, false],
    ['a list of namespaces', true, false],
  ])('%s, with refresh_on_read %s, begins it anew: %s', async (how, refreshOnRead, lives) => {
    if (refreshOnRead !== undefined) ttl(undefined, refreshOnRead)
    await put('k', { text: 'apple' }, { ttl: 10 })
    minutes(8)
    await read[how]()
    minutes(8)
    expect((await get('k')) !== null).toBe(lives)
  })
})

describe('the rules', () => {
  const seen: Json[] = []
  const watching = () =>
    namesOnly().on('store', ({ event, value }) => {
      seen.push({ event, ...structuredClone(value) })
    })

  it.each<[string, (client: Client) => Promise<unknown>, Json]>([
    [
      'store:put',
      () => put('k', { a: 1 }, { index: ['a'], ttl: 5 }),
      { namespace: ['alice'], key: 'k', value: { a: 1 }, index: ['a'], ttl: 5 },
    ],
    ['store:put', () => put('k', {}, { index: false, ttl: null }), { index: false, ttl: null }],
    ['store:get', () => get('k', '&refresh_ttl=1'), { namespace: ['alice'], key: 'k', refresh_ttl: true }],
    ['store:get', () => get('k', '&refresh_ttl=0'), { refresh_ttl: false }],
    [
      'store:search',
      () => search({ query: 'x', filter: { a: 1 }, refresh_ttl: false, offset: 2 }),
      { namespace: ['alice'], query: 'x', filter: { a: 1 }, refresh_ttl: false, limit: 10, offset: 2 },
    ],
    [
      'store:list_namespaces',
      (client) => client.post('/store/namespaces', { prefix: ['a', '*'], suffix: ['b'], max_depth: 2 }),
      { namespace: ['a', '*'], suffix: ['b'], max_depth: 2, limit: 100, offset: 0 },
    ],
  ])('are told what is asked for: %s', async (event, act, expected) => {
    server.use(watching())
    seen.length = 0
    await act(alice)
    expect(seen).toEqual([expect.objectContaining({ event, ...expected })])
  })

  it('may set how long an item lives, and what is indexed of it', async () => {
    server.use(
      namesOnly().on('store:put', ({ value }) => {
        value.ttl = 1
        value.index = ['title']
      }),
    )
    await put('k', { title: 'apple', body: 'banana' })
    expect(keys(await search({ query: 'apple', refresh_ttl: false }))).toEqual(['k'])
    expect(keys(await search({ query: 'banana', refresh_ttl: false }))).toEqual([])
    minutes(1)
    expect(await search()).toEqual([])
  })

  it('may keep a read from counting, and narrow what is listed', async () => {
    server.use(
      namesOnly()
        .on('store:get', ({ value }) => {
          value.refresh_ttl = false
        })
        .on('store:list_namespaces', ({ value }) => {
          value.suffix = ['b']
          value.max_depth = 1
          value.limit = 1
        }),
    )
    await put('k', {}, { ttl: 10 })
    minutes(6)
    await get('k', '&refresh_ttl=true')
    minutes(6)
    expect(await get('k')).toBeNull()
    for (const namespace of [['x', 'b'], ['y', 'b'], ['z']]) await put('k', {}, { namespace })
    expect((await alice.post('/store/namespaces')).json()).toEqual({ namespaces: [['x']] })
  })

  const bad: [string, string, (value: Json) => void, (client: Client) => Promise<{ status: number }>][] = []
  const putIt = (client: Client) =>
    client.call('PUT', '/store/items', { namespace: ['alice'], key: 'k', value: { owner: 'alice' } })
  const list = (client: Client) => client.post('/store/namespaces')
  const find = (client: Client) => client.post('/store/items/search')
  for (const [event, what, part, left, act] of [
    ['store:put', 'a label with a dot', 'namespace', ['al.ice'], putIt],
    ['store:put', 'a label with NUL', 'namespace', ['al\0ice'], putIt],
    ['store:put', 'a ttl of 0', 'ttl', 0, putIt],
    ['store:put', 'a ttl that is a text', 'ttl', '5', putIt],
    ['store:put', 'an index of numbers', 'index', [1], putIt],
    ['store:put', 'NUL in the value', 'value', { a: '\0' }, putIt],
    ['store:search', 'a query that is no text', 'query', { $like: 'x' }, find],
    ['store:search', 'a refresh_ttl that is a text', 'refresh_ttl', 'no', find],
    ['store:list_namespaces', 'a depth of 0', 'max_depth', 0, list],
    ['store:list_namespaces', 'a suffix that is a text', 'suffix', 'b', list],
    ['store:list_namespaces', 'an identity that is a wildcard', 'namespace', ['*'], list],
    ['store:list_namespaces', 'a suffix that is a wildcard', 'suffix', ['*'], list],
  ] as const) {
    const change = (value: Json) => {
      value[part] = left
    }
    bad.push([event, what, change, act])
  }
  it.each(bad)('leave nothing unusable: %s, %s', async (event, _, change, act) => {
    server.use(
      namesOnly().on(event as 'store', ({ value }) => {
        change(value as never)
      }),
    )
    expect((await act(alice)).status).toBe(500)
    expect(server.records.at(-1)?.trace.problem).toMatch(/The handler of store:\w+ left/)
    const stored = await server.runtime.storage.items.search(
      everything,
      { namespacePrefix: [] },
      { limit: 1, offset: 0 },
    )
    expect(stored).toEqual([])
  })

  it.each<[string, Json, Json, number]>([
    ['is stored where it satisfies the filter', { key: 'new', value: { owner: 'bob' } }, {}, 204],
    ['is refused where its own caller would not see it', { key: 'new', value: { owner: 'alice' } }, {}, 403],
    ['is not found where a hidden one has its place', { key: 'k', value: { owner: 'bob' } }, {}, 404],
    ['takes a place whose item is over its time', { key: 'k', value: { owner: 'bob' } }, { ttl: 1 }, 204],
  ])('hold their filter against a new item: it %s', async (_, item, more, status) => {
    server.use(namesOnly().on('store', ({ user }) => ({ owner: user.identity })))
    await put('k', { owner: 'alice' }, { namespace: ['shared'], ...more })
    minutes(2)
    expect((await bob.call('PUT', '/store/items', { namespace: ['shared'], ...item })).status).toBe(status)
    const stored = await server.runtime.storage.items.get(everything, ['shared'], String(item['key']))
    expect(stored?.value).toEqual(status === 204 ? { owner: 'bob' } : status === 404 ? { owner: 'alice' } : undefined)
  })

  it('let wildcards of the caller be', async () => {
    server.use(ownerOnly())
    await put('k', {}, { namespace: ['alice', 'x', 'y'] })
    const reply = await alice.post('/store/namespaces', { prefix: ['alice', '*', 'y'] })
    expect(reply.json()).toEqual({ namespaces: [['alice', 'x', 'y']] })
  })
})

describe('what is not understood is a 422', () => {
  const item = { namespace: ['alice'], key: 'k', value: {} }
  it.each<[string, string, string, unknown]>([
    ['a ttl of 0', 'PUT', '/store/items', { ...item, ttl: 0 }],
    ['a ttl below 0', 'PUT', '/store/items', { ...item, ttl: -1 }],
    ['a ttl that is a text', 'PUT', '/store/items', { ...item, ttl: '5' }],
    ['an index of true', 'PUT', '/store/items', { ...item, index: true }],
    ['an index of numbers', 'PUT', '/store/items', { ...item, index: [1] }],
    ['an empty path', 'PUT', '/store/items', { ...item, index: [''] }],
    ['too many paths', 'PUT', '/store/items', { ...item, index: Array(51).fill('a') }],
    ['a half of a surrogate pair', 'PUT', '/store/items', { ...item, value: { a: '\ud800' } }],
    ['NUL in a name', 'PUT', '/store/items', { ...item, value: { 'a\0': 1 } }],
    ['a label with NUL', 'GET', '/store/items?namespace=a%00b&key=k', undefined],
    ['an empty key', 'GET', '/store/items?namespace=alice&key=', undefined],
    ['a filter of 201 parts', 'POST', '/store/items/search', { filter: { a: Array(200).fill(1) } }],
    ['a label with a dot', 'POST', '/store/items/search', { namespace_prefix: ['a.b'] }],
    ['a refresh_ttl that is a text', 'POST', '/store/items/search', { refresh_ttl: 'yes' }],
    ['a prefix that is a text', 'POST', '/store/namespaces', { prefix: 'a' }],
    ['an empty label', 'POST', '/store/namespaces', { suffix: [''] }],
  ])('%s', async (_, method, path, body) => {
    server.use(namesOnly())
    const reply = await alice.call(method, path, body)
    expect(reply.status, reply.text).toBe(422)
    expect(server.records.at(-1)?.trace.events).toEqual([])
  })
})

describe.each([
  ['1', Sdk1],
  ['2', Sdk2],
] as const)('the official client, version %s', (_, Sdk) => {
  it('puts, gets, searches and lists with all it knows of', async () => {
    const sdk = new Sdk({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })
    store = { ...store, index: { fields: ['text'], embedding: bagOfWords } }
    await sdk.store.putItem(['alice', 'a'], 'short', { text: 'apple fruit' }, { ttl: 5 })
    await sdk.store.putItem(['alice', 'b'], 'long', { text: 'fruit' }, { index: ['text'], ttl: null })
    await sdk.store.putItem(['alice', 'b'], 'out', { text: 'fruit' }, { index: false })
    const { items } = await sdk.store.searchItems(['alice'], { query: 'fruit', refreshTtl: false })
    expect(items.map(({ key, score }) => [key, Number(score?.toFixed(2))])).toEqual([
      ['long', 1],
      ['short', 0.71],
    ])
    minutes(4)
    expect(await sdk.store.getItem(['alice', 'a'], 'short', { refreshTtl: true })).toMatchObject({ key: 'short' })
    minutes(4)
    expect(await sdk.store.getItem(['alice', 'a'], 'short', { refreshTtl: false })).toMatchObject({ key: 'short' })
    minutes(1)
    expect(await sdk.store.getItem(['alice', 'a'], 'short')).toBeNull()
    const { namespaces } = await sdk.store.listNamespaces({ prefix: ['alice'], suffix: ['b'], limit: 5 })
    expect(namespaces).toEqual([['alice', 'b']])
  })
})
