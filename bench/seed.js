import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Writes threads into the database of a stopped `authkit dev`, the way the server writes them: a million requests would take
 * longer than all the rest. The server has made the tables and indexes.
 */
export function seedThreads(authkit, project, { count, ownerOf }) {
  const Database = createRequire(join(authkit, 'package.json'))('better-sqlite3')
  const db = new Database(join(project, '.authkit/dev.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  const insert = db.prepare(
    `insert into threads (thread_id, created_at, updated_at, state_updated_at, metadata, status, config, "values", interrupts, error)
     values (?, ?, ?, ?, ?, 'idle', '{}', 'null', '{}', 'null')`,
  )
  const begin = Date.parse('2026-01-01T00:00:00Z')
  db.transaction(() => {
    for (let index = 0; index < count; index++) {
      const at = begin + index
      const created = new Date(at).toISOString()
      insert.run(idAt(at, index), created, created, created, JSON.stringify({ owner: ownerOf(index) }))
    }
  })()
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

/** A UUID of version 7 as the server would have made it then. */
function idAt(ms, index) {
  const time = ms.toString(16).padStart(12, '0')
  const rest = index.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${rest}`
}
