import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { type Probe, post } from '../../probe.js'

export const boundaryNearMiss: Check = {
  id: 'boundary.near-miss',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: "A shortened, extended or re-cased copy of Alice's token is refused",
  failure: "A token that only resembles Alice's was accepted",
  severity: 'high',
  refs: ['API2', '287', '697'],
  event: 'authenticate',
  fix: authenticate('compare tokens for equality, not by prefix and not without case'),
  actors: ['junk'],
  // So that Alice's own search has something to show.
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests: () =>
    (['shortened', 'extended', 'other-case'] as const).map(
      (change): Probe => ({
        ...post('/threads/search', {}),
        disguise: { headers: { authorization: `{scheme} {alice:${change}}` } },
      }),
    ),
}
