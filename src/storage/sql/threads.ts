import { expressionBuilder, type Selectable, sql, type Transaction } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import {
  MAX_METADATA_BYTES,
  type Page,
  type PageQuery,
  type Thread,
  type ThreadQuery,
  type ThreadStatus,
  type Threads,
  type ThreadTtl,
  type Ttl,
} from '../storage.js'
import { copyCheckpoints, keepLatestCheckpoints } from './checkpoints.js'
import { createCountCache } from './count-cache.js'
import type { Dialect } from './dialect.js'
import { metadataText } from './metadata-text.js'
import { type PageRow, pageColumns, withinPage } from './page-bytes.js'
import { createQueryCache } from './query-cache.js'
import type { Schema } from './schema.js'
import { indexFor, metadataScope, metadataSearch, noteHidden } from './scope-sql.js'

type Row = Selectable<Schema['threads']>
type Connection = Transaction<Schema> | Dialect['db']

const eb = expressionBuilder<Schema, 'threads'>()

const IN_FLIGHT = ['pending', 'running']

const SMALL = [
  'thread_id',
  'created_at',
  'updated_at',
  'state_updated_at',
  'status',
  'ttl_minutes',
  'ttl_strategy',
  'expires_at',
] as const
const LARGE = ['metadata', 'config', 'values', 'interrupts', 'error'] as const

const THREAD_SORT = ['thread_id', 'status', 'created_at', 'updated_at', 'state_updated_at'] as const

/** Up to so many threads, the trace of a search says how many of them it hid. */
const COUNTED_FOR_TRACE = 1000

/** Two configurations of runs, each of which has the bound of metadata. */
const MAX_CONFIG_BYTES = 2 * MAX_METADATA_BYTES

/** No end is later: beyond the year 9999, instants no longer sort as text. */
const LATEST_END = Date.UTC(9999, 11, 31)

