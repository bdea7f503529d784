import { openClient } from '../http.js'
import { median } from '../stats.js'

const THREADS = 200
const ITEMS = 200

/** Requests per second of the everyday requests, 64 connections, two users in turn, auth on. The servers take turns. */
export async function measureThroughput({ servers, generator, rounds, sizes, add }) {
  const pair = await servers.startPair('throughput')
  const kinds = ['authkit', 'peer']
  const reads = {}
  for (const kind of kinds) reads[kind] = await createThreads(pair[kind])

  const users = ['user1', 'user2']
  const items = Array.from({ length: ITEMS }, (_, index) => ({ user: users[index % 2], key: `note-${index}` }))
  const operations = {
    'thread.read': (kind) => reads[kind],
    'thread.create': () =>
      users.map((user) => ({ method: 'POST', path: '/threads', token: `${user}-token`, body: { metadata: { a: 1 } } })),
    'store.put': () =>
      items.map(({ user, key }) => ({
        method: 'PUT',
        path: '/store/items',
        token: `${user}-token`,
        body: { namespace: [user, 'notes'], key, value: { text: 'a note', of: user } },
      })),
    'store.get': () =>
      items.map(({ user, key }) => ({
        method: 'GET',
        path: `/store/items?namespace=${user}.notes&key=${key}`,
        token: `${user}-token`,
      })),
    'store.search': () =>
      users.map((user) => ({
        method: 'POST',
        path: '/store/items/search',
        token: `${user}-token`,
        body: { namespace_prefix: [user, 'notes'] },
      })),
  }
  for (const [id, requestsFor] of Object.entries(operations)) {
    const ask = (kind) =>
      loadOn(generator, pair[kind], {
        requests: requestsFor(kind),
        count: sizes.requests,
        maxMs: sizes.maxMs,
      })
    addLoad(add, id, await inTurns(kinds, rounds.load, ask))
  }
  add('memory.after', {
    authkit: pair.authkit.memory().rss,
    peer: pair.peer.memory().rss,
    samples: { authkit: pair.authkit.memory(), peer: pair.peer.memory() },
  })
  await pair.stop()
}

/** One round on one server: what the generator saw, and the processor time that a request took on the server's side. */
export async function loadOn(generator, server, job) {
  const before = server.cpuMs()
  const seen = await generator.run({ ...job, url: server.url })
  return { ...seen, cpu: (server.cpuMs() - before) / seen.requests }
}

/** Both servers, one after the other, as often as asked; who begins changes each time. A round in front is not counted. */
export async function inTurns(kinds, rounds, ask) {
  const results = Object.fromEntries(kinds.map((kind) => [kind, []]))
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 ? [...kinds].reverse() : kinds
    for (const kind of order) {
      const result = await ask(kind)
      if (round >= 0) results[kind].push(result)
    }
  }
  return results
}

/** The medians of the rounds, as rows: requests per second, p50, p99 and processor time. */
export function addLoad(add, id, results) {
  for (const field of ['rps', 'p50', 'p99', 'cpu', 'reconnects']) {
    const samples = Object.fromEntries(
      Object.entries(results).map(([kind, rounds]) => [kind, rounds.map((round) => round[field])]),
    )
    const medians = Object.fromEntries(Object.entries(samples).map(([kind, values]) => [kind, median(values)]))
    add(`${id}.${field}`, { ...medians, samples })
  }
}

async function createThreads({ url }) {
  const client = openClient(url)
  const reads = []
  for (let index = 0; index < THREADS; index++) {
    const token = `user${1 + (index % 2)}-token`
    const { thread_id } = await client.json('POST', '/threads', { token, body: {} })
    reads.push({ method: 'GET', path: `/threads/${thread_id}`, token })
  }
  client.close()
  return reads
}
