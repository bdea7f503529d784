import type { Expression, Kysely, SqlBool } from 'kysely'
import type { JsonScalar } from '../../engine/filter.js'
import type { Schema } from './schema.js'

/** Tables whose metadata filters look at. */
export type MetadataTable = 'threads' | 'assistants'

/** An expression that yields a JSON value, or SQL's null where there is none. */
export type JsonExpression = Expression<unknown>

/** What a database does in its own way. Everything else in this folder is the same for all of them. */
export interface Dialect {
  readonly db: Kysely<Schema>
  /** The value at a key of a JSON object. */
  member(object: JsonExpression, key: string): JsonExpression
  /** Whether a JSON value is exactly this one; type counts. */
  equals(json: JsonExpression, value: JsonScalar): Expression<SqlBool>
  /** Whether a JSON value is a list that holds this one. */
  listContains(json: JsonExpression, value: JsonScalar): Expression<SqlBool>
  /**
   * Whether a JSON value contains another, as `@>` of PostgreSQL: objects by key, lists by element.
   *
   * @param keys Leads from the value to what is compared; all of it, where there are none.
   */
  contains(json: JsonExpression, part: unknown, keys?: readonly string[]): Expression<SqlBool>
  /** Whether a JSON value compares with another: numbers with numbers, strings with strings, nothing else. */
  compares(json: JsonExpression, operator: Comparison, value: JsonScalar): Expression<SqlBool>
  /** Whether a text holds every word of a list, which is given as JSON. */
  hasWords(text: Expression<string>, words: string): Expression<SqlBool>
  /** How near a stored vector is to another, from -1 to 1; null where they can't be compared. */
  similarity(stored: Expression<unknown>, vector: Uint8Array): Expression<number | null>
  /** Keeps the planner from choosing an index for a condition, where a better one is at hand. */
  unindexed(json: JsonExpression): JsonExpression
  /** Changes with every change of the database, by this process or another; undefined where nobody can tell. */
  version(): string | undefined
  /** Makes listing by a metadata key fast from now on. Does nothing for keys that can't be indexed, and past a bound. */
  ensureIndex(table: MetadataTable, key: string, seenIn: 'filter' | 'search'): Promise<void>
}

export type Comparison = '<' | '<=' | '>' | '>='
