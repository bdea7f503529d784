import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Filter, JsonScalar } from '../../engine/filter.js'
import type { Scope } from '../../engine/scope.js'
import type { Dialect, MetadataTable } from './dialect.js'
import type { Schema } from './schema.js'

const eb = expressionBuilder<Schema, never>()
const yes = sql<SqlBool>`(1 = 1)`
const no = sql<SqlBool>`(1 = 0)`

/** How the keys of a filter are found in one kind of row. */
interface Target {
  equals(key: string, value: JsonScalar): Expression<SqlBool>
  contains(key: string, value: JsonScalar): Expression<SqlBool>
}

/** A filter as a condition on rows. It must agree with `matches` of the engine on every row; a property test holds it to that. */
function filterSql(filter: Filter, target: Target): Expression<SqlBool> {
  switch (filter.kind) {
    case 'equals':
      return target.equals(filter.key, filter.value)
    case 'contains':
      return eb.and(filter.values.map((value) => target.contains(filter.key, value)))
    case 'and':
      return eb.and(filter.of.map((one) => filterSql(one, target)))
    case 'or':
      return eb.or(filter.of.map((one) => filterSql(one, target)))
  }
}

/** The condition that a scope puts on rows with metadata. */
export function metadataScope(
  dialect: Dialect,
  scope: Scope,
  table: MetadataTable | 'assistant_versions' | 'crons',
): Expression<SqlBool> {
  if (!scope.filter) return yes
  const metadata = sql.ref(`${table}.metadata`)
  return filterSql(scope.filter, {
    equals: (key, value) => dialect.equals(dialect.member(metadata, key), value),
    contains: (key, value) => dialect.listContains(dialect.member(metadata, key), value),
  })
}

/**
 * The condition that a scope puts on what belongs to a thread: that the thread satisfies it. Not for a query over threads
 * themselves, where it would be about any of them: that is {@link metadataScope}.
 */
export function threadScope(dialect: Dialect, scope: Scope, threadId: Expression<string>): Expression<SqlBool> {
  return eb.exists(
    dialect.db
      .selectFrom('threads')
      .select(sql`1`.as('one'))
      .where('threads.thread_id', '=', threadId)
      .where(metadataScope(dialect, scope, 'threads')),
  )
}

/** The condition that a scope puts on store items: on their value, with `namespace` and `key` in front of it. */
export function itemScope(dialect: Dialect, scope: Scope): Expression<SqlBool> {
  if (!scope.filter) return yes
  const value = sql.ref('items.value')
  return filterSql(scope.filter, {
    equals: (key, wanted) => {
      if (key === 'namespace') return no // a list is never a scalar
      if (key === 'key') return typeof wanted === 'string' ? eb(sql.ref('items.key'), '=', wanted) : no
      return dialect.equals(dialect.member(value, key), wanted)
    },
    contains: (key, wanted) => {
      if (key === 'namespace') return dialect.listContains(sql.ref('items.namespace'), wanted)
      if (key === 'key') return no // a string is not a list
      return dialect.listContains(dialect.member(value, key), wanted)
    },
  })
}

/** The metadata keys that every row of a scope must equal: those worth an index. */
function equalityKeys(filter: Filter | undefined): readonly string[] {
  if (filter?.kind === 'equals') return [filter.key]
  return filter?.kind === 'and' ? filter.of.flatMap(equalityKeys) : []
}

type Wanted = Readonly<Record<string, unknown>>

/** Sees to it that listing by a scope and by what is searched for is fast. A scope's own index is worth the most. */
export async function indexFor(
  dialect: Dialect,
  scope: Scope,
  table: MetadataTable,
  wanted: Wanted = {},
): Promise<void> {
  const scoped = equalityKeys(scope.filter)
  for (const key of scoped) await dialect.ensureIndex(table, key, 'filter')
  if (scoped.length > 0) return
  for (const key of Object.keys(wanted)) await dialect.ensureIndex(table, key, 'search')
}

/** What a caller searches metadata for. Where the scope has an index to go by, the search must not take its place. */
export function metadataSearch(
  dialect: Dialect,
  scope: Scope,
  table: MetadataTable | 'crons',
  wanted: Wanted = {},
): Expression<SqlBool> {
  const scoped = equalityKeys(scope.filter).length > 0
  const metadata = sql.ref(`${table}.metadata`)
  if (Object.keys(wanted).length === 0) return yes
  return dialect.contains(scoped ? dialect.unindexed(metadata) : metadata, wanted)
}

/**
 * Notes in the trace that a row is there but hidden. It looks whether the row is absent or hidden, so that both take the
 * same time.
 */
export async function noteHidden(scope: Scope, exists: () => Promise<boolean>): Promise<void> {
  if (scope.filter && scope.trace) scope.trace.hidden = (await exists()) ? 1 : 0
}
