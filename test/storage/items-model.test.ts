import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Json } from '../../src/storage/storage.js'
import { everything, scoped } from './scopes.js'

/** What the store must be: a list, and loops over it. */
interface ModelItem {
  readonly namespace: readonly string[]
  readonly key: string
  readonly value: Json
  readonly text: string | null
  readonly vectors: readonly (readonly number[])[]
  readonly ttl: number | null
  readonly createdAt: number
  readonly updatedAt: number
  expiresAt: number
}

const MINUTE = 60_000
const namespace = fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c'], ['ab'], ['b'], ['b', 'a'], ['c', 'a', 'b'])
const prefix = fc.constantFrom<string[][]>([], [], [], ['a'], ['a', 'b'], ['b'], ['c', 'a'], ['x'])
const pattern = fc.constantFrom([], ['a'], ['*'], ['a', '*'], ['*', 'b'], ['b', 'a'], ['*', '*', '*'])
const key = fc.constantFrom('k1', 'k2', 'k3')
const who = fc.constantFrom('alice', 'bob')
/** No two of them point the same way with other lengths, so equal scores are equal to the last digit. */
const vector = fc.constantFrom([1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1], [-1, 0, 0])
const text = fc.constantFrom(null, 'Red Apple', 'green apple', 'RED\nwine', 'red wine, APPLE')
const filter = fc.constantFrom<Json>(
  {},
  {},
  {},
  {},
  {},
  { n: 1 },
  { n: { $gte: 1 } },
  { n: { $ne: 1 } },
  { tag: { $lt: 'y' }, n: { $gt: 0 } },
)
const paging = fc.record({ limit: fc.constantFrom(0, 1, 2, 5, 10), offset: fc.constantFrom(0, 0, 1, 2) })

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      who,
      as: fc.constantFrom('alice', 'bob', undefined, undefined, undefined),
      namespace,
      key,
      n: fc.integer({ min: 0, max: 2 }),
      tag: fc.constantFrom('x', 'y'),
      text,
      vectors: fc.oneof(fc.array(vector, { maxLength: 2 }), fc.constant(undefined)),
      ttl: fc.constantFrom(null, null, 1, 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), who, namespace, key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(0, 0.001, 0.001, 0.5, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), who, namespace, key, refresh: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('search' as const),
      who,
      prefix,
      filter,
      text: fc.constantFrom('', '', '', '', 'apple', 'RED', 'wine red'),
      vector: fc.oneof(vector, fc.constant(undefined), fc.constant(undefined)),
      paging,
      refresh: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      who,
      prefix: pattern,
      suffix: pattern,
      maxDepth: fc.constantFrom(1, 2, 3, undefined, undefined),
      paging,
    }),
  },
)

function satisfies(value: Json, wanted: Json): boolean {
  return Object.entries(wanted).every(([field, condition]) => {
    const own = value[field] as never
    if (typeof condition !== 'object' || condition === null) return own === condition
    return Object.entries(condition as Record<string, never>).every(([operator, operand]) => {
      if (operator === '$ne') return own !== operand
      return { $gt: own > operand, $gte: own >= operand, $lt: own < operand, $lte: own <= operand }[operator]
    })
  })
}

function score(item: ModelItem, wanted: readonly number[]): number | undefined {
  const scores = item.vectors.map((own) => {
    const dot = own.reduce((sum, x, index) => sum + x * (wanted[index] as number), 0)
    const square = (v: readonly number[]) => v.reduce((sum, x) => sum + x * x, 0)
    return dot / Math.sqrt(square(own) * square(wanted))
  })
  return scores.length > 0 ? Math.max(...scores) : undefined
}

function like(labels: readonly string[], wanted: readonly string[]): boolean {
  return labels.length >= wanted.length && wanted.every((one, index) => one === '*' || one === labels[index])
}

const reversed = (labels: readonly string[]) => [...labels].reverse()
const place = (item: Pick<ModelItem, 'namespace' | 'key'>) => JSON.stringify([item.namespace, item.key])
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function byPlace(a: ModelItem, b: ModelItem): number {
  return compare(JSON.stringify(a.namespace), JSON.stringify(b.namespace)) || compare(a.key, b.key)
}

afterEach(() => {
  vi.useRealTimers()
})