export function createThreads(dialect: Dialect): Threads {
  const { db } = dialect
  const cached = createQueryCache(db)
  const counts = createCountCache(dialect)

  function rowQuery(scope: Scope, id: string, on: Connection = db) {
    return on
      .selectFrom('threads')
      .selectAll()
      .where('thread_id', '=', id)
      .where(metadataScope(dialect, scope, 'threads'))
  }

  async function exists(id: string, on: Connection = db): Promise<boolean> {
    return Boolean(await on.selectFrom('threads').select('thread_id').where('thread_id', '=', id).executeTakeFirst())
  }

  async function get(scope: Scope, id: string, include: readonly 'ttl'[] = []): Promise<Thread | undefined> {
    const [row] = await cached('thread', scope, (slot) => rowQuery(scope, slot('id')), { id })
    if (!row) await noteHidden(scope, () => exists(id))
    if (!row) return undefined
    return include.includes('ttl') ? { ...toThread(row), ttl: ttlOf(row) } : toThread(row)
  }

  /** {@link get} within a transaction. */
  async function rowIn(trx: Transaction<Schema>, scope: Scope, id: string): Promise<Row | undefined> {
    const row = await rowQuery(scope, id, trx).executeTakeFirst()
    if (!row) await noteHidden(scope, () => exists(id, trx))
    return row
  }

  function conditions(scope: Scope, { ids, metadata, values, status }: ThreadQuery) {
    return eb.and([
      metadataScope(dialect, scope, 'threads'),
      metadataSearch(dialect, scope, 'threads', metadata),
      ...(ids ? [eb('thread_id', 'in', [...ids])] : []),
      ...(status ? [eb('status', '=', status)] : []),
      // A thread that has no state yet contains nothing, not even `{}`: its values are null.
      ...(values ? [dialect.contains(sql.ref('threads.values'), values)] : []),
    ])
  }

  function countQuery(scope: Scope, query: ThreadQuery) {
    return db
      .selectFrom('threads')
      .select((q) => q.fn.countAll<number>().as('total'))
      .where(conditions(scope, query))
  }

  function pageQuery(scope: Scope, query: ThreadQuery, { limit, offset, sort_by, sort_order = 'desc' }: PageQuery) {
    const column = THREAD_SORT.find((known) => known === sort_by) ?? 'created_at'
    return db
      .selectFrom('threads')
      .select(SMALL)
      .select(pageColumns('threads', LARGE))
      .where(conditions(scope, query))
      .orderBy(column, sort_order)
      .orderBy('thread_id', sort_order)
      .limit(limit)
      .offset(offset)
  }

  async function count(scope: Scope, query: ThreadQuery): Promise<number> {
    await indexFor(dialect, scope, 'threads', query.metadata)
    if (!isPlain(query)) return Number((await countQuery(scope, query).executeTakeFirstOrThrow()).total)
    return counts.of(scope, async () => {
      const [row] = await cached('thread count', scope, () => countQuery(scope, query), {})
      return Number(row?.total)
    })
  }

  /** How many threads a scope does not show, for the trace; undefined where there are too many to count each time. */
  async function hiddenFrom(scope: Scope, shown: number): Promise<number | undefined> {
    const counted = db
      .selectFrom('threads')
      .select('thread_id')
      .limit(COUNTED_FOR_TRACE + 1)
    const all = await counts.of(
      scope,
      async () => {
        const [row] = await cached(
          'thread bounded count',
          scope,
          () => db.selectFrom(counted.as('counted')).select((q) => q.fn.countAll<number>().as('total')),
          {},
        )
        return Number(row?.total)
      },
      'all ',
    )
    return all > COUNTED_FOR_TRACE ? undefined : all - shown
  }

  async function rows(
    scope: Scope,
    query: ThreadQuery,
    page: PageQuery,
  ): Promise<PageRow<Row, (typeof LARGE)[number]>[]> {
    await indexFor(dialect, scope, 'threads', query.metadata)
    if (!isPlain(query)) return pageQuery(scope, query, page).execute()
    const { limit, offset, sort_by, sort_order } = page
    return cached(
      `thread page ${sort_by} ${sort_order}`,
      scope,
      (slot) => pageQuery(scope, query, { ...page, limit: slot('limit'), offset: slot('offset') }),
      { limit, offset },
    )
  }

  /** Reads, changes and writes one thread in a transaction, where the scope lets it. */
  async function change(
    scope: Scope,
    id: string,
    next: (thread: Thread, row: Row) => Partial<Row>,
  ): Promise<Thread | undefined> {
    return db.transaction().execute(async (trx) => {
      const row = await rowIn(trx, scope, id)
      if (!row) return undefined
      const now = new Date()
      const touched = { ...row, ...next(toThread(row), row), updated_at: now.toISOString() }
      const changed = { ...touched, expires_at: endOf(touched.ttl_minutes, now) }
      await trx.updateTable('threads').set(changed).where('thread_id', '=', id).execute()
      return toThread(changed)
    })
  }

  return {
    get,
    count,

    async create(scope, { thread_id, metadata, status = 'idle', config = {}, ttl }, ifExists) {
      const row = newRow(thread_id, metadataText(metadata), status, config, ttl)
      const inserted = await db
        .insertInto('threads')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (inserted.numInsertedOrUpdatedRows) return toThread(row)
      const existing = await get(scope, thread_id)
      return ifExists === 'do_nothing' ? existing : undefined
    },

    async search(scope, query, page): Promise<Page<Thread>> {
      const listed = await rows(scope, query, page)
      const found = await withinPage(listed, LARGE, async ({ thread_id: id }) => {
        const [row] = await cached('thread', scope, (slot) => rowQuery(scope, slot('id')), { id })
        return row
      })
      // A page that is not full has been counted already.
      const known = listed.length < page.limit && (listed.length > 0 || page.offset === 0)
      const total = known ? page.offset + listed.length : await count(scope, query)
      if (scope.filter && scope.trace && isPlain(query)) scope.trace.hidden = await hiddenFrom(scope, total)
      return { rows: found.map(toThread), total }
    },

    update: (scope, id, { metadata, ttl }) =>
      change(scope, id, (thread, row) => ({
        metadata: metadataText({ ...thread.metadata, ...metadata }, row.metadata),
        ...(ttl === undefined ? {} : ttlColumns(ttl)),
      })),

    begin: (scope, id, { metadata, config }) =>
      change(scope, id, (thread, row) => ({
        status: 'busy',
        // Not bounded: what names graph and assistant is ours, and small.
        metadata: JSON.stringify({ ...thread.metadata, ...metadata }),
        config: keptConfig(config, row.config),
      })),

    async setState(scope, id, { values, interrupts, status, error }) {
      const [row] = await cached('thread', scope, (slot) => rowQuery(scope, slot('id')), { id })
      if (!row) return false
      const at = new Date()
      const now = at.toISOString()
      const result = await db
        .updateTable('threads')
        .set({
          values: text(values),
          interrupts: JSON.stringify(interrupts),
          error: text(error),
          status,
          updated_at: now,
          state_updated_at: now,
          ...(row.ttl_minutes === null
            ? {}
            : {
                // Whoever changed the ttl since it was read has begun it anew by that.
                expires_at: sql<string | null>`case when ttl_minutes = ${row.ttl_minutes}
                  then ${endOf(row.ttl_minutes, at)} else expires_at end`,
              }),
        })
        .where('thread_id', '=', id)
        .where(metadataScope(dialect, scope, 'threads'))
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },

    async delete(scope, id) {
      const { numDeletedRows } = await db
        .deleteFrom('threads')
        .where('thread_id', '=', id)
        .where(metadataScope(dialect, scope, 'threads'))
        .executeTakeFirst()
      if (numDeletedRows === 0n) await noteHidden(scope, () => exists(id))
      return numDeletedRows > 0n
    },

    copy(scope, sourceId, { thread_id, metadata }) {
      return db.transaction().execute(async (trx) => {
        const source = await rowIn(trx, scope, sourceId)
        if (!source) return undefined
        const ttl = ttlOf(source) ?? undefined
        const { values, interrupts } = source
        const row = { ...newRow(thread_id, JSON.stringify(metadata), 'idle', {}, ttl), values, interrupts }
        await trx.insertInto('threads').values(row).execute()
        await copyCheckpoints(trx, sourceId, thread_id)
        return toThread(row)
      })
    },

    async stuck(scope) {
      const rows = await db
        .selectFrom('threads')
        .select('thread_id')
        // Written out, because only then the index of busy threads is used.
        .where('status', '=', sql.lit('busy'))
        .where(({ not, exists: some, selectFrom }) =>
          not(
            some(
              selectFrom('runs')
                .select('runs.run_id')
                .whereRef('runs.thread_id', '=', 'threads.thread_id')
                .where('runs.status', 'in', IN_FLIGHT),
            ),
          ),
        )
        .where(metadataScope(dialect, scope, 'threads'))
        .execute()
      return rows.map(({ thread_id }) => thread_id)
    },

    async expired(scope, now, limit) {
      const rows = await db
        .selectFrom('threads')
        .select(['thread_id', 'ttl_strategy'])
        .where('expires_at', '<=', now)
        // A run may take longer than its thread lives; what it leaves moves the end.
        .where('status', '!=', 'busy')
        .where(({ not, exists: some, selectFrom }) =>
          not(
            some(
              selectFrom('runs')
                .select('runs.run_id')
                .whereRef('runs.thread_id', '=', 'threads.thread_id')
                .where('runs.status', 'in', IN_FLIGHT),
            ),
          ),
        )
        .where(metadataScope(dialect, scope, 'threads'))
        .orderBy('expires_at')
        .limit(limit)
        .execute()
      return rows.map(({ thread_id, ttl_strategy }) => ({ thread_id, strategy: strategyOf(ttl_strategy) }))
    },

    keepLatest(scope, id) {
      return db.transaction().execute(async (trx) => {
        const row = await rowIn(trx, scope, id)
        if (row) await keepLatestIn(trx, row)
        return row !== undefined
      })
    },

    endExpired(scope, id, now) {
      return db.transaction().execute(async (trx) => {
        const row = await rowIn(trx, scope, id)
        if (!row?.expires_at || row.expires_at > now || row.status === 'busy') return undefined
        const inFlight = trx.selectFrom('runs').select('run_id').where('thread_id', '=', id)
        if (await inFlight.where('status', 'in', IN_FLIGHT).executeTakeFirst()) return undefined
        const strategy = strategyOf(row.ttl_strategy)
        if (strategy === 'keep_latest') await keepLatestIn(trx, row)
        else await trx.deleteFrom('threads').where('thread_id', '=', id).execute()
        return strategy
      })
    },
  }
}

