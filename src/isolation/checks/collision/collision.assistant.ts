import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { systemAssistantId } from '../../ledger/system-assistant.js'
import { field, post, succeeded } from '../../probe.js'

export const collisionAssistant: Check = {
  id: 'collision.assistant',
  family: 'collision',
  resource: 'assistants',
  operation: 'takeover',
  title: "Bob can't take Alice's assistant over by creating one with its id",
  failure: "Bob created an assistant with the id of Alice's and got hers",
  impact: 'The attacker names an id and gets the assistant that has it already, with its prompts and keys.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:create',
  fix: `${returnOwner('assistants:create')}; with if_exists "do_nothing" the filter decides about the existing one`,
  needs: ['assistant'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // Without `do_nothing` her own id is taken for her too.
  control: ({ target, agent }) => [
    post('/assistants', { assistant_id: target.assistant.id, graph_id: agent, if_exists: 'do_nothing' }),
  ],
  requests: ({ target, agent }) =>
    [target.assistant.id, systemAssistantId(agent)].flatMap((assistant_id) =>
      ['raise', 'do_nothing'].map((if_exists) =>
        post('/assistants', { assistant_id, graph_id: agent, name: agent, if_exists }),
      ),
    ),
  // Where the shared assistant is Bob's to see, it may be told to him again; it must not have become his.
  async inspect({ scene, exchanges, stated }) {
    const { ownerKey, own } = scene.identity
    return exchanges
      .slice(2)
      .filter((exchange) => succeeded(exchange) && own !== '' && field(exchange, 'metadata', ownerKey) === own)
      .map((exchange) => stated(exchange, 'shared assistant', "it is Bob's now"))
  },
}