it('the store does what a list would do: two owners, time, words, nearness, paging', async () => {
  const storage = await openSqliteStorage(':memory:')
  let [shown, hiddenOnes, gone] = [0, 0, 0]
  const empty = async () => {
    await storage.items.sweep(everything, '9999')
    const rest = await storage.items.search(everything, { namespacePrefix: [] }, { limit: 1000, offset: 0 })
    for (const item of rest) await storage.items.delete(everything, item.namespace, item.key)
  }
  const run = async (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2030-01-01T00:00:00Z') })
    await empty()
    const items = new Map<string, ModelItem>()
    const alive = () => {
      const all = [...items.values()]
      const living = all.filter(({ expiresAt }) => expiresAt > Date.now())
      gone += all.length - living.length
      return living
    }
    const seenBy = (name: string) => {
      const seen = alive().filter(({ value }) => value['owner'] === name)
      hiddenOnes += alive().length - seen.length
      return seen
    }
    const refresh = (item: ModelItem) => {
      if (item.ttl !== null) item.expiresAt = Date.now() + item.ttl * MINUTE
    }

    for (const now of steps) {
      const scope = 'who' in now ? scoped({ owner: now.who }) : everything
      switch (now.do) {
        case 'wait':
          vi.setSystemTime(Date.now() + now.minutes * MINUTE)
          break
        case 'put': {
          const made = now.as ?? now.who
          const value = { owner: made, n: now.n, tag: now.tag }
          const old = alive().find((item) => place(item) === place(now))
          const expected = made !== now.who ? 'refused' : old && old.value['owner'] !== now.who ? 'hidden' : 'stored'
          const { text: searchText, vectors, ttl } = now
          const item = { namespace: now.namespace, key: now.key, value, searchText, ttl }
          const parts = vectors ? { vectors: vectors.map((one) => Float32Array.from(one)) } : {}
          expect(await storage.items.put(scope, { ...item, ...parts })).toBe(expected)
          if (expected === 'stored') {
            items.set(place(now), {
              ...{ namespace: now.namespace, key: now.key, value, text: searchText, vectors: vectors ?? [], ttl },
              createdAt: old?.createdAt ?? Date.now(),
              updatedAt: Date.now(),
              expiresAt: ttl === null ? Number.POSITIVE_INFINITY : Date.now() + ttl * MINUTE,
            })
          }
          break
        }
        case 'delete': {
          const mine = seenBy(now.who).find((item) => place(item) === place(now))
          expect(await storage.items.delete(scope, now.namespace, now.key)).toBe(mine !== undefined)
          if (mine) items.delete(place(now))
          break
        }
        case 'sweep': {
          const living = alive()
          expect(await storage.items.sweep(everything, new Date().toISOString())).toBe(items.size - living.length)
          items.clear()
          for (const item of living) items.set(place(item), item)
          break
        }
        case 'get': {
          const mine = seenBy(now.who).find((item) => place(item) === place(now))
          const got = await storage.items.get(scope, now.namespace, now.key, { refreshTtl: now.refresh })
          expect(got && [got.value, got.created_at, got.updated_at]).toEqual(
            mine && [mine.value, new Date(mine.createdAt).toISOString(), new Date(mine.updatedAt).toISOString()],
          )
          if (mine && now.refresh) refresh(mine)
          break
        }
        case 'search': {
          const words = now.text.toLowerCase().split(' ').filter(Boolean)
          const wanted = now.vector
          const fitting = seenBy(now.who)
            .filter((item) => like(item.namespace, now.prefix) && satisfies(item.value, now.filter))
            .filter((item) => words.every((word) => (item.text ?? '').toLowerCase().includes(word)))
            .map((item) => ({ item, score: wanted && score(item, wanted) }))
            .filter((one) => !wanted || one.score !== undefined)
            .sort((a, b) => {
              const nearer = (b.score ?? 0) - (a.score ?? 0)
              return nearer || b.item.updatedAt - a.item.updatedAt || byPlace(a.item, b.item)
            })
            .slice(now.paging.offset, now.paging.offset + now.paging.limit)
          const found = await storage.items.search(
            scope,
            {
              namespacePrefix: now.prefix,
              filter: now.filter,
              text: now.text,
              refreshTtl: now.refresh,
              ...(wanted ? { vector: Float32Array.from(wanted) } : {}),
            },
            now.paging,
          )
          expect(found.map((item) => [place(item), item.value, item.score])).toEqual(
            fitting.map(({ item, score }) => [place(item), item.value, score]),
          )
          shown += found.length
          if (now.refresh) for (const { item } of fitting) refresh(item)
          break
        }
        case 'list': {
          const labels = seenBy(now.who)
            .map((item) => item.namespace)
            .filter((one) => like(one, now.prefix) && like(reversed(one), reversed(now.suffix)))
            .sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
            .map((one) => JSON.stringify(one.slice(0, now.maxDepth ?? one.length)))
          const { limit, offset } = now.paging
          const { prefix, suffix, maxDepth } = now
          const search = { prefix, suffix, ...(maxDepth === undefined ? {} : { maxDepth }) }
          const listed = await storage.items.namespaces(scope, search, now.paging)
          expect(listed.map((one) => JSON.stringify(one))).toEqual([...new Set(labels)].slice(offset, offset + limit))
          break
        }
      }
    }
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), run), {
    numRuns: 200,
  })
  // It looked at something: items that were found, that were hidden, and that were over their time.
  expect(Math.min(shown, hiddenOnes, gone)).toBeGreaterThan(200)
  await storage.close()
}, 60_000)