async function keepLatestIn(trx: Transaction<Schema>, { thread_id, ttl_minutes }: Row): Promise<void> {
  await keepLatestCheckpoints(trx, thread_id)
  await trx.deleteFrom('runs').where('thread_id', '=', thread_id).where('status', 'not in', IN_FLIGHT).execute()
  const expires_at = endOf(ttl_minutes, new Date())
  await trx.updateTable('threads').set({ expires_at }).where('thread_id', '=', thread_id).execute()
}

function newRow(thread_id: string, metadata: string, status: ThreadStatus, config: object, ttl: Ttl | undefined): Row {
  const at = new Date()
  const now = at.toISOString()
  return {
    thread_id,
    created_at: now,
    updated_at: now,
    state_updated_at: now,
    metadata,
    status,
    config: JSON.stringify(config),
    values: 'null',
    interrupts: '{}',
    error: 'null',
    ...ttlColumns(ttl),
    expires_at: endOf(ttl?.ttl_minutes ?? null, at),
  }
}

/** The configuration that later runs begin with. It grows with each run, and so sticks only up to a bound. */
function keptConfig(config: object, before: string): string {
  const text = JSON.stringify(config)
  return Buffer.byteLength(text) > MAX_CONFIG_BYTES && text.length > before.length ? before : text
}

