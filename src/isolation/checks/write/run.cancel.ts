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
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['bob', 'nobody'],
  needs: ['pending'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [
    post(`/threads/${target.thread.id}/runs/${target.run.id}/cancel?wait=false&action=interrupt`),
  ],
}
