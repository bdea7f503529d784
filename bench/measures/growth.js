import { addLoad, inTurns, loadOn } from './throughput.js'

const CREATE = ['user1-token', 'user2-token'].map((token) => ({ method: 'POST', path: '/threads', token, body: {} }))
const SEARCH = ['user1-token', 'user2-token'].map((token) => ({
  method: 'POST',
  path: '/threads/search',
  token,
  body: {},
}))

/**
 * Thread search while the threads become more: two users own half each and ask in turn for their ten latest, on both
 * servers. The threads are made through the API.
 */
export async function measureGrowth({ servers, generator, rounds, sizes, add, progress }) {
  const pair = await servers.startPair('growth')
  let threads = 0
  for (const { count, authkitRequests, peerRequests } of sizes.growth) {
    progress(`thread search at ${count} threads`)
    for (const kind of ['authkit', 'peer']) {
      const url = pair[kind].url
      await generator.run({ url, requests: CREATE, count: count - threads, maxMs: 120_000 })
    }
    threads = count
    const ask = (kind) => {
      const requests = kind === 'authkit' ? authkitRequests : peerRequests
      return loadOn(generator, pair[kind], {
        requests: SEARCH,
        count: requests,
        maxMs: 20_000,
      })
    }
    addLoad(add, `thread.search.${count}`, await inTurns(['authkit', 'peer'], rounds.growth, ask))
  }
  await pair.stop()
}
