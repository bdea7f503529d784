import { openClient } from '../http.js'
import { median, sleep } from '../stats.js'
import { waitForRun } from './run.js'

const AT_REST_MS = 3000

/**
 * From starting the process to the first answer that needed auth.ts and the storage, on a project without data; the memory
 * of every process three seconds later; and then the first run, which is when graphs are loaded.
 */
export async function measureStartUp({ servers, rounds, add }) {
  const start = { authkit: [], peer: [] }
  const memory = { authkit: [], peer: [] }
  const firstRun = { authkit: [], peer: [] }
  for (let round = -1; round < rounds.start; round++) {
    for (const kind of ['authkit', 'peer']) {
      const server = await servers.start(kind, servers.newProject(`start-${kind}`))
      if (round >= 0) {
        start[kind].push(server.startMs)
        await sleep(AT_REST_MS)
        memory[kind].push(server.memory())
        const client = openClient(server.url)
        firstRun[kind].push(await waitForRun(client))
        client.close()
      }
      await server.stop()
    }
  }
  const both = (samples) => ({ authkit: median(samples.authkit), peer: median(samples.peer), samples })
  const of = (field) => ({
    authkit: memory.authkit.map((one) => one[field]),
    peer: memory.peer.map((one) => one[field]),
  })
  add('start', both(start))
  add('run.first', both(firstRun))
  add('memory.rss', both(of('rss')))
  add('memory.pss', both(of('pss')))
  add('processes', both(of('processes')))
}
