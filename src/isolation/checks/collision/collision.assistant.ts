import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const collisionAssistant: Check = {
  id: 'collision.assistant',
  family: 'collision',
  resource: 'assistants',
  operation: 'takeover',
  title: "Bob can't take Alice's assistant over by creating one with its id",
  failure: "Bob created an assistant with the id of Alice's and got hers",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:create',
  fix: `${returnOwner('assistants:create')}; with if_exists "do_nothing" the filter decides about the existing one`,
  needs: ['assistant'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ target, agent }) => [
    post('/assistants', { assistant_id: target.assistant.id, graph_id: agent, if_exists: 'do_nothing' }),
  ],
}
