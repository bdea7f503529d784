import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openClient } from '../http.js'
import { median, sleep } from '../stats.js'

const POLL_MS = 1
const GIVE_UP_MS = 30_000
/** Between two saves, so that each is a change of its own. */
const SETTLE_MS = 1000

/**
 * From saving auth.ts to the first answer under the new rule: auth.ts is written with another status for reads, and one
 * request after another asks until a read is answered with it. Every request without an answer in between is counted.
 */
export async function measureReload({ servers, rounds, add }) {
  const pair = await servers.startPair('reload')
  const samples = { authkit: [], peer: [] }
  const silent = { authkit: [], peer: [] }
  const unanswered = { authkit: 0, peer: 0 }
  const unexpected = { authkit: [], peer: [] }

  for (let round = -1; round < rounds.reload; round++) {
    for (const kind of ['authkit', 'peer']) {
      const result = await saveAndProbe(pair[kind])
      if (round < 0) continue
      samples[kind].push(result.ms)
      silent[kind].push(result.silentMs)
      unanswered[kind] += result.unanswered
      unexpected[kind].push(...result.unexpected)
    }
  }
  await pair.stop()
  for (const [kind, statuses] of Object.entries(unexpected)) {
    if (statuses.length > 0) throw new Error(`${kind} answered ${statuses} while it reloaded`)
  }
  const both = (of) => ({ authkit: median(of.authkit), peer: median(of.peer), samples: of })
  add('reload', both(samples))
  add('reload.silent', both(silent))
  add('reload.unanswered', { authkit: unanswered.authkit, peer: unanswered.peer, samples: unanswered })
}

async function saveAndProbe({ url, folder }) {
  const file = join(folder, 'auth.ts')
  const source = await readFile(file, 'utf8')
  const old = Number(/READ_STATUS: number = (\d+)/.exec(source)[1])
  const wanted = old === 200 ? 403 : 200
  const changed = source.replace(`READ_STATUS: number = ${old}`, `READ_STATUS: number = ${wanted}`)

  const client = openClient(url, { timeoutMs: 5000 })
  const { thread_id } = await client.json('POST', '/threads', { body: {} })
  const path = `/threads/${thread_id}`
  // Threads live on through a reload on both servers: a save must not lose what the probe reads.
  if ((await client.ask('GET', path)).status !== old) throw new Error(`${url} does not follow the rule it has`)

  const result = { ms: Number.NaN, silentMs: 0, unanswered: 0, unexpected: [] }
  const begun = performance.now()
  let saved = false
  const writing = writeFile(file, changed).then(() => {
    saved = true
  })
  let lastAnswer = begun
  for (;;) {
    const { status } = await client.ask('GET', path)
    const now = performance.now()
    if (status === undefined) result.unanswered++
    else {
      if (result.unanswered > 0) result.silentMs = Math.max(result.silentMs, now - lastAnswer)
      lastAnswer = now
      if (status === wanted) {
        result.ms = now - begun
        break
      }
      if (status !== old) result.unexpected.push(status)
    }
    if (now - begun > GIVE_UP_MS) throw new Error(`${url} never acted on the new rule`)
    await sleep(POLL_MS)
  }
  await writing
  if (!saved) throw new Error('auth.ts was not written')
  client.close()
  await sleep(SETTLE_MS)
  return result
}
