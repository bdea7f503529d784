import { type Selectable, sql } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import type { Run, RunStatus, Runs } from '../storage.js'
import { RUN_FIELDS } from '../storage.js'
import type { Dialect } from './dialect.js'
import { pageColumns, withinPage } from './page-bytes.js'
import type { Schema } from './schema.js'
import { metadataScope, noteHidden, threadScope } from './scope-sql.js'

const IN_FLIGHT = ['pending', 'running']

const SMALL = [
  'run_id',
  'thread_id',
  'assistant_id',
  'created_at',
  'updated_at',
  'status',
  'multitask_strategy',
] as const
const LARGE = ['metadata', 'kwargs'] as const

/** What is shown of a run. The rest is the queue's, and never leaves by these. */
type Row = Pick<Selectable<Schema['runs']>, (typeof RUN_FIELDS)[number]>

export function createRuns(dialect: Dialect): Runs {
  const { db } = dialect
  const ofThread = sql.ref<string>('runs.thread_id')

  function rowOf(scope: Scope, threadId: string, runId: string): Promise<Row | undefined> {
    return db
      .selectFrom('runs')
      .select(RUN_FIELDS)
      .where('run_id', '=', runId)
      .where('thread_id', '=', threadId)
      .where(threadScope(dialect, scope, ofThread))
      .executeTakeFirst()
  }

  return {
    async create(scope, { metadata, kwargs, identity, plan, ...run }) {
      const now = new Date().toISOString()
      const row: Row = {
        created_at: now,
        ...run,
        updated_at: now,
        status: 'pending',
        metadata: JSON.stringify(metadata),
        kwargs: JSON.stringify(kwargs),
      }
      const job = { due_at: row.created_at, identity, plan, error: null }
      return db.transaction().execute(async (trx) => {
        const thread = await trx
          .selectFrom('threads')
          .select('thread_id')
          .where('thread_id', '=', run.thread_id)
          .where(metadataScope(dialect, scope, 'threads'))
          .executeTakeFirst()
        if (!thread) return undefined
        await trx
          .insertInto('runs')
          .values({ ...row, ...job })
          .execute()
        return toRun(row)
      })
    },

    async get(scope, threadId, runId) {
      const row = await rowOf(scope, threadId, runId)
      if (!row) {
        await noteHidden(scope, async () =>
          Boolean(await db.selectFrom('runs').select('run_id').where('run_id', '=', runId).executeTakeFirst()),
        )
      }
      return row && toRun(row)
    },

    async list(scope, threadId, { status }, { limit, offset }) {
      let query = db
        .selectFrom('runs')
        .select(SMALL)
        .select(pageColumns('runs', LARGE))
        .where('thread_id', '=', threadId)
        .where(threadScope(dialect, scope, ofThread))
      if (status) query = query.where('status', '=', status)
      const listed = await query
        .orderBy('created_at', 'desc')
        .orderBy('run_id', 'desc')
        .limit(limit)
        .offset(offset)
        .execute()
      const rows = await withinPage(listed, LARGE, ({ run_id }) => rowOf(scope, threadId, run_id))
      return rows.map(toRun)
    },

    async inFlight(scope, threadId, limit) {
      let query = db
        .selectFrom('runs')
        .select(RUN_FIELDS)
        .where('thread_id', '=', threadId)
        .where('status', 'in', IN_FLIGHT)
        .where(threadScope(dialect, scope, ofThread))
        .orderBy('created_at')
        .orderBy('run_id')
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(toRun)
    },

    async allInFlight(scope, status, limit) {
      let query = db
        .selectFrom('runs')
        .select(RUN_FIELDS)
        .where('status', 'in', status === 'all' ? IN_FLIGHT : [status])
        .where(threadScope(dialect, scope, ofThread))
        .orderBy('created_at')
        .orderBy('run_id')
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(toRun)
    },

    async tickets(scope) {
      const rows = await db
        .selectFrom('runs')
        .select(['run_id', 'thread_id', 'identity', 'due_at', 'created_at'])
        .where('status', '=', 'pending')
        .where(threadScope(dialect, scope, ofThread))
        .orderBy('created_at')
        .orderBy('run_id')
        .execute()
      return rows.map(({ created_at, due_at, ...ticket }) => ({ ...ticket, due_at: due_at ?? created_at }))
    },

    async claim(scope, runId) {
      const row = await db
        .updateTable('runs')
        .set({ status: 'running', updated_at: new Date().toISOString() })
        .where('run_id', '=', runId)
        .where('status', '=', 'pending')
        .where(threadScope(dialect, scope, ofThread))
        .returning([...RUN_FIELDS, 'plan'])
        .executeTakeFirst()
      if (!row) return undefined
      const { plan, ...run } = row
      return { run: toRun(run), plan: plan ?? new Uint8Array() }
    },

    async finish(scope, runId, { status, error = null }) {
      const { numUpdatedRows } = await db
        .updateTable('runs')
        .set({
          status,
          error: error && JSON.stringify(error),
          plan: null,
          updated_at: new Date().toISOString(),
        })
        .where('run_id', '=', runId)
        .where('status', 'in', IN_FLIGHT)
        .where(threadScope(dialect, scope, ofThread))
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async errorOf(scope, threadId, runId) {
      const row = await db
        .selectFrom('runs')
        .select('error')
        .where('run_id', '=', runId)
        .where('thread_id', '=', threadId)
        .where(threadScope(dialect, scope, ofThread))
        .executeTakeFirst()
      return row?.error ? JSON.parse(row.error) : null
    },

    async threadOf(scope, runId) {
      const row = await db
        .selectFrom('runs')
        .select('thread_id')
        .where('run_id', '=', runId)
        .where(threadScope(dialect, scope, ofThread))
        .executeTakeFirst()
      return row?.thread_id
    },

    delete(scope, threadId, runId) {
      return db.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('runs')
          .where('run_id', '=', runId)
          .where('thread_id', '=', threadId)
          .where(threadScope(dialect, scope, ofThread))
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        const made = trx
          .selectFrom('checkpoints')
          .select('checkpoint_id')
          .where('thread_id', '=', threadId)
          .where('run_id', '=', runId)
        await trx
          .deleteFrom('checkpoint_writes')
          .where('thread_id', '=', threadId)
          .where('checkpoint_id', 'in', made)
          .execute()
        await trx.deleteFrom('checkpoints').where('thread_id', '=', threadId).where('run_id', '=', runId).execute()
        return true
      })
    },
  }
}

/** Column by column: a row of a page holds more than is shown. */
function toRun(row: Row): Run {
  const fields = Object.fromEntries(RUN_FIELDS.map((field) => [field, row[field]])) as unknown as Row
  return {
    ...fields,
    status: row.status as RunStatus,
    metadata: JSON.parse(row.metadata),
    kwargs: JSON.parse(row.kwargs),
  }
}
