import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import { matches } from '../../engine/filter.js'
import type { Scope } from '../../engine/scope.js'
import type { FoundItem, Items, NewItem } from '../storage.js'
import type { Dialect } from './dialect.js'
import { itemFilter } from './item-filter.js'
import { afterWildcard, endsWith, fits, type NamespaceRange, rangeOf, under, untilWildcard } from './item-namespaces.js'
import { alive, expiryOf, ITEM_COLUMNS, type ItemRow, rowToItem } from './item-rows.js'
import { type PageRow, pageColumns, withinPage } from './page-bytes.js'
import { createQueryCache } from './query-cache.js'
import type { Schema } from './schema.js'
import { itemScope, noteHidden } from './scope-sql.js'
import { vectorToBytes } from './vector.js'

const eb = expressionBuilder<Schema, 'items'>()

/** How many rows a sweep deletes in one statement: others wait while it runs. */
const SWEEP_BATCH = 500

/** What changes from one search to the next: values, or the slots of a compiled query. */
interface SearchParameters {
  readonly now: string
  readonly range: NamespaceRange | undefined
  /** JSON: a list. */
  readonly words: string | undefined
  readonly vector: Uint8Array | undefined
  readonly limit: number
  readonly offset: number
}

export function createItems(dialect: Dialect): Items {
  const { db } = dialect
  const cached = createQueryCache(db)
  const timestamp = () => new Date().toISOString()

  const at = (namespace: string, key: string) =>
    eb.and([eb('items.namespace', '=', namespace), eb('items.key', '=', key)])

  async function exists(namespace: string, key: string, now: string): Promise<boolean> {
    const row = db.selectFrom('items').select('key').where(at(namespace, key)).where(alive(dialect, now))
    return Boolean(await row.executeTakeFirst())
  }

  async function rowAt(scope: Scope, place: { namespace: string; key: string; now: string }) {
    const [row] = await cached(
      'item',
      scope,
      (slot) =>
        db
          .selectFrom('items')
          .select([...ITEM_COLUMNS, 'items.value'])
          .where(at(slot('namespace'), slot('key')))
          .where(alive(dialect, slot('now')))
          .where(itemScope(dialect, scope)),
      place,
    )
    return row
  }

  /** Yields a row where the item is stored, and says in it whether parts of an item before it are still indexed. */
  function upsert(scope: Scope, { now, ...row }: NewRow) {
    const gone = eb.not(alive(dialect, now))
    const indexed = db.selectFrom('item_vectors').select('part').where('namespace', '=', row.namespace)
    return db
      .insertInto('items')
      .values({ ...row, created_at: now, updated_at: now })
      .onConflict((conflict) =>
        conflict
          .columns(['namespace', 'key'])
          .doUpdateSet({
            value: row.value,
            created_at: sql<string>`case when ${gone} then ${now} else ${sql.ref('items.created_at')} end`,
            updated_at: now,
            ttl_minutes: row.ttl_minutes,
            expires_at: row.expires_at,
            search_text: row.search_text,
          })
          .where(eb.or([itemScope(dialect, scope), gone])),
      )
      .returning(eb.exists(indexed.where('key', '=', row.key)).as('indexed'))
  }

  /** An item and its vectors change together, or not at all. */
  async function replace(scope: Scope, row: NewRow, vectors: NonNullable<NewItem['vectors']>): Promise<boolean> {
    return await db.transaction().execute(async (transaction) => {
      const { rows } = await transaction.executeQuery(upsert(scope, row).compile())
      if (rows.length === 0) return false
      const { namespace, key } = row
      await transaction.deleteFrom('item_vectors').where('namespace', '=', namespace).where('key', '=', key).execute()
      for (const [part, vector] of vectors.entries()) {
        await transaction
          .insertInto('item_vectors')
          .values({ namespace, key, part, vector: vectorToBytes(vector) })
          .execute()
      }
      return true
    })
  }

  /** Lets an item live its time anew. Whatever has taken its place meanwhile keeps its own. */
  async function refresh(scope: Scope, { namespace, key, ttl_minutes }: ItemRow, now: string): Promise<void> {
    await cached(
      'item.refresh',
      scope,
      (slot) =>
        db
          .updateTable('items')
          .set({ expires_at: slot('expires_at') })
          .where(at(slot('namespace'), slot('key')))
          .where('ttl_minutes', '=', slot('ttl_minutes'))
          .where(itemScope(dialect, scope)),
      { namespace, key, ttl_minutes, expires_at: expiryOf(now, ttl_minutes) },
    )
  }

  function listed(scope: Scope, filter: readonly Expression<SqlBool>[], { now, range, words }: SearchParameters) {
    // Items of a database that was made before there was an indexed text are looked through whole.
    const text = sql<string>`coalesce(${sql.ref('items.search_text')}, lower(${sql.ref('items.value')}))`
    return db
      .selectFrom('items')
      .select(ITEM_COLUMNS)
      .select(pageColumns('items', ['value']))
      .where(eb.and(range ? [under(range)] : []))
      .where(alive(dialect, now))
      .where(itemScope(dialect, scope))
      .where(eb.and(filter))
      .where(eb.and(words === undefined ? [] : [dialect.hasWords(text, words)]))
  }

  function newestFirst(scope: Scope, filter: readonly Expression<SqlBool>[], parameters: SearchParameters) {
    return listed(scope, filter, parameters)
      .orderBy('items.updated_at', 'desc')
      .orderBy('items.namespace')
      .orderBy('items.key')
      .limit(parameters.limit)
      .offset(parameters.offset)
  }

  function nearestFirst(
    scope: Scope,
    filter: readonly Expression<SqlBool>[],
    parameters: SearchParameters,
    vector: Uint8Array,
  ) {
    // The best part of an item counts. All conditions stand beside it, so nothing hidden takes part in the ranking.
    const score = sql<number | null>`max(${dialect.similarity(sql.ref('item_vectors.vector'), vector)})`
    return listed(scope, filter, parameters)
      .innerJoin('item_vectors', (join) =>
        join.onRef('item_vectors.namespace', '=', 'items.namespace').onRef('item_vectors.key', '=', 'items.key'),
      )
      .select(score.as('score'))
      .groupBy(['items.namespace', 'items.key'])
      .having(score, 'is not', null)
      .orderBy('score', 'desc')
      .orderBy('items.updated_at', 'desc')
      .orderBy('items.namespace')
      .orderBy('items.key')
      .limit(parameters.limit)
      .offset(parameters.offset)
  }

  return {
    async put(scope, { namespace, key, value, searchText, vectors, ttl }) {
      if (scope.filter && !matches(scope.filter, { ...value, namespace, key })) return 'refused'
      const now = timestamp()
      const row = {
        now,
        namespace: JSON.stringify(namespace),
        key,
        value: JSON.stringify(value),
        ttl_minutes: ttl,
        expires_at: expiryOf(now, ttl),
        // No word is in an empty text.
        search_text: folded(searchText ?? ''),
      }
      if (vectors?.length) return (await replace(scope, row, vectors)) ? 'stored' : 'hidden'
      const build = (slot: (name: string) => never) =>
        upsert(scope, {
          now: slot('now'),
          namespace: slot('namespace'),
          key: slot('key'),
          value: slot('value'),
          ttl_minutes: slot('ttl_minutes'),
          expires_at: slot('expires_at'),
          search_text: slot('search_text'),
        })
      const [stored] = await cached('item.put', scope, build, row)
      if (!stored) return 'hidden'
      // What the item meant before it must not be found under it any more.
      if (stored.indexed && !(await replace(scope, row, []))) return 'hidden'
      return 'stored'
    },

    async get(scope, namespace, key, { refreshTtl = false } = {}) {
      const place = { namespace: JSON.stringify(namespace), key }
      const now = timestamp()
      const row = await rowAt(scope, { ...place, now })
      if (!row) await noteHidden(scope, () => exists(place.namespace, key, now))
      if (refreshTtl && row && row.ttl_minutes !== null) await refresh(scope, row, now)
      return row && rowToItem(row)
    },

    async delete(scope, namespace, key) {
      const place = JSON.stringify(namespace)
      const now = timestamp()
      const { numDeletedRows } = await db
        .deleteFrom('items')
        .where(at(place, key))
        .where(alive(dialect, now))
        .where(itemScope(dialect, scope))
        .executeTakeFirst()
      if (numDeletedRows === 0n) await noteHidden(scope, () => exists(place, key, now))
      return numDeletedRows > 0n
    },

    async search(scope, { namespacePrefix, filter = {}, text = '', vector, refreshTtl = false }, { limit, offset }) {
      const range = rangeOf(namespacePrefix)
      const words = wordsOf(text)
      const parameters: SearchParameters = {
        now: timestamp(),
        range,
        words: words.length > 0 ? JSON.stringify(words) : undefined,
        vector: vector && vectorToBytes(vector),
        limit,
        offset,
      }
      const build = (each: SearchParameters) =>
        each.vector === undefined
          ? newestFirst(scope, itemFilter(dialect, filter), each)
          : nearestFirst(scope, itemFilter(dialect, filter), each, each.vector)

      let listed: (PageRow<ItemRow, 'value'> & { score?: number | null })[]
      if (Object.keys(filter).length > 0) listed = await build(parameters).execute()
      else {
        const shape = [range, parameters.words, vector].map((part) => (part === undefined ? '-' : '+')).join('')
        const slots = (slot: (name: string) => never): SearchParameters => ({
          now: slot('now'),
          range: range && { from: slot('from'), to: slot('to') },
          words: parameters.words && slot('words'),
          vector: parameters.vector && slot('vector'),
          limit: slot('limit'),
          offset: slot('offset'),
        })
        listed = await cached(`item.search${shape}`, scope, (slot) => build(slots(slot)), { ...parameters, ...range })
      }
      const { now } = parameters
      const rows = await withinPage(listed, ['value'], ({ namespace, key }) => rowAt(scope, { namespace, key, now }))
      const mortal = refreshTtl ? rows.filter(({ ttl_minutes }) => ttl_minutes !== null) : []
      if (mortal.length > 0) await Promise.all(mortal.map((row) => refresh(scope, row, now)))
      return rows.map((row): FoundItem => {
        const item = rowToItem(row)
        return typeof row.score === 'number' ? { ...item, score: row.score } : item
      })
    },

    async namespaces(scope, search, { limit, offset }) {
      const { prefix, suffix, maxDepth } = search
      const range = rangeOf(untilWildcard(prefix))
      const end = afterWildcard(suffix)
      const rows = db
        .selectFrom('items')
        .select('items.namespace')
        .distinct()
        .where(eb.and(range ? [under(range)] : []))
        .where(eb.and(end.length > 0 ? [endsWith(end)] : []))
        .where(alive(dialect, timestamp()))
        .where(itemScope(dialect, scope))
        .orderBy('items.namespace')
      if (maxDepth === undefined && ![...prefix, ...suffix].includes('*')) {
        const page = await rows.limit(limit).offset(offset).execute()
        return page.map(({ namespace }) => JSON.parse(namespace) as string[])
      }
      const found = new Map<string, readonly string[]>()
      for (const { namespace } of await rows.execute()) {
        const labels = JSON.parse(namespace) as string[]
        if (!fits(labels, search)) continue
        const kept = labels.slice(0, maxDepth ?? labels.length)
        found.set(JSON.stringify(kept), kept)
      }
      return [...found.values()].slice(offset, offset + limit)
    },

    async sweep(scope, now) {
      for (let swept = 0; ; ) {
        const { numDeletedRows } = await db
          .deleteFrom('items')
          .where(({ eb, refTuple, selectFrom }) =>
            eb(
              refTuple('namespace', 'key'),
              'in',
              selectFrom('items')
                .select(['items.namespace', 'items.key'])
                .where('items.expires_at', '<=', now)
                .where(itemScope(dialect, scope))
                .limit(SWEEP_BATCH)
                .$asTuple('namespace', 'key'),
            ),
          )
          .executeTakeFirst()
        swept += Number(numDeletedRows)
        if (numDeletedRows < SWEEP_BATCH) return swept
      }
    },
  }
}

interface NewRow {
  readonly now: string
  readonly namespace: string
  readonly key: string
  readonly value: string
  readonly ttl_minutes: number | null
  readonly expires_at: string | null
  readonly search_text: string
}

function wordsOf(text: string): string[] {
  return [...new Set(folded(text).split(/\s+/))].filter(Boolean)
}

/** A text so that case, and how an accent is spelled, make no difference. */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
