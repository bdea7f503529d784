import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runCancel: Check = {
  id: 'run.cancel',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't cancel Alice's run",
  failure: "{who} cancelled Alice's run",
  impact: "The attacker stops other users' work whenever he likes.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['bob', 'nobody'],
  needs: ['pending'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target: { thread, run } }) => [
    post(`/threads/${thread.id}/runs/${run.id}/cancel?wait=false&action=interrupt`),
    post(`/threads/${thread.id}/runs/${run.id}/cancel?wait=false&action=rollback`),
    post('/runs/cancel', { thread_id: thread.id, run_ids: [run.id] }),
  ],
  // A run can be cancelled once.
  control: ({ target: { thread, run } }) => [
    post(`/threads/${thread.id}/runs/${run.id}/cancel?wait=false&action=interrupt`),
  ],
}
