import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { del, post } from '../../probe.js'

export const threadDelete: Check = {
  id: 'thread.delete',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "{who} can't delete Alice's thread",
  failure: "{who} deleted Alice's thread",
  impact: "The attacker erases Alice's conversations one by one, for good.",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:delete',
  fix: returnOwner('threads:delete'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [
    post('/threads/prune', { thread_ids: [target.thread.id] }),
    del(`/threads/${target.thread.id}`),
  ],
  // A thread can be deleted once.
  control: ({ target }) => [del(`/threads/${target.thread.id}`)],
}
