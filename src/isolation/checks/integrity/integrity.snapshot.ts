import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { inParallel } from '../../ledger/cleanup.js'
import { get, succeeded } from '../../probe.js'
import { compareSnapshots, takeSnapshot } from '../../snapshot.js'

export const integritySnapshot: Check = {
  id: 'integrity.snapshot',
  family: 'integrity',
  resource: 'threads',
  operation: 'write',
  title: "All of Alice's data is as it was when the attacks are over",
  failure: "Alice's data changed after the attack had been refused",
  impact: 'The refusal was for show: the request took effect behind it, later.',
  severity: 'high',
  refs: ['API1', '639'],
  event: null,
  fix: 'the check named in the evidence was refused and took effect later: look for work that is queued before it is authorised',
  needs: ['thread'],
  when: 'last',
  on2xx: 'own',
  requests: () => [],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  async inspect({ scene, stage, stated, alice }) {
    const witness = await alice(get(`/threads/${scene.target.thread.id}`))
    if (!succeeded(witness)) return { kind: 'inconclusive', reason: `Alice can't read her own data: ${witness.status}` }
    // What a check has already reported is not reported again.
    const victims = stage.victims.filter(({ check }) => !stage.leaked.has(check))
    const found: Evidence[] = []
    await inParallel(victims, 8, async ({ check, target, snapshot }) => {
      const { changed } = compareSnapshots(snapshot, await takeSnapshot(stage.client, target))
      for (const { part, what, exchange } of changed) {
        found.push(stated(exchange, 'after-check', `Alice's ${part} of ${check}: ${what}`))
      }
    })
    return found
  },
}
