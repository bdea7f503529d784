import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { field, get, post, succeeded } from '../../probe.js'

export const collisionThread: Check = {
  id: 'collision.thread',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't take Alice's thread over by creating one with its id",
  failure: "Bob created a thread with the id of Alice's and got hers",
  impact: 'The attacker names an id and gets the conversation that has it already, or takes it away from Alice.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create',
  fix: `${returnOwner('threads:create')}; with if_exists "do_nothing" the filter decides about the existing thread`,
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // Without `do_nothing` her own id is taken for her too.
  control: ({ target }) => [post('/threads', { thread_id: target.thread.id, if_exists: 'do_nothing' })],
  requests: ({ target: { thread }, identity, agent }) =>
    ['raise', 'do_nothing'].flatMap((if_exists) => [
      post('/threads', { thread_id: thread.id, if_exists }),
      post('/threads', {
        thread_id: thread.id,
        if_exists,
        metadata: { [identity.ownerKey]: identity.own, graph_id: agent },
      }),
    ]),
  async inspect({ scene, exchanges, alice, stated }) {
    const made = exchanges.filter(succeeded)
    if (made.length === 0) return []
    const born = field(await alice(get(`/threads/${scene.target.thread.id}`)), 'created_at')
    return made
      .filter((exchange) => born !== undefined && field(exchange, 'created_at') === born)
      .map((exchange) => stated(exchange, 'thread', "it was created when Alice's was: it is hers"))
  },
}
