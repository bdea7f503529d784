import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { AuthkitError } from '../errors/authkit-error.js'
import { makePrivateFolder, notWritable } from './private-file.js'

export interface LockOptions {
  /** How long to wait for another process, in milliseconds. */
  readonly waitMs: number
  /** What to throw when that is over. */
  readonly busy: () => AuthkitError
}

/**
 * Does something while no other process, and nobody else in this one, does anything under the same lock.
 *
 * The lock is that of an empty SQLite database. Unlike a file that says "locked", the operating system takes it back when
 * its holder ends, however that happens, so no lock is ever left behind, and none is taken from a process that is merely
 * slow or stopped.
 *
 * @param path Of the lock's file. It stays, empty.
 * @throws What `busy` makes, where the lock is not free in time; AuthkitError `not_writable`.
 */
export async function withLock<T>(path: string, { waitMs, busy }: LockOptions, work: () => Promise<T>): Promise<T> {
  const database = await openDatabase(path)
  try {
    const end = performance.now() + waitMs
    while (!taken(database, path)) {
      if (performance.now() >= end) throw busy()
      await new Promise((resolve) => setTimeout(resolve, 15 + Math.random() * 20))
    }
    return await work()
  } finally {
    database.close()
  }
}

async function openDatabase(path: string): Promise<Database> {
  const { default: Sqlite } = await import('better-sqlite3')
  try {
    await makePrivateFolder(dirname(path))
    return new Sqlite(path, { timeout: 0 })
  } catch (cause) {
    throw notWritable(path, cause)
  }
}

function taken(database: Database, path: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (cause) {
    if (String((cause as { code?: string }).code).startsWith('SQLITE_BUSY')) return false
    throw notWritable(path, cause)
  }
}
