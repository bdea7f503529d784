import type Database from 'better-sqlite3'
import { type Expression, expressionBuilder, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { JsonScalar } from '../../engine/filter.js'
import type { Dialect, JsonExpression, MetadataTable } from '../sql/dialect.js'
import type { Schema } from '../sql/schema.js'
import { cosine } from '../sql/vector.js'

const eb = expressionBuilder<Schema, never>()

/** Keys that may stand in SQL text, and so in an index. Every other key is bound as a parameter. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/** NUL, and halves of surrogate pairs. */
const UNUSUAL = /\0|\p{Surrogate}/u

/** How many metadata keys of a table get an index: those of filters come from auth.ts, those of searches from clients. */
const INDEX_BOUND = { filter: 8, search: 4 } as const

/**
 * JSON in SQLite. `->` yields the text of a member as it was stored, and JSON.stringify stored it, so comparing texts
 * compares values with their types: `1`, `"1"`, `true` and `null` are four different things.
 */
export function createSqliteDialect(db: Kysely<Schema>, connection: Database.Database): Dialect {
  connection.function('authkit_cosine', { deterministic: true }, (one: Uint8Array, other: Uint8Array) =>
    cosine(one, other),
  )
  const indexes = knownIndexes(connection)
  const ownChanges = connection.prepare('select total_changes()').pluck()
  const foreignChanges = connection.prepare('pragma data_version').pluck()

  return {
    db,
    member,
    equals: (json, value) => sql<SqlBool>`${json} = ${JSON.stringify(value)}`,
    listContains,
    contains: (json, part) => contains(json, part),
    compares(json, operator, value) {
      if (value === null || typeof value === 'boolean') return sql<SqlBool>`(1 = 0)`
      const types = typeof value === 'number' ? sql`('integer', 'real')` : sql`('text')`
      return sql<SqlBool>`(json_type(${json}) in ${types} and ${json} ->> '$' ${sql.raw(operator)} ${value})`
    },
    hasWords: (text, words) =>
      sql<SqlBool>`not exists (select 1 from json_each(${words}) as word where instr(${text}, word.value) = 0)`,
    similarity: (stored, vector) => sql<number | null>`authkit_cosine(${stored}, ${vector})`,
    unindexed: (json) => sql`+(${json})`,

    version: () => `${ownChanges.get()} ${foreignChanges.get()}`,

    async ensureIndex(table, key, seenIn) {
      const name = `${table}_${seenIn}_${key}`
      if (indexes.has(name) || !PLAIN_KEY.test(key)) return
      if (indexes.has(`${table}_filter_${key}`) || indexes.has(`${table}_search_${key}`)) return
      const taken = [...indexes].filter((one) => one.startsWith(`${table}_${seenIn}_`)).length
      if (taken >= INDEX_BOUND[seenIn]) return
      const id = table === 'threads' ? 'thread_id' : 'assistant_id'
      indexes.add(name)
      // Through kysely, so that it waits for a transaction under way.
      const columns = `metadata -> '$."${key}"', created_at desc, ${id} desc`
      await sql.raw(`create index if not exists "${name}" on ${table} (${columns})`).execute(db)
    },
  }
}

function member(object: JsonExpression, key: string): JsonExpression {
  const path = `$.${JSON.stringify(key)}`
  // The text of an indexed expression must be that of the index, so a plain key is written out.
  return PLAIN_KEY.test(key) ? sql`${object} -> ${sql.lit(path)}` : sql`${object} -> ${path}`
}

function listContains(json: JsonExpression, value: JsonScalar): Expression<SqlBool> {
  return anyElement(json, 'e', (element) => isScalarElement(json, element, value))
}

function contains(json: JsonExpression, part: unknown, depth = 0): Expression<SqlBool> {
  if (Array.isArray(part)) {
    const alias = `e${depth}`
    const each = part.map((wanted) =>
      anyElement(json, alias, (element) => elementContains(json, element, wanted, depth)),
    )
    return each.length > 0 ? eb.and(each) : sql<SqlBool>`json_type(${json}) = 'array'`
  }
  if (typeof part === 'object' && part !== null) {
    const each = Object.entries(part).map(([key, wanted]) => contains(sql`(${member(json, key)})`, wanted, depth))
    return eb.and([sql<SqlBool>`json_type(${json}) = 'object'`, ...each])
  }
  return sql<SqlBool>`${json} = ${JSON.stringify(part)}`
}

/** Whether a JSON value is a list with an element like this. */
function anyElement(
  json: JsonExpression,
  alias: string,
  fits: (element: RawBuilder<unknown>) => Expression<SqlBool>,
): Expression<SqlBool> {
  const element = sql.raw(alias)
  return sql<SqlBool>`(json_type(${json}) = 'array' and exists (
    select 1 from json_each(${json}) as ${element} where ${fits(element)}))`
}

function elementContains(
  json: JsonExpression,
  element: RawBuilder<unknown>,
  wanted: unknown,
  depth: number,
): Expression<SqlBool> {
  if (typeof wanted !== 'object' || wanted === null) return isScalarElement(json, element, wanted as JsonScalar)
  // Only lists and objects have their JSON as value: the case keeps SQLite from reading a string as JSON.
  const type = Array.isArray(wanted) ? 'array' : 'object'
  return sql<SqlBool>`case when ${element}.type = ${type} then ${contains(sql`${element}.value`, wanted, depth + 1)} else false end`
}

/**
 * Whether an element of json_each is this scalar. It looks at the element where it stands: reaching for it by its index
 * would read the list again for each, and a long list in one row would slow everyone's queries down.
 */
function isScalarElement(json: JsonExpression, element: RawBuilder<unknown>, value: JsonScalar): Expression<SqlBool> {
  switch (typeof value) {
    case 'number': {
      const text = JSON.stringify(value)
      const same = sql<SqlBool>`(${element}.type in ('integer', 'real') and ${element}.atom = json_extract(${text}, '$'))`
      // Past 2^53 and between whole numbers SQL and JavaScript round differently: there the JSON has the last word.
      return Number.isSafeInteger(value) ? same : sql<SqlBool>`(${same} and ((${json}) -> ${element}.key) = ${text})`
    }
    case 'string':
      // SQL text can't hold what these strings do, so their JSON is compared.
      if (UNUSUAL.test(value)) return sql<SqlBool>`((${json}) -> ${element}.key) = ${JSON.stringify(value)}`
      return sql<SqlBool>`(${element}.type = 'text' and ${element}.atom = ${value})`
    default:
      return sql<SqlBool>`${element}.type = ${String(value)}`
  }
}

function knownIndexes(connection: Database.Database): Set<string> {
  const tables: readonly MetadataTable[] = ['threads', 'assistants']
  const names = connection.prepare(`select name from sqlite_master where type = 'index'`).pluck().all() as string[]
  return new Set(names.filter((name) => tables.some((table) => name.startsWith(`${table}_`))))
}
