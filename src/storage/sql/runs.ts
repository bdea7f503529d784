import { type Selectable, sql } from 'kysely'
import type { Run, RunStatus, Runs } from '../storage.js'
import type { Dialect } from './dialect.js'
import type { Schema } from './schema.js'
import { noteHidden, threadScope } from './scope-sql.js'

const IN_FLIGHT = ['pending', 'running']

export function createRuns(dialect: Dialect): Runs {
  const { db } = dialect
  const ofThread = sql.ref<string>('runs.thread_id')

  return {
    async create(scope, { metadata, kwargs, ...run }) {
      const now = new Date().toISOString()
      const row: Selectable<Schema['runs']> = {
        created_at: now,
        ...run,
        updated_at: now,
        status: 'pending',
        metadata: JSON.stringify(metadata),
        kwargs: JSON.stringify(kwargs),
      }
      return db.transaction().execute(async (trx) => {
        const thread = await trx
          .selectFrom('threads')
          .select('thread_id')
          .where('thread_id', '=', run.thread_id)
          .where(threadScope(dialect, scope, sql.ref('threads.thread_id')))
          .executeTakeFirst()
        if (!thread) return undefined
        await trx.insertInto('runs').values(row).execute()
        return toRun(row)
      })
    },

    async get(scope, threadId, runId) {
      const row = await db
        .selectFrom('runs')
        .selectAll()
        .where('run_id', '=', runId)
        .where('thread_id', '=', threadId)
        .where(threadScope(dialect, scope, ofThread))
        .executeTakeFirst()
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
        .selectAll()
        .where('thread_id', '=', threadId)
        .where(threadScope(dialect, scope, ofThread))
      if (status) query = query.where('status', '=', status)
      const rows = await query
        .orderBy('created_at', 'desc')
        .orderBy('run_id', 'desc')
        .limit(limit)
        .offset(offset)
        .execute()
      return rows.map(toRun)
    },

    async inFlight(scope, threadId) {
      const rows = await db
        .selectFrom('runs')
        .selectAll()
        .where('thread_id', '=', threadId)
        .where('status', 'in', IN_FLIGHT)
        .where(threadScope(dialect, scope, ofThread))
        .orderBy('created_at')
        .orderBy('run_id')
        .execute()
      return rows.map(toRun)
    },

    async allInFlight(scope) {
      const rows = await db
        .selectFrom('runs')
        .selectAll()
        .where('status', 'in', IN_FLIGHT)
        .where(threadScope(dialect, scope, ofThread))
        .orderBy('created_at')
        .orderBy('run_id')
        .execute()
      return rows.map(toRun)
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

    async setStatus(scope, runId, status) {
      const { numUpdatedRows } = await db
        .updateTable('runs')
        .set({ status, updated_at: new Date().toISOString() })
        .where('run_id', '=', runId)
        .where(threadScope(dialect, scope, ofThread))
        .executeTakeFirst()
      return numUpdatedRows > 0n
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

function toRun(row: Selectable<Schema['runs']>): Run {
  return {
    ...row,
    status: row.status as RunStatus,
    metadata: JSON.parse(row.metadata),
    kwargs: JSON.parse(row.kwargs),
  }
}
