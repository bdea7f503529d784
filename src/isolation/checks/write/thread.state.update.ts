import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const threadStateUpdate: Check = {
  id: 'thread.state.update',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't write into the state of Alice's thread",
  failure: "{who} wrote into the state of Alice's thread",
  impact: "The attacker puts words into Alice's conversation, and her agent takes them for hers.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests({ target: { thread }, message, marker }) {
    const update = { values: message(marker), as_node: '__start__' }
    const checkpoint = { thread_id: thread.id, checkpoint_id: thread.checkpoint, checkpoint_ns: '' }
    return [post(`/threads/${thread.id}/state`, update), post(`/threads/${thread.id}/state`, { ...update, checkpoint })]
  },
}
