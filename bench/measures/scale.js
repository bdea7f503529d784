import { seedThreads } from '../seed.js'
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
    seedThreads(where.authkit, folder, { count: threads, ownerOf: (index) => `user${1 + (index % users)}` })
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
