import type { Check } from '../../check.js'
import { CREDENTIAL, firstOf, needsRoutes, undecided } from '../../check-parts/credentials-offered.js'
import { serverBug } from '../../fix.js'
import { field, post } from '../../probe.js'

export const vaultUseOther: Check = {
  ...CREDENTIAL,
  id: 'vault.use-other',
  operation: 'takeover',
  title: "Bob gets no token of Alice's by naming her, her account or her connection",
  failure: "Bob got a token of Alice's by naming her, her account or her connection",
  impact: 'His agents act at other services in her name.',
  severity: 'critical',
  refs: ['API1', '441'],
  event: null,
  fix: serverBug('whose token is used follows from what the request names, not from who is calling'),
  needs: ['thread', 'identity'],
  own: ['thread'],
  absent: needsRoutes(['GET', '/connections'], ['POST', '/connections/token']),
  async inspect({ alice, adopt, attack, seen, stage, scene }) {
    const hers = await firstOf({ alice }, '/connections')
    if (!hers) return { kind: 'skipped', reason: 'Alice has no connection to another service' }
    const { provider, account } = hers.row
    const token = field(await alice(post('/connections/token', { provider })), 'access_token')
    if (typeof token !== 'string' || token.length < 8) return undecided('Alice gets no token of her own')
    adopt('connection-used', token)
    stage.secrets.plant({ value: token, slot: 'connection token', owner: 'alice', hard: true })
    // Known before Bob sends them, so that what he has written himself proves nothing when he reads it again.
    for (const value of [hers.id, account]) {
      if (typeof value !== 'string' || value.length < 8) continue
      stage.secrets.plant({ value, slot: 'connection', owner: 'alice', hard: false })
    }
    const names = [
      { connection_id: hers.id },
      { user_id: scene.identity.target },
      { user: scene.identity.target },
      { account },
    ]
    const evidence = []
    for (const name of names) {
      evidence.push(...seen(await attack(post('/connections/token', { provider, ...name }))))
      const { message, marker, halt, own, agent } = scene
      const run = { assistant_id: agent, input: message(marker), config: { configurable: name }, ...halt }
      evidence.push(...seen(await attack(post(`/threads/${own.thread.id}/runs/wait`, run))))
    }
    return evidence
  },
}
