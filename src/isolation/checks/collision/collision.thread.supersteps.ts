import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const collisionThreadSupersteps: Check = {
  id: 'collision.thread.supersteps',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't write into Alice's thread by creating one with its id and a history",
  failure: "Bob created a thread with the id of Alice's, and his history was written into hers",
  impact: "The attacker puts words into Alice's conversation: a refused creation wrote its history all the same.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create',
  fix: `${returnOwner('threads:create')}, and the same for threads:update, which is asked for the history`,
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  // Without `do_nothing` her own id is taken for her too.
  control: ({ target }) => [post('/threads', { thread_id: target.thread.id, if_exists: 'do_nothing' })],
  proof: 'success',
  requests: ({ target, agent, message, marker }) =>
    ['raise', 'do_nothing'].map((if_exists) =>
      post('/threads', {
        thread_id: target.thread.id,
        if_exists,
        metadata: { graph_id: agent },
        supersteps: [{ updates: [{ values: message(marker), as_node: '__start__' }] }],
      }),
    ),
}
