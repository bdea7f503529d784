import { type Expression, expressionBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import type { Item } from '../storage.js'
import type { Dialect } from './dialect.js'
import type { Schema } from './schema.js'

const eb = expressionBuilder<Schema, 'items'>()

/** The columns that make an item, and what its time is measured by; its value is apart. */
export const ITEM_COLUMNS = [
  'items.namespace',
  'items.key',
  'items.created_at',
  'items.updated_at',
  'items.ttl_minutes',
] as const

export type ItemRow = Pick<
  Selectable<Schema['items']>,
  'namespace' | 'key' | 'value' | 'created_at' | 'updated_at' | 'ttl_minutes'
>

export function rowToItem({ namespace, key, value, created_at, updated_at }: ItemRow): Item {
  return { namespace: JSON.parse(namespace), key, value: JSON.parse(value), created_at, updated_at }
}

/** Whether the time of an item is not over. What is over is there until it is swept, but nobody sees it. */
export function alive(dialect: Dialect, now: string): Expression<SqlBool> {
  // Nearly all rows are alive, so the index that sweeping uses must not take the place of the primary key.
  const expiresAt = dialect.unindexed(sql.ref('items.expires_at'))
  return eb.or([sql<SqlBool>`${expiresAt} is null`, sql<SqlBool>`${expiresAt} > ${now}`])
}

/** The last moment that can be written with a year of four digits: past it, text would not sort as time does. */
const LAST_MOMENT = Date.UTC(9999, 11, 31)

export function expiryOf(now: string, ttlMinutes: number | null): string | null {
  if (ttlMinutes === null) return null
  return new Date(Math.min(Date.parse(now) + ttlMinutes * 60_000, LAST_MOMENT)).toISOString()
}
