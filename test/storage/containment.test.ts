import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Json, Storage } from '../../src/storage/storage.js'
import { everything } from './scopes.js'

const key = fc.constantFrom(
  'a',
  'b',
  'a.b',
  '',
  '"',
  'a"b',
  '\\',
  '[0]',
  '#',
  '0',
  '$',
  '__proto__',
  'length',
  'é',
  '😀',
)
const scalar = fc.constantFrom<unknown>(0, 1, '1', true, -1, 1.5, 1e21, 2 ** 53, '', 'é', '"', '[]', '{}', false, null)
const { tree } = fc.letrec<{ tree: unknown; list: unknown[]; object: Json }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
}))
const odd = fc.oneof(scalar, fc.constant({}), fc.constant([]))
// Through JSON, so that `__proto__` is a key like any other.
const stored = fc.dictionary(key, tree, { maxKeys: 4 }).map((one) => JSON.parse(JSON.stringify(one)) as Json)

/**
 * Parts of a value: what is left of it when members are dropped, and elements dropped, repeated and put in any order. Now and
 * then one has something in it that may not be there.
 */
function partOf(value: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 15, arbitrary: soundPartOf(value) }, odd)
}

function soundPartOf(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) {
    if (value.length === 0) return fc.constant([])
    return fc.array(fc.constantFrom(...value).chain(partOf), { maxLength: 3 })
  }
  if (typeof value !== 'object' || value === null) return fc.constant(value)
  const members = fc
    .subarray(Object.entries(value))
    .chain((entries) => fc.tuple(...entries.map(([name, inner]) => fc.tuple(fc.constant(name), partOf(inner)))))
  const more = fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.tuple(fc.tuple(key, odd)))
  return fc.tuple(members, more).map(([some, added]) => Object.fromEntries([...some, ...added]))
}

function wantedOf(value: Json): fc.Arbitrary<Json> {
  return soundPartOf(value).map((one) => JSON.parse(JSON.stringify(one)) as Json)
}

/** What `@>` of PostgreSQL says, as its documentation puts it. */
function holds(value: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(value) && part.every((wanted) => value.some((element) => holds(element, wanted)))
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const members = new Map(Object.entries(value))
    return Object.entries(part).every(([name, wanted]) => members.has(name) && holds(members.get(name), wanted))
  }
  return value === part
}

describe('a search contains what PostgreSQL says that it contains', () => {
  let storage: Storage
  beforeAll(async () => {
    storage = await openSqliteStorage(':memory:')
  })
  afterAll(() => storage.close())

  it('where every JavaScript object has what no JSON object has', async () => {
    await storage.threads.create(everything, { thread_id: 't0', metadata: { list: [{}, []] } }, 'raise')
    const count = (list: string) => storage.threads.count(everything, { metadata: { list: JSON.parse(list) } })
    expect(await count('[{},[]]')).toBe(1)
    expect(await count('[{"__proto__":{}}]')).toBe(0)
    await storage.threads.delete(everything, 't0')
  })

  it('in metadata, in values, and in items', async () => {
    const page = { limit: 1, offset: 0 }
    const thread_id = 't1'
    const namespace = ['n']
    const state = { interrupts: {}, status: 'idle', error: null } as const
    await storage.threads.create(everything, { thread_id, metadata: {} }, 'raise')
    let found = 0
    let absent = 0
    await fc.assert(
      fc.asyncProperty(
        stored.chain((value) => fc.tuple(fc.constant(value), wantedOf(value))),
        async ([value, wanted]) => {
          // Metadata is merged, so it stands under a key that each of them replaces.
          await storage.threads.update(everything, thread_id, { metadata: { all: value } })
          await storage.threads.setState(everything, thread_id, { ...state, values: value })
          await storage.items.put(everything, {
            namespace,
            key: 'k',
            value: { all: value },
            searchText: null,
            ttl: null,
          })
          const contained = holds(value, wanted)
          if (contained) found++
          else absent++
          const items = (filter: Json) => storage.items.search(everything, { namespacePrefix: namespace, filter }, page)
          expect({
            metadata: await storage.threads.count(everything, { metadata: { all: wanted } }),
            values: await storage.threads.count(everything, { values: wanted }),
            equal: (await items({ all: { $eq: wanted } })).length,
            unequal: (await items({ all: { $ne: wanted } })).length,
          }).toEqual({
            metadata: Number(contained),
            values: Number(contained),
            equal: Number(contained),
            unequal: Number(!contained),
          })
        },
      ),
      { numRuns: 2500 },
    )
    expect(Math.min(found, absent)).toBeGreaterThan(150)
  })
})
