import type Database from 'better-sqlite3'
import { type Expression, expressionBuilder, type Kysely, type SqlBool, sql } from 'kysely'
import type { Dialect, JsonExpression, MetadataTable } from '../sql/dialect.js'
import type { Schema } from '../sql/schema.js'
import { cosine } from '../sql/vector.js'
import { registerContains } from './containment.js'

const eb = expressionBuilder<Schema, never>()

/** Keys that may stand in SQL text, and so in an index. Every other key is bound as a parameter. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

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
  registerContains(connection)
  const indexes = knownIndexes(connection)
  const ownChanges = connection.prepare('select total_changes()').pluck()
  const foreignChanges = connection.prepare('pragma data_version').pluck()

  return {
    db,
    member,
    equals: (json, value) => sql<SqlBool>`${json} = ${JSON.stringify(value)}`,
    listContains: (json, value) => contains(json, [value], []),
    contains: (json, part, keys = []) => contains(json, part, keys),
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
      try {
        await sql.raw(`create index if not exists "${name}" on ${table} (${columns})`).execute(db)
      } catch {
        // Listing is only slower without it; on a full disk nobody should lose more than that.
        indexes.delete(name)
      }
    },
  }
}

function member(object: JsonExpression, ...keys: readonly string[]): JsonExpression {
  const path = `$${keys.map((key) => `.${JSON.stringify(key)}`).join('')}`
  const [key, ...deeper] = keys
  // The text of an indexed expression must be that of the index, so a plain key is written out.
  const indexable = key !== undefined && deeper.length === 0 && PLAIN_KEY.test(key)
  return indexable ? sql`${object} -> ${sql.lit(path)}` : sql`${object} -> ${path}`
}

/**
 * Objects are looked into by paths, each from the whole, which SQLite keeps parsed: a path from what another one found would
 * have to write that out and read it again.
 */
function contains(json: JsonExpression, part: unknown, keys: readonly string[]): Expression<SqlBool> {
  const found = keys.length > 0 ? member(json, ...keys) : json
  if (Array.isArray(part)) return sql<SqlBool>`authkit_contains(${found}, ${JSON.stringify(part)})`
  if (typeof part !== 'object' || part === null) return sql<SqlBool>`${found} = ${JSON.stringify(part)}`
  const members = Object.entries(part)
  // Where a path leads to something, it led through objects.
  if (members.length > 0) return eb.and(members.map(([key, wanted]) => contains(json, wanted, [...keys, key])))
  return sql<SqlBool>`json_type(${found}) = 'object'`
}

function knownIndexes(connection: Database.Database): Set<string> {
  const tables: readonly MetadataTable[] = ['threads', 'assistants']
  const names = connection.prepare(`select name from sqlite_master where type = 'index'`).pluck().all() as string[]
  return new Set(names.filter((name) => tables.some((table) => name.startsWith(`${table}_`))))
}
