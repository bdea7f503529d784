import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, Migrator } from 'kysely'
import { AuthkitError } from '../../errors/authkit-error.js'
import { createAssistants } from '../sql/assistants.js'
import { createCheckpoints } from '../sql/checkpoints.js'
import { createCrons } from '../sql/crons.js'
import { createItems } from '../sql/items.js'
import { migrations } from '../sql/migrations.js'
import { createRunEvents } from '../sql/run-events.js'
import { createRuns } from '../sql/runs.js'
import type { Schema } from '../sql/schema.js'
import { createThreads } from '../sql/threads.js'
import type { Storage } from '../storage.js'
import { createSqliteDialect } from './dialect.js'
import { groupCommitDialect } from './group-commit.js'

/** Statements kept prepared. A server has a few dozen; filters on unusual keys must not make it unbounded. */
const PREPARED_BOUND = 500

/**
 * Opens the database, creating and migrating it as needed.
 *
 * @param path A file, made with its folder where it is missing, or `:memory:`.
 * @param onStatement Receives the text of each statement when it is first prepared.
 * @throws AuthkitError `database_unusable` where the file can't be opened, is no database, or is newer than this authkit.
 * @example
 * const storage = await openSqliteStorage('.authkit/dev.db')
 */
export async function openSqliteStorage(
  path: string,
  { onStatement }: { onStatement?: (text: string) => void } = {},
): Promise<Storage> {
  let connection: Database.Database | undefined
  try {
    if (path !== ':memory:') await makePrivateFile(path)
    connection = new Database(path, { timeout: 5000 })
    // WAL with NORMAL keeps every acknowledged write when the process dies; FULL would only add power failures.
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = NORMAL')
    connection.pragma('foreign_keys = ON')
    connection.pragma('cache_size = -65536')
    const prepare = preparedOnce(connection, onStatement)
    const db = new Kysely<Schema>({ dialect: groupCommitDialect(connection, prepare) })
    await migrate(db)
    return storageOn(db, connection)
  } catch (error) {
    connection?.close()
    if (error instanceof AuthkitError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new AuthkitError('database_unusable', `The database ${path} can't be opened: ${reason}.`, { cause: error })
  }
}

/** SQLite would let everyone on the machine read the file, and gives its journals the mode of the file. */
async function makePrivateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600).catch(() => undefined)
  // What can't be opened is left to SQLite, which says why.
  await file?.close()
}

function storageOn(db: Kysely<Schema>, connection: Database.Database): Storage {
  const dialect = createSqliteDialect(db, connection)
  return {
    threads: createThreads(dialect),
    assistants: createAssistants(dialect),
    runs: createRuns(dialect),
    runEvents: createRunEvents(dialect),
    crons: createCrons(dialect),
    items: createItems(dialect),
    checkpoints: createCheckpoints(dialect),
    async close() {
      if (!connection.open) return
      connection.pragma('optimize')
      if (connection.name !== ':memory:') connection.pragma('wal_checkpoint(TRUNCATE)')
      await db.destroy()
    },
  }
}

async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: migrations({ json: 'text', bytes: 'blob' }) })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Prepares each statement once: kysely would prepare it anew for every query. */
function preparedOnce(connection: Database.Database, onStatement?: (text: string) => void) {
  const prepared = new Map<string, Database.Statement>()
  return (text: string): Database.Statement => {
    const known = prepared.get(text)
    if (known) return known
    onStatement?.(text)
    const statement = connection.prepare(text)
    if (prepared.size >= PREPARED_BOUND) prepared.delete(prepared.keys().next().value as string)
    prepared.set(text, statement)
    return statement
  }
}
