import { type Selectable, sql, type Transaction } from 'kysely'
import type { Scope } from '../../engine/scope.js'
import type { Checkpoints, StoredCheckpoint } from '../storage.js'
import type { Dialect } from './dialect.js'
import { pageColumns, withinPage } from './page-bytes.js'
import type { Schema } from './schema.js'
import { metadataScope, threadScope } from './scope-sql.js'

/** The columns after `thread_id`. */
const CHECKPOINT = [
  'checkpoint_ns',
  'checkpoint_id',
  'parent_checkpoint_id',
  'run_id',
  'type',
  'checkpoint',
  'metadata',
] as const
const WRITE = ['checkpoint_ns', 'checkpoint_id', 'task_id', 'task_path', 'idx', 'channel', 'type', 'value'] as const

const SMALL = ['thread_id', 'checkpoint_ns', 'checkpoint_id', 'parent_checkpoint_id', 'run_id', 'type'] as const
const LARGE = ['checkpoint', 'metadata'] as const

export function createCheckpoints(dialect: Dialect): Checkpoints {
  const { db } = dialect
  const ofThread = sql.ref<string>('checkpoints.thread_id')

  function at(scope: Scope, threadId: string, ns: string) {
    return db
      .selectFrom('checkpoints')
      .selectAll()
      .where('thread_id', '=', threadId)
      .where('checkpoint_ns', '=', ns)
      .where(threadScope(dialect, scope, ofThread))
  }

  return {
    async put(scope, { metadata, ...checkpoint }) {
      const row = { ...checkpoint, metadata: JSON.stringify(metadata) }
      // From the thread's own row, so that a checkpoint can't outlive a thread that was deleted meanwhile.
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('checkpoints')
        .columns(['thread_id', ...CHECKPOINT])
        .expression((from) =>
          from
            .selectFrom('threads')
            .select((s) => [
              'threads.thread_id',
              s.val(row.checkpoint_ns).as('checkpoint_ns'),
              s.val(row.checkpoint_id).as('checkpoint_id'),
              s.val(row.parent_checkpoint_id).as('parent_checkpoint_id'),
              s.val(row.run_id).as('run_id'),
              s.val(row.type).as('type'),
              s.val(row.checkpoint).as('checkpoint'),
              s.val(row.metadata).as('metadata'),
            ])
            .where('threads.thread_id', '=', row.thread_id)
            .where(metadataScope(dialect, scope, 'threads')),
        )
        .onConflict((conflict) =>
          conflict.columns(['thread_id', 'checkpoint_ns', 'checkpoint_id']).doUpdateSet({
            parent_checkpoint_id: row.parent_checkpoint_id,
            run_id: row.run_id,
            type: row.type,
            checkpoint: row.checkpoint,
            metadata: row.metadata,
          }),
        )
        .executeTakeFirst()
      return Boolean(numInsertedOrUpdatedRows)
    },

    putWrites(scope, { thread_id, checkpoint_ns, checkpoint_id }, writes) {
      return db.transaction().execute(async (trx) => {
        const thread = await trx
          .selectFrom('threads')
          .select('thread_id')
          .where('thread_id', '=', thread_id)
          .where(metadataScope(dialect, scope, 'threads'))
          .executeTakeFirst()
        if (!thread) return false
        for (const write of writes) {
          await trx
            .insertInto('checkpoint_writes')
            .values({ thread_id, checkpoint_ns, checkpoint_id, ...write })
            // LangGraph's special channels have negative indexes and replace; ordinary writes are kept as first made.
            .onConflict((conflict) => {
              const same = conflict.columns(['thread_id', 'checkpoint_ns', 'checkpoint_id', 'task_id', 'idx'])
              return write.idx < 0
                ? same.doUpdateSet({ channel: write.channel, type: write.type, value: write.value })
                : same.doNothing()
            })
            .execute()
        }
        return true
      })
    },

    async get(scope, threadId, ns, id) {
      let query = at(scope, threadId, ns)
      if (id !== undefined) query = query.where('checkpoint_id', '=', id)
      const row = await query.orderBy('checkpoint_id', 'desc').limit(1).executeTakeFirst()
      return row && toCheckpoint(row)
    },

    async list(scope, threadId, { checkpoint_ns, before, metadata, limit }) {
      let query = db
        .selectFrom('checkpoints')
        .select(SMALL)
        .select(pageColumns('checkpoints', LARGE))
        .where('thread_id', '=', threadId)
        .where(threadScope(dialect, scope, ofThread))
      if (checkpoint_ns !== undefined) query = query.where('checkpoint_ns', '=', checkpoint_ns)
      if (before !== undefined) query = query.where('checkpoint_id', '<', before)
      if (metadata) query = query.where(dialect.contains(sql.ref('checkpoints.metadata'), metadata))
      if (limit !== undefined) query = query.limit(limit)
      const listed = await query.orderBy('checkpoint_id', 'desc').execute()
      const rows = await withinPage(listed, LARGE, (row) =>
        at(scope, threadId, row.checkpoint_ns).where('checkpoint_id', '=', row.checkpoint_id).executeTakeFirst(),
      )
      return rows.map(toCheckpoint)
    },

    async writes(scope, threadId, ns, id) {
      return db
        .selectFrom('checkpoint_writes')
        .select(['task_id', 'task_path', 'idx', 'channel', 'type', 'value'])
        .where('thread_id', '=', threadId)
        .where('checkpoint_ns', '=', ns)
        .where('checkpoint_id', '=', id)
        .where(threadScope(dialect, scope, sql.ref('checkpoint_writes.thread_id')))
        .orderBy('task_path')
        .orderBy('task_id')
        .orderBy('idx')
        .execute()
    },

    async deleteThread(scope, threadId) {
      await db.transaction().execute(async (trx) => {
        for (const table of ['checkpoint_writes', 'checkpoints'] as const) {
          await trx
            .deleteFrom(table)
            .where('thread_id', '=', threadId)
            .where(threadScope(dialect, scope, sql.ref(`${table}.thread_id`)))
            .execute()
        }
      })
    },
  }
}

