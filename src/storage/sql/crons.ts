import { expressionBuilder, type Selectable, sql } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import { CRON_FIELDS, type Cron, type CronQuery, type Crons, type PageQuery } from '../storage.js'
import type { Dialect } from './dialect.js'
import { metadataText } from './metadata-text.js'
import { pageColumns, withinPage } from './page-bytes.js'
import type { Schema } from './schema.js'
import { metadataScope, metadataSearch, noteHidden } from './scope-sql.js'

const LARGE = ['payload', 'metadata'] as const
const SMALL = CRON_FIELDS.filter((field) => !(LARGE as readonly string[]).includes(field)) as Exclude<
  (typeof CRON_FIELDS)[number],
  (typeof LARGE)[number]
>[]

/** What is shown of a cron. Whom it runs as is the scheduler's, and leaves by `due` alone. */
type Row = Pick<Selectable<Schema['crons']>, (typeof CRON_FIELDS)[number]>

const eb = expressionBuilder<Schema, 'crons'>()

const CRON_SORT = [
  'cron_id',
  'assistant_id',
  'thread_id',
  'next_run_date',
  'end_time',
  'created_at',
  'updated_at',
] as const

export function createCrons(dialect: Dialect): Crons {
  const { db } = dialect

  function visible(scope: Scope, id: string) {
    return eb.and([eb('crons.cron_id', '=', id), metadataScope(dialect, scope, 'crons')])
  }

  function rowOf(scope: Scope, id: string): Promise<Row | undefined> {
    return db.selectFrom('crons').select(CRON_FIELDS).where(visible(scope, id)).executeTakeFirst()
  }

  /** Notes, where nothing was found, whether there is something to hide. */
  function absent(scope: Scope, id: string): Promise<void> {
    return noteHidden(scope, async () =>
      Boolean(await db.selectFrom('crons').select('cron_id').where('cron_id', '=', id).executeTakeFirst()),
    )
  }

  function listed(scope: Scope, threads: Scope, query: CronQuery) {
    const { assistant_id, thread_id, enabled, metadata, threadMetadata } = query
    const thread = db
      .selectFrom('threads')
      .select(sql`1`.as('one'))
      .where('threads.thread_id', '=', sql.ref<string>('crons.thread_id'))
      .where(metadataScope(dialect, threads, 'threads'))
      .where(metadataSearch(dialect, threads, 'threads', threadMetadata))
    return eb.and([
      metadataScope(dialect, scope, 'crons'),
      metadataSearch(dialect, scope, 'crons', metadata),
      eb.or([eb('crons.thread_id', 'is', null), eb.exists(thread)]),
      ...(assistant_id === undefined ? [] : [eb('crons.assistant_id', '=', assistant_id)]),
      ...(thread_id === undefined ? [] : [eb('crons.thread_id', '=', thread_id)]),
      ...(enabled === undefined ? [] : [eb('crons.enabled', '=', Number(enabled))]),
    ])
  }

  async function count(scope: Scope, threads: Scope, query: CronQuery): Promise<number> {
    const { total } = await db
      .selectFrom('crons')
      .select((q) => q.fn.countAll<number>().as('total'))
      .where(listed(scope, threads, query))
      .executeTakeFirstOrThrow()
    return Number(total)
  }

  return {
    count,

    create(_scope, { payload, metadata, enabled, ...cron }) {
      return db.transaction().execute(async (trx) => {
        if (cron.thread_id !== null) {
          const thread = trx.selectFrom('threads').select('thread_id').where('thread_id', '=', cron.thread_id)
          if (!(await thread.executeTakeFirst())) return undefined
        }
        const now = new Date().toISOString()
        const row = {
          ...cron,
          payload: JSON.stringify(payload),
          metadata: metadataText(metadata),
          enabled: Number(enabled),
          created_at: now,
          updated_at: now,
        }
        await trx.insertInto('crons').values(row).execute()
        return toCron(row)
      })
    },

    async get(scope, id) {
      const row = await rowOf(scope, id)
      if (!row) await absent(scope, id)
      return row && toCron(row)
    },

    async search(scope, threads, query, page) {
      const { column, direction } = sorting(page)
      const found = await db
        .selectFrom('crons')
        .select(SMALL)
        .select(pageColumns('crons', LARGE))
        .where(listed(scope, threads, query))
        .orderBy(column, direction)
        .orderBy('cron_id', direction)
        .limit(page.limit)
        .offset(page.offset)
        .execute()
      const rows = await withinPage(found, LARGE, ({ cron_id }) => rowOf(scope, cron_id))
      const known = found.length < page.limit && (found.length > 0 || page.offset === 0)
      const total = known ? page.offset + found.length : await count(scope, threads, query)
      return { rows: rows.map(toCron), total }
    },

    async update(scope, id, { payload, metadata, enabled, ...change }) {
      const changed = await db.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('crons').select(CRON_FIELDS).where(visible(scope, id)).executeTakeFirst()
        if (!row) return undefined
        const next = {
          ...change,
          ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
          ...(enabled === undefined ? {} : { enabled: Number(enabled) }),
          metadata: metadataText({ ...JSON.parse(row.metadata), ...metadata }, row.metadata),
          updated_at: new Date().toISOString(),
        }
        await trx.updateTable('crons').set(next).where('cron_id', '=', id).execute()
        return toCron({ ...row, ...next })
      })
      if (!changed) await absent(scope, id)
      return changed
    },

    async delete(scope, id) {
      const { numDeletedRows } = await db.deleteFrom('crons').where(visible(scope, id)).executeTakeFirst()
      if (numDeletedRows === 0n) await absent(scope, id)
      return numDeletedRows > 0n
    },

    async due(scope, now, limit, after) {
      const waiting = db
        .selectFrom('crons')
        .select([
          'cron_id',
          'user_id',
          'next_run_date',
          sql<number>`row_number() over (partition by user_id order by next_run_date)`.as('turn'),
        ])
        .where('enabled', '=', 1)
        .where('next_run_date', '<=', now)
        .where(metadataScope(dialect, scope, 'crons'))
      const user = sql`coalesce(waiting.user_id, '')`
      const rows = await db
        .selectFrom(waiting.as('waiting'))
        .innerJoin('crons', 'crons.cron_id', 'waiting.cron_id')
        .select([...CRON_FIELDS.map((field) => `crons.${field}` as const), 'crons.creator'])
        .orderBy('waiting.turn')
        .orderBy(sql`${user} <= ${after ?? ''}`)
        .orderBy(user)
        .limit(limit)
        .execute()
      return rows.map(({ creator, ...row }) => ({ cron: toCron(row), creator }))
    },

    async coming(scope, userId) {
      const { total } = await db
        .selectFrom('crons')
        .select((q) => q.fn.countAll<number>().as('total'))
        .where('user_id', '=', userId)
        .where('enabled', '=', 1)
        .where('next_run_date', 'is not', null)
        .where(metadataScope(dialect, scope, 'crons'))
        .executeTakeFirstOrThrow()
      return Number(total)
    },

    async nextDue(scope) {
      const row = await db
        .selectFrom('crons')
        .select('next_run_date')
        .where('enabled', '=', 1)
        .where('next_run_date', 'is not', null)
        .where(metadataScope(dialect, scope, 'crons'))
        .orderBy('next_run_date')
        .limit(1)
        .executeTakeFirst()
      return row?.next_run_date ?? undefined
    },

    async advance(scope, id, from, to) {
      const { numUpdatedRows } = await db
        .updateTable('crons')
        .set({ next_run_date: to })
        .where(visible(scope, id))
        .where('enabled', '=', 1)
        .where('next_run_date', '=', from)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

function toCron(row: Row): Cron {
  const fields = Object.fromEntries(CRON_FIELDS.map((field) => [field, row[field]])) as unknown as Row
  return {
    ...fields,
    payload: JSON.parse(row.payload),
    metadata: JSON.parse(row.metadata),
    on_run_completed: row.on_run_completed as Cron['on_run_completed'],
    enabled: row.enabled === 1,
  }
}

function sorting({ sort_by, sort_order = 'desc' }: PageQuery) {
  return { column: CRON_SORT.find((known) => known === sort_by) ?? 'created_at', direction: sort_order }
}
