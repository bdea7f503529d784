import { randomUUID } from 'node:crypto'
import type { Owner } from '../../actor.js'
import { newCanary } from '../../canary.js'
import type { Check, Inspection } from '../../check.js'
import { bleedIn } from '../../check-parts/bleed.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { type Exchange, field, get, post } from '../../probe.js'

const ID = 'concurrency.run-identity'
const RUNS = 20

interface Started {
  readonly owner: Owner
  readonly thread: string
  readonly exchange: Exchange
}

async function start({ stage, scene }: Inspection, owner: Owner): Promise<Started> {
  const [thread, marker] = [randomUUID(), newCanary()]
  stage.ledger.reserve({ kind: 'thread', id: thread, owner })
  stage.secrets.plant({ value: marker, slot: 'run.input', owner, check: ID, hard: true })
  const body = { assistant_id: scene.agent, input: scene.message(marker), if_not_exists: 'create', ...scene.halt }
  const exchange = await stage.client.send(owner, post(`/threads/${thread}/runs/wait`, body), { once: true })
  return { owner, thread, exchange }
}

/** Whom a run belongs to: its user finds it, and finds himself in it where the server shows that; the other does not. */
async function whose({ stage, as, stated }: Inspection, { owner, thread }: Started): Promise<Evidence[]> {
  const other: Owner = owner === 'alice' ? 'bob' : 'alice'
  const probe = get(`/threads/${thread}/runs?limit=1`)
  const [hers, his] = await Promise.all([as(owner, probe), as(other, probe)])
  const stranger = stage.learnt.identities[other]
  const caller = field(hers, '0', 'kwargs', 'config', 'configurable', 'langgraph_auth_user_id')
  if (stranger !== undefined && caller === stranger) return [stated(hers, 'identity', 'the run carries the other user')]
  return field(his, '0', 'run_id') === undefined ? [] : [stated(his, 'run', 'the run of the other user')]
}

export const concurrencyRunIdentity: Check = {
  id: ID,
  family: 'concurrency',
  resource: 'threads',
  operation: 'access',
  title: 'Runs that go at the same time keep their users and their inputs',
  failure: "Of runs that went at the same time, one had another's user or input",
  impact: "An agent acts as the wrong person: it reads that person's memory and uses that person's connections.",
  severity: 'critical',
  refs: ['488'],
  event: 'threads:create_run',
  fix: serverBug('the user of a run belongs into its own context, never into a global or a shared worker'),
  needs: ['thread'],
  when: 'alone',
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const started = await Promise.all(
      Array.from({ length: RUNS }, (_, index) => start(inspection, index % 2 === 0 ? 'alice' : 'bob')),
    )
    const found = bleedIn(
      inspection,
      started.map(({ exchange }) => exchange),
    )
    if ('kind' in found || found.length > 0) return found
    return (await Promise.all(started.map((each) => whose(inspection, each)))).flat()
  },
}
