import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const collisionThread: Check = {
  id: 'collision.thread',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't take Alice's thread over by creating one with its id",
  failure: "Bob created a thread with the id of Alice's and got hers",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create',
  fix: `${returnOwner('threads:create')}; with if_exists "do_nothing" the filter decides about the existing thread`,
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ target: { thread }, identity, agent }) => [
    post('/threads', { thread_id: thread.id, if_exists: 'do_nothing' }),
    post('/threads', {
      thread_id: thread.id,
      if_exists: 'do_nothing',
      metadata: { [identity.ownerKey]: identity.own, graph_id: agent },
    }),
  ],
}
