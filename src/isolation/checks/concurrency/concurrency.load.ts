import { randomUUID } from 'node:crypto'
import type { Owner } from '../../actor.js'
import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import { bleedIn } from '../../check-parts/bleed.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get, type Probe, post } from '../../probe.js'
import type { Stage } from '../../stage.js'

const ID = 'concurrency.load'
const CONNECTIONS = 16
const REQUESTS = 10
/** So many requests are about one thread: one makes it, the others read it and look for it. */
const EACH = 5

/** One connection's requests, one after the other, always about its user's own threads. */
async function work({ client, ledger, secrets, runId }: Stage, owner: Owner): Promise<Exchange[]> {
  const exchanges: Exchange[] = []
  const send = async (probe: Probe) => exchanges.push(await client.send(owner, probe, { once: true }))
  for (let done = 0; done < REQUESTS; done += EACH) {
    const [id, secret] = [randomUUID(), newCanary()]
    ledger.reserve({ kind: 'thread', id, owner })
    secrets.plant({ value: secret, slot: 'thread.metadata', owner, check: ID, hard: true })
    await send(post('/threads', { thread_id: id, metadata: { secret, authkit_isolation: runId } }))
    for (let more = 1; more < EACH; more++) {
      await send(more % 2 === 0 ? get(`/threads/${id}`) : post('/threads/search', { metadata: { secret }, limit: 5 }))
    }
  }
  return exchanges
}

export const concurrencyLoad: Check = {
  id: ID,
  family: 'concurrency',
  resource: 'server',
  operation: 'access',
  title: 'Answers stay with their users while many ask at once',
  failure: 'While many asked at once, an answer belonged to another user',
  impact: "On a busy day users see each other's data by chance, and no test with one user at a time ever shows it.",
  severity: 'critical',
  refs: ['488', '362'],
  event: null,
  fix: serverBug('nothing about a request may be kept in a variable that another request can see'),
  needs: ['thread'],
  when: 'alone',
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const workers = Array.from({ length: CONNECTIONS }, (_, index) =>
      work(inspection.stage, index % 2 === 0 ? 'alice' : 'bob'),
    )
    return bleedIn(inspection, (await Promise.all(workers)).flat())
  },
}
