import { openClient } from '../http.js'
import { median } from '../stats.js'

/** A run of the echo graph on a thread of its own, waited for: milliseconds from the request to the whole answer. */
export async function waitForRun(client) {
  const { thread_id } = await client.json('POST', '/threads', { body: {} })
  const body = { assistant_id: 'agent', input: { messages: [{ role: 'user', content: 'hello' }] } }
  const begun = performance.now()
  const { messages } = await client.json('POST', `/threads/${thread_id}/runs/wait`, { body })
  const ms = performance.now() - begun
  if (messages?.length !== 2) throw new Error('the run did not echo')
  return ms
}

export async function measureRun({ servers, rounds, add }) {
  const pair = await servers.startPair('run')
  const samples = { authkit: [], peer: [] }
  const clients = { authkit: openClient(pair.authkit.url), peer: openClient(pair.peer.url) }
  for (let round = -3; round < rounds.run; round++) {
    for (const [kind, client] of Object.entries(clients)) {
      const ms = await waitForRun(client)
      if (round >= 0) samples[kind].push(ms)
    }
  }
  for (const client of Object.values(clients)) client.close()
  await pair.stop()
  add('run.wait', { authkit: median(samples.authkit), peer: median(samples.peer), samples })
}
