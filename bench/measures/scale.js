import { createRequire } from 'node:module'
import { join } from 'node:path'
import { addLoad, inTurns, loadOn } from './throughput.js'

const THREADS_OF_A_USER = 1000

/**
 * Thread search of authkit alone when users become more: everyone owns 1,000 threads, and asks for the ten latest. Users
 * ask in turn, so the more there are the less is cached. The threads are written into the database file, the way the
 * server writes them, because a million requests would take longer than all the rest; the server makes tables and indexes.
 */
export async function measureScale({ where, servers, generator, rounds, sizes, add, progress }) {
  const running = new Map()
  for (const users of sizes.users) {
    const threads = users * THREADS_OF_A_USER
    progress(`writing ${threads} threads of ${users} users`)
    const folder = servers.newProject(`scale-${users}`)
    // The first search makes the index that the rules need.
    await (await servers.start('authkit', folder)).stop()
    seed(where.authkit, join(folder, '.authkit/dev.db'), users)
    running.set(`${threads}`, { users, server: await servers.start('authkit', folder) })
  }
  progress('thread search by number of users')
  const results = await inTurns([...running.keys()], rounds.scale, (threads) => {
    const { users, server } = running.get(threads)
    const requests = Array.from({ length: users }, (_, user) => ({
      method: 'POST',
      path: '/threads/search',
      token: `user${user + 1}-token`,
      body: {},
    }))
    return loadOn(generator, server, { requests, count: sizes.scaleRequests, maxMs: 20_000 })
  })
  for (const [threads, rounds] of Object.entries(results)) {
    addLoad(add, `scale.${threads}`, { authkit: rounds })
  }
  for (const { server } of running.values()) await server.stop()
}

function seed(root, path, users) {
  const Database = createRequire(join(root, 'package.json'))('better-sqlite3')
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  const insert = db.prepare(
    `insert into threads (thread_id, created_at, updated_at, state_updated_at, metadata, status, config, "values", interrupts, error)
     values (?, ?, ?, ?, ?, 'idle', '{}', 'null', '{}', 'null')`,
  )
  const begin = Date.parse('2026-01-01T00:00:00Z')
  db.transaction(() => {
    for (let index = 0; index < users * THREADS_OF_A_USER; index++) {
      const at = begin + index
      const created = new Date(at).toISOString()
      insert.run(idAt(at, index), created, created, created, JSON.stringify({ owner: `user${1 + (index % users)}` }))
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
