import type { RunEvents } from '../storage.js'
import type { Dialect } from './dialect.js'

/** They belong to nobody but the run whose stream they are: whoever reads them has been let at the run already. */
export function createRunEvents({ db }: Dialect): RunEvents {
  return {
    async append(_scope, runId, events) {
      if (events.length === 0) return
      await db
        .insertInto('run_events')
        .values(events.map(({ id, event, data }) => ({ run_id: runId, id, event, data })))
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },

    read: (_scope, runId, from, limit) =>
      db
        .selectFrom('run_events')
        .select(['id', 'event', 'data'])
        .where('run_id', '=', runId)
        .where('id', '>=', from)
        .orderBy('id')
        .limit(limit)
        .execute(),

    async delete(_scope, runId) {
      await db.deleteFrom('run_events').where('run_id', '=', runId).execute()
    },

    async clear(_scope) {
      await db.deleteFrom('run_events').execute()
    },
  }
}
