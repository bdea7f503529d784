import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely'

/** The column types that differ between databases. */
export interface ColumnTypes {
  readonly json: 'text' | 'jsonb'
  readonly bytes: 'blob' | 'bytea'
}

/**
 * The versions of the tables, in order. A version that has been released is never edited: a change is a new version.
 */
export function migrations(types: ColumnTypes): MigrationProvider {
  const all: Record<string, Migration> = {
    '0001_foundation': foundation(types),
    '0002_durable_work': durableWork(types),
  }
  return { getMigrations: async () => all }
}

function foundation(types: ColumnTypes): Migration {
  const json = sql.raw(types.json)
  const bytes = sql.raw(types.bytes)
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('threads')
        .addColumn('thread_id', 'text', (column) => column.primaryKey())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .addColumn('state_updated_at', 'text', (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('config', json, (column) => column.notNull())
        .addColumn('values', json, (column) => column.notNull())
        .addColumn('interrupts', json, (column) => column.notNull())
        .addColumn('error', json, (column) => column.notNull())
        .execute()
      await db.schema
        .createIndex('threads_by_age')
        .on('threads')
        .columns(['created_at desc', 'thread_id desc'])
        .execute()

      await db.schema
        .createTable('assistants')
        .addColumn('assistant_id', 'text', (column) => column.primaryKey())
        .addColumn('graph_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('config', json, (column) => column.notNull())
        .addColumn('context', json, (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .execute()
      await db.schema
        .createIndex('assistants_by_age')
        .on('assistants')
        .columns(['created_at desc', 'assistant_id desc'])
        .execute()

      await db.schema
        .createTable('assistant_versions')
        .addColumn('assistant_id', 'text', (column) =>
          column.notNull().references('assistants.assistant_id').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('graph_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('config', json, (column) => column.notNull())
        .addColumn('context', json, (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('assistant_versions_key', ['assistant_id', 'version'])
        .execute()

      await db.schema
        .createTable('runs')
        .addColumn('run_id', 'text', (column) => column.primaryKey())
        .addColumn('thread_id', 'text', (column) =>
          column.notNull().references('threads.thread_id').onDelete('cascade'),
        )
        .addColumn('assistant_id', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addColumn('kwargs', json, (column) => column.notNull())
        .addColumn('multitask_strategy', 'text', (column) => column.notNull())
        .execute()
      await db.schema
        .createIndex('runs_by_thread')
        .on('runs')
        .columns(['thread_id', 'created_at desc', 'run_id desc'])
        .execute()
      await db.schema.createIndex('runs_by_status').on('runs').columns(['status', 'created_at']).execute()

      await db.schema
        .createTable('items')
        .addColumn('namespace', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', json, (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('items_key', ['namespace', 'key'])
        .execute()

      await db.schema
        .createTable('checkpoints')
        .addColumn('thread_id', 'text', (column) =>
          column.notNull().references('threads.thread_id').onDelete('cascade'),
        )
        .addColumn('checkpoint_ns', 'text', (column) => column.notNull())
        .addColumn('checkpoint_id', 'text', (column) => column.notNull())
        .addColumn('parent_checkpoint_id', 'text')
        .addColumn('run_id', 'text')
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('checkpoint', bytes, (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addPrimaryKeyConstraint('checkpoints_key', ['thread_id', 'checkpoint_ns', 'checkpoint_id'])
        .execute()

      await db.schema
        .createTable('checkpoint_writes')
        .addColumn('thread_id', 'text', (column) => column.notNull())
        .addColumn('checkpoint_ns', 'text', (column) => column.notNull())
        .addColumn('checkpoint_id', 'text', (column) => column.notNull())
        .addColumn('task_id', 'text', (column) => column.notNull())
        .addColumn('task_path', 'text', (column) => column.notNull())
        .addColumn('idx', 'integer', (column) => column.notNull())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('value', bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint('checkpoint_writes_key', [
          'thread_id',
          'checkpoint_ns',
          'checkpoint_id',
          'task_id',
          'idx',
        ])
        .addForeignKeyConstraint('checkpoint_writes_thread', ['thread_id'], 'threads', ['thread_id'], (constraint) =>
          constraint.onDelete('cascade'),
        )
        .execute()
    },
  }
}

/** Runs that survive a restart, crons, and what ends by itself. */
function durableWork(types: ColumnTypes): Migration {
  const json = sql.raw(types.json)
  const bytes = sql.raw(types.bytes)
  return {
    async up(db: Kysely<unknown>) {
      for (const [column, type] of [
        ['due_at', 'text'],
        ['identity', 'text'],
        ['plan', bytes],
        ['error', json],
      ] as const) {
        await db.schema.alterTable('runs').addColumn(column, type).execute()
      }
      await db.schema
        .createTable('run_events')
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('id', 'integer', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('run_events_key', ['run_id', 'id'])
        .execute()

      await db.schema
        .createTable('crons')
        .addColumn('cron_id', 'text', (column) => column.primaryKey())
        .addColumn('assistant_id', 'text', (column) => column.notNull())
        .addColumn('thread_id', 'text', (column) => column.references('threads.thread_id').onDelete('cascade'))
        .addColumn('user_id', 'text')
        .addColumn('schedule', 'text', (column) => column.notNull())
        .addColumn('timezone', 'text')
        .addColumn('end_time', 'text')
        .addColumn('next_run_date', 'text')
        .addColumn('payload', json, (column) => column.notNull())
        .addColumn('metadata', json, (column) => column.notNull())
        .addColumn('on_run_completed', 'text')
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .addColumn('creator', bytes)
        .execute()
      await db.schema.createIndex('crons_by_age').on('crons').columns(['created_at desc', 'cron_id desc']).execute()
      await db.schema.createIndex('crons_by_assistant').on('crons').column('assistant_id').execute()
      await db.schema.createIndex('crons_by_user').on('crons').columns(['user_id', 'enabled']).execute()
      await db.schema.createIndex('crons_by_thread').on('crons').column('thread_id').execute()
      await db.schema.createIndex('crons_by_due').on('crons').columns(['enabled', 'next_run_date']).execute()

      for (const [column, type] of [
        ['ttl_minutes', 'real'],
        ['ttl_strategy', 'text'],
        ['expires_at', 'text'],
      ] as const) {
        await db.schema.alterTable('threads').addColumn(column, type).execute()
      }
      await db.schema
        .createIndex('threads_busy')
        .on('threads')
        .column('status')
        .where(sql.ref('status'), '=', sql.lit('busy'))
        .execute()
      await db.schema
        .createIndex('threads_by_expiry')
        .on('threads')
        .column('expires_at')
        .where(sql.ref('expires_at'), 'is not', null)
        .execute()

      for (const [column, type] of [
        ['ttl_minutes', 'real'],
        ['expires_at', 'text'],
        ['search_text', 'text'],
      ] as const) {
        await db.schema.alterTable('items').addColumn(column, type).execute()
      }
      await db.schema
        .createIndex('items_by_expiry')
        .on('items')
        .column('expires_at')
        .where(sql.ref('expires_at'), 'is not', null)
        .execute()
      await db.schema
        .createTable('item_vectors')
        .addColumn('namespace', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('part', 'integer', (column) => column.notNull())
        .addColumn('vector', bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint('item_vectors_key', ['namespace', 'key', 'part'])
        .addForeignKeyConstraint(
          'item_vectors_item',
          ['namespace', 'key'],
          'items',
          ['namespace', 'key'],
          (constraint) => constraint.onDelete('cascade'),
        )
        .execute()
    },
  }
}