function ttlColumns(ttl: Ttl | null | undefined): Pick<Row, 'ttl_minutes' | 'ttl_strategy'> {
  return { ttl_minutes: ttl?.ttl_minutes ?? null, ttl_strategy: ttl?.strategy ?? null }
}

/** When a thread ends that somebody touched at this moment. */
function endOf(minutes: number | null, touched: Date): string | null {
  if (minutes === null) return null
  return new Date(Math.min(touched.getTime() + minutes * 60_000, LATEST_END)).toISOString()
}

function ttlOf({ ttl_minutes, ttl_strategy, expires_at }: Row): ThreadTtl | null {
  if (ttl_minutes === null || expires_at === null) return null
  return { strategy: strategyOf(ttl_strategy), ttl_minutes, expires_at }
}

function strategyOf(stored: string | null): Ttl['strategy'] {
  return stored === 'keep_latest' ? 'keep_latest' : 'delete'
}

/** Column by column: what else the row holds is not for everyone who reads the thread. */
function toThread(row: Row): Thread {
  return {
    thread_id: row.thread_id,
    created_at: row.created_at,
    updated_at: row.updated_at,
    state_updated_at: row.state_updated_at,
    status: row.status as ThreadStatus,
    metadata: JSON.parse(row.metadata),
    config: JSON.parse(row.config),
    values: JSON.parse(row.values),
    interrupts: JSON.parse(row.interrupts),
    error: JSON.parse(row.error),
  }
}

/** Whether a query asks for nothing but what the scope shows: then it is always the same one. */
function isPlain({ ids, metadata, values, status }: ThreadQuery): boolean {
  return !ids && !values && !status && Object.keys(metadata ?? {}).length === 0
}

function text(value: unknown): string {
  return JSON.stringify(value ?? null)
}
