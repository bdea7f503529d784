import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { del } from '../../probe.js'

export const runDelete: Check = {
  id: 'run.delete',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "{who} can't delete a run of Alice's",
  failure: "{who} deleted a run of Alice's",
  impact: "The attacker erases what Alice's agent did, and the state that went with it.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:delete',
  fix: returnOwner('threads:delete'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [del(`/threads/${target.thread.id}/runs/${target.run.id}`)],
}
