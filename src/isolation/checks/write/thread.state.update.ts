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
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'leak',
  requests({ target: { thread }, message, marker }) {
    const update = { values: message(marker), as_node: '__start__' }
    return [
      post(`/threads/${thread.id}/state`, update),
      post(`/threads/${thread.id}/state`, { ...update, checkpoint_id: thread.checkpoint }),
    ]
  },
}
