import type { Check, Scene } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, succeeded } from '../../probe.js'

const routes = (id: string) =>
  ['graph', 'schemas', 'subgraphs', 'subgraphs/x'].map((part) => get(`/assistants/${id}/${part}`))

export const assistantDerived: Check = {
  id: 'assistant.derived',
  family: 'read',
  resource: 'assistants',
  operation: 'read',
  title: "{who} can't see the graph and the schemas of Alice's assistant",
  failure: "{who} saw the graph or the schemas of Alice's assistant",
  impact:
    'The graph and its schemas tell what the agent can do, which tools it has and what its configuration takes: a plan for further attacks.',
  severity: 'medium',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix: returnOwner('assistants:read'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'own',
  proof: 'success',
  requests: ({ target }: Scene) => routes(target.assistant.id),
  // A drawing shows no canary. It is Alice's where an id that does not exist gets none.
  async inspect({ scene, exchanges, attack, stated }) {
    const served = exchanges
      .map((exchange, index) => ({ exchange, index }))
      .filter(({ exchange }) => succeeded(exchange))
    if (served.length === 0) return []
    const absent = routes(scene.absent())
    const found = []
    for (const { exchange, index } of served) {
      const probe = absent[index]
      const other = probe && (await attack(probe))
      if (other && [400, 403, 404, 422].includes(other.status)) {
        found.push(stated(exchange, 'assistant', `${exchange.status}, and ${other.status} for one that does not exist`))
      }
    }
    return found
  },
}