function toCheckpoint(row: Selectable<Schema['checkpoints']>): StoredCheckpoint {
  const { thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, type, checkpoint, metadata } = row
  return {
    thread_id,
    checkpoint_ns,
    checkpoint_id,
    parent_checkpoint_id,
    run_id,
    type,
    checkpoint,
    metadata: JSON.parse(metadata),
  }
}

/**
 * Copies the checkpoints of a thread, and what is pending on them, to another thread. Whoever calls has checked both. No run
 * of the other thread made them: they name none, so whoever deletes a run deletes nothing of a copy.
 */
export async function copyCheckpoints(trx: Transaction<Schema>, from: string, to: string): Promise<void> {
  await trx
    .insertInto('checkpoints')
    .columns(['thread_id', ...CHECKPOINT])
    .expression((query) =>
      query
        .selectFrom('checkpoints')
        .select((s) => [
          s.val(to).as('thread_id'),
          'checkpoint_ns',
          'checkpoint_id',
          'parent_checkpoint_id',
          s.val(null).as('run_id'),
          'type',
          'checkpoint',
          'metadata',
        ])
        .where('thread_id', '=', from),
    )
    .execute()
  await trx
    .insertInto('checkpoint_writes')
    .columns(['thread_id', ...WRITE])
    .expression((query) =>
      query
        .selectFrom('checkpoint_writes')
        .select((s) => [s.val(to).as('thread_id'), ...WRITE])
        .where('thread_id', '=', from),
    )
    .execute()
  const copied = await trx
    .selectFrom('checkpoints')
    .select(['checkpoint_ns', 'checkpoint_id', 'metadata'])
    .where('thread_id', '=', to)
    .execute()
  for (const { checkpoint_ns, checkpoint_id, metadata } of copied) {
    const { run_id: _, ...kept } = JSON.parse(metadata)
    await trx
      .updateTable('checkpoints')
      .set({ metadata: JSON.stringify({ ...kept, thread_id: to }) })
      .where('thread_id', '=', to)
      .where('checkpoint_ns', '=', checkpoint_ns)
      .where('checkpoint_id', '=', checkpoint_id)
      .execute()
  }
}

/** How many ids one deletion names. */
const DELETED_AT_ONCE = 500

type Link = Pick<Selectable<Schema['checkpoints']>, 'checkpoint_id' | 'parent_checkpoint_id' | 'metadata'>

/** Deletes all checkpoints of a thread, and what is pending on them, but the latest of each namespace. */
export async function keepLatestCheckpoints(trx: Transaction<Schema>, threadId: string): Promise<void> {
  const rows = await trx
    .selectFrom('checkpoints')
    .select(['checkpoint_ns', 'checkpoint_id', 'parent_checkpoint_id', 'metadata'])
    .where('thread_id', '=', threadId)
    .orderBy('checkpoint_ns')
    .orderBy('checkpoint_id', 'desc')
    .execute()
  const namespaces = new Map<string, Link[]>()
  for (const row of rows) {
    const links = namespaces.get(row.checkpoint_ns)
    if (links) links.push(row)
    else namespaces.set(row.checkpoint_ns, [row])
  }

  for (const [namespace, links] of namespaces) {
    const kept = latestOf(links)
    const dropped = links.map(({ checkpoint_id }) => checkpoint_id).filter((id) => !kept.has(id))
    for (let at = 0; at < dropped.length; at += DELETED_AT_ONCE) {
      for (const table of ['checkpoint_writes', 'checkpoints'] as const) {
        await trx
          .deleteFrom(table)
          .where('thread_id', '=', threadId)
          .where('checkpoint_ns', '=', namespace)
          .where('checkpoint_id', 'in', dropped.slice(at, at + DELETED_AT_ONCE))
          .execute()
      }
    }
    // History ends where a checkpoint has no parent.
    const orphans = links.filter(({ checkpoint_id, parent_checkpoint_id: parent }) => {
      return kept.has(checkpoint_id) && parent !== null && !kept.has(parent)
    })
    for (const { checkpoint_id } of orphans) {
      await trx
        .updateTable('checkpoints')
        .set({ parent_checkpoint_id: null })
        .where('thread_id', '=', threadId)
        .where('checkpoint_ns', '=', namespace)
        .where('checkpoint_id', '=', checkpoint_id)
        .execute()
    }
  }
}

/**
 * The latest checkpoint, with those that its values are made from: LangGraph's delta channels are written out in full only
 * now and then, and a checkpoint in between says in its metadata how long ago that was.
 */
function latestOf(links: readonly Link[]): ReadonlySet<string> {
  const byId = new Map(links.map((link) => [link.checkpoint_id, link]))
  const kept = new Set<string>()
  for (let link = links[0]; link && !kept.has(link.checkpoint_id); ) {
    kept.add(link.checkpoint_id)
    const { counters_since_delta_snapshot: since = {} } = JSON.parse(link.metadata)
    link = Object.keys(since).length > 0 ? byId.get(link.parent_checkpoint_id ?? '') : undefined
  }
  return kept
}
