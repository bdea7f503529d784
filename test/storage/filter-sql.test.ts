import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { matches, parseFilter } from '../../src/engine/filter.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Json, Storage } from '../../src/storage/storage.js'
import { everything, scoped } from './scopes.js'

/** Keys that paths, SQL and JavaScript objects trip over, few enough that filters and metadata meet. */
const key = fc.constantFrom(
  'owner',
  'k',
  '',
  ' ',
  'a.b',
  'a',
  '$',
  '$.a',
  'x$y',
  '"',
  'a"b',
  "it's",
  '\\',
  'a\\b',
  '[0]',
  '#',
  '0',
  '-1',
  '*',
  '%',
  '_',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'é',
  'é',
  '日本',
  '😀',
  '\u2028',
  '\n',
  '\t',
  'A',
  'owner ',
  '--',
  '?',
  '@p',
  ':p',
)
const scalar = fc.oneof(
  fc.constantFrom('', 'u1', '1', 'true', 'null', 'é', '"', "'", '\\', '%', '[]', '{}', '😀', '\ud800', '\u007f', '\n'),
  fc.constantFrom(0, 1, -1, 1.5, 1e21, 1e-7, 2 ** 53, Number.MAX_VALUE, -0),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
  fc.constant(null),
)
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 4 }) },
  fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }),
  fc.array(fc.tuple(key, scalar), { maxLength: 2 }).map(objectOf),
)
const metadata = fc.array(fc.tuple(key, value), { maxLength: 6 }).map(objectOf)

const conditionOn = (values: fc.Arbitrary<unknown>) =>
  fc.oneof(
    values,
    values.map(($eq) => ({ $eq })),
    values.map(($contains) => ({ $contains })),
    fc.array(values, { minLength: 1, maxLength: 3 }).map(($contains) => ({ $contains })),
    fc.tuple(values, values).map(([$eq, $contains]) => ({ $eq, $contains })),
  )

/** Filters about this metadata: half of their keys and values are its own, so that many of them match. */
function filterOn(stored: Json): fc.Arbitrary<unknown> {
  const own = Object.entries(stored).filter(([name]) => !name.startsWith('$'))
  const entry = fc.oneof(
    {
      weight: 1,
      arbitrary: fc.tuple(
        key.filter((one) => !one.startsWith('$')),
        conditionOn(scalar),
      ),
    },
    ...own.map(([name, member]) => {
      const values = (Array.isArray(member) ? member : [member]).filter(
        (one) => typeof one !== 'object' || one === null,
      )
      const mine = values.length > 0 ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...values) }, scalar) : scalar
      return { weight: 2, arbitrary: fc.tuple(fc.constant(name), conditionOn(mine)) }
    }),
  )
  const flat = fc.array(entry, { minLength: 1, maxLength: 2 }).map(objectOf)
  return fc.oneof(
    { weight: 4, arbitrary: flat },
    fc.array(flat, { minLength: 2, maxLength: 3 }).map(($or) => ({ $or })),
    fc.array(flat, { minLength: 2, maxLength: 3 }).map(($and) => ({ $and })),
    fc.tuple(flat, fc.array(flat, { minLength: 2, maxLength: 2 })).map(([one, $or]) => ({ ...one, $or })),
  )
}

/** An object with exactly these own keys: `__proto__` is one of them, not the prototype. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Json {
  return Object.fromEntries(entries)
}

describe('a filter means the same in memory and in SQL', () => {
  let storage: Storage
  beforeAll(async () => {
    storage = await openSqliteStorage(':memory:')
  })
  afterAll(() => storage.close())

  let threads = 0
  async function visibleInSql(stored: Json, wanted: unknown, how: 'create' | 'update'): Promise<boolean> {
    const thread_id = `t${threads++}`
    await storage.threads.create(everything, { thread_id, metadata: how === 'create' ? stored : {} }, 'raise')
    if (how === 'update') await storage.threads.update(everything, thread_id, { metadata: stored })
    const scope = scoped(wanted)
    const got = (await storage.threads.get(scope, thread_id)) !== undefined
    const listed = await storage.threads.search(scope, { ids: [thread_id] }, { limit: 1, offset: 0 })
    const counted = await storage.threads.count(scope, { ids: [thread_id] })
    expect([listed.rows.length, counted]).toEqual([got ? 1 : 0, got ? 1 : 0])
    await storage.threads.delete(everything, thread_id)
    return got
  }

  it('on random metadata and filters', async () => {
    let matched = 0
    // What a client can send and a database can give back is JSON.
    const stored = metadata.map((one) => JSON.parse(JSON.stringify(one)) as Json)
    const pair = stored.chain((one) => fc.tuple(fc.constant(one), filterOn(one)))
    await fc.assert(
      fc.asyncProperty(pair, fc.constantFrom('create', 'update'), async ([kept, wanted], how) => {
        const inMemory = matches(parseFilter(wanted), kept)
        if (inMemory) matched++
        expect(await visibleInSql(kept, wanted, how)).toBe(inMemory)
      }),
      { numRuns: 2000 },
    )
    expect(matched).toBeGreaterThan(100)
  })

  it('on store items, whose namespace and key stand in front of their value', async () => {
    const names = fc.constantFrom('namespace', 'key', 'owner', 'a.b', '__proto__')
    const item = fc.array(fc.tuple(names, value), { maxLength: 4 }).map(objectOf)
    const label = fc.constantFrom('u1', 'u10', 'é', '"', 'a,b', ']')
    const wantedItem = fc
      .array(fc.tuple(names, conditionOn(fc.oneof(label, scalar))), { minLength: 1, maxLength: 2 })
      .map(objectOf)
    await fc.assert(
      fc.asyncProperty(
        fc.array(label, { minLength: 1, maxLength: 3 }),
        label,
        item,
        wantedItem,
        async (namespace, itemKey, stored, wanted) => {
          const kept = JSON.parse(JSON.stringify(stored)) as Json
          const inMemory = matches(parseFilter(wanted), { ...kept, namespace, key: itemKey })
          await storage.items.put(everything, { namespace, key: itemKey, value: kept, searchText: null, ttl: null })
          const scope = scoped(wanted)
          expect((await storage.items.get(scope, namespace, itemKey)) !== undefined).toBe(inMemory)
          const found = await storage.items.search(scope, { namespacePrefix: namespace }, { limit: 10, offset: 0 })
          expect(found.some((one) => one.key === itemKey && one.namespace.length === namespace.length)).toBe(inMemory)
          await storage.items.delete(everything, namespace, itemKey)
        },
      ),
      { numRuns: 500 },
    )
  })
})
