import { type Expression, expressionBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import { type JsonScalar, matches } from '../../engine/filter.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Item, Items, Json, NamespaceSearch } from '../storage.js'
import type { Comparison, Dialect } from './dialect.js'
import { createQueryCache } from './query-cache.js'
import type { Schema } from './schema.js'
import { itemScope, noteHidden } from './scope-sql.js'

const eb = expressionBuilder<Schema, 'items'>()
const COMPARISONS: Record<string, Comparison> = { $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' }

export function createItems(dialect: Dialect): Items {
  const { db } = dialect
  const cached = createQueryCache(db)

  const at = (namespace: readonly string[], key: string) =>
    eb.and([eb('items.namespace', '=', JSON.stringify(namespace)), eb('items.key', '=', key)])

  async function exists(namespace: readonly string[], key: string): Promise<boolean> {
    return Boolean(await db.selectFrom('items').select('key').where(at(namespace, key)).executeTakeFirst())
  }

  return {
    async put(scope, { namespace, key, value }) {
      if (scope.filter && !matches(scope.filter, { ...value, namespace, key })) return 'refused'
      const now = new Date().toISOString()
      const item = { namespace: JSON.stringify(namespace), key, value: JSON.stringify(value) }
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('items')
        .values({ ...item, created_at: now, updated_at: now })
        .onConflict((conflict) =>
          conflict
            .columns(['namespace', 'key'])
            .doUpdateSet({ value: item.value, updated_at: now })
            .where(itemScope(dialect, scope)),
        )
        .executeTakeFirst()
      return numInsertedOrUpdatedRows ? 'stored' : 'hidden'
    },

    async get(scope, namespace, key) {
      const [row] = await cached(
        'item',
        scope,
        (slot) =>
          db
            .selectFrom('items')
            .selectAll()
            .where('namespace', '=', slot('namespace'))
            .where('key', '=', slot('key'))
            .where(itemScope(dialect, scope)),
        { namespace: JSON.stringify(namespace), key },
      )
      if (!row) await noteHidden(scope, () => exists(namespace, key))
      return row && toItem(row)
    },

    async delete(scope, namespace, key) {
      const { numDeletedRows } = await db
        .deleteFrom('items')
        .where(at(namespace, key))
        .where(itemScope(dialect, scope))
        .executeTakeFirst()
      if (numDeletedRows === 0n) await noteHidden(scope, () => exists(namespace, key))
      return numDeletedRows > 0n
    },

    async search(scope, { namespacePrefix, filter = {}, query }, { limit, offset }) {
      const value = sql.ref('items.value')
      const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean)
      const rows = await db
        .selectFrom('items')
        .selectAll()
        .where(eb.and(under(namespacePrefix)))
        .where(itemScope(dialect, scope))
        .where(eb.and(Object.entries(filter).flatMap(([key, wanted]) => condition(dialect, key, wanted))))
        .where(eb.and(words.map((word) => sql<SqlBool>`instr(lower(${value}), ${word}) > 0`)))
        .orderBy('updated_at', 'desc')
        .orderBy('namespace')
        .orderBy('key')
        .limit(limit)
        .offset(offset)
        .execute()
      return rows.map(toItem)
    },

    async namespaces(scope, search, { limit, offset }) {
      const rows = await db
        .selectFrom('items')
        .select('namespace')
        .distinct()
        .where(eb.and(under(untilWildcard(search.prefix))))
        .where(itemScope(dialect, scope))
        .orderBy('namespace')
        .execute()
      const found = new Map<string, readonly string[]>()
      for (const { namespace } of rows) {
        const labels = JSON.parse(namespace) as string[]
        if (!fits(labels, search)) continue
        const kept = labels.slice(0, search.maxDepth ?? labels.length)
        found.set(JSON.stringify(kept), kept)
      }
      return [...found.values()].slice(offset, offset + limit)
    },
  }
}

/**
 * Rows whose namespace begins with these labels, as a range of the primary key: `["a","b"]` itself, and everything that
 * goes on after a comma. Labels are compared whole, so `user1` is no prefix of `user10`.
 */
function under(labels: readonly string[]): Expression<SqlBool>[] {
  if (labels.length === 0) return []
  const whole = JSON.stringify(labels)
  const open = whole.slice(0, -1)
  return [
    eb.or([
      eb('items.namespace', '=', whole),
      eb.and([eb('items.namespace', '>=', `${open},`), eb('items.namespace', '<', `${open}-`)]),
    ]),
  ]
}

/** What of a pattern a range can find; `fits` looks at the rest. */
function untilWildcard(pattern: readonly string[]): readonly string[] {
  const wildcard = pattern.indexOf('*')
  return wildcard < 0 ? pattern : pattern.slice(0, wildcard)
}

function fits(labels: readonly string[], { prefix, suffix }: NamespaceSearch): boolean {
  if (labels.length < prefix.length || labels.length < suffix.length) return false
  const tail = labels.slice(labels.length - suffix.length)
  const equal = (wanted: string, label: string | undefined) => wanted === '*' || wanted === label
  return (
    prefix.every((wanted, index) => equal(wanted, labels[index])) &&
    suffix.every((wanted, index) => equal(wanted, tail[index]))
  )
}

/** One entry of a search filter: a value to equal, or operators that must all hold. */
function condition(dialect: Dialect, key: string, wanted: unknown): Expression<SqlBool>[] {
  const member = dialect.member(sql.ref('items.value'), key)
  if (!isOperators(wanted)) return [dialect.contains(member, wanted)]
  return Object.entries(wanted).map(([operator, operand]) => {
    if (operator === '$eq') return dialect.contains(member, operand)
    if (operator === '$ne') return sql<SqlBool>`not coalesce(${dialect.contains(member, operand)}, ${sql.lit(false)})`
    const comparison = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined
    if (comparison && isScalar(operand)) return dialect.compares(member, comparison, operand)
    throw new AuthkitError('invalid_request', `The filter on "${key}" has an operator that is not known: ${operator}.`)
  })
}

function isOperators(wanted: unknown): wanted is Json {
  return (
    typeof wanted === 'object' &&
    wanted !== null &&
    !Array.isArray(wanted) &&
    Object.keys(wanted).some((key) => key.startsWith('$'))
  )
}

function isScalar(value: unknown): value is JsonScalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function toItem(row: Selectable<Schema['items']>): Item {
  return { ...row, namespace: JSON.parse(row.namespace), value: JSON.parse(row.value) }
}
