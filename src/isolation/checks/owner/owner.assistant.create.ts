import type { Check } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { field, get, post, succeeded } from '../../probe.js'

export const ownerAssistantCreate: Check = {
  id: 'owner.assistant.create',
  family: 'owner',
  resource: 'assistants',
  operation: 'takeover',
  title: "Bob can't create an assistant in Alice's name",
  failure: "Bob created an assistant in Alice's name, which she may run",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'assistants:create',
  fix: stampOwner('assistants:create'),
  needs: ['identity'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ fresh, marker, identity, agent }) => [
    post('/assistants', {
      assistant_id: fresh('assistant'),
      graph_id: agent,
      name: marker,
      // Some servers make (user, graph, config) unique.
      config: { configurable: { iso_mark: marker } },
      metadata: { [identity.ownerKey]: identity.target },
    }),
  ],
  async inspect({ scene, exchanges, alice, seen, stated }) {
    const [first] = exchanges
    if (!first || !succeeded(first)) return []
    const found = seen(await alice(get(`/assistants/${scene.fresh('assistant')}`)))
    if (field(first, 'metadata', scene.identity.ownerKey) === scene.identity.target) {
      found.push(stated(first, 'owner', `metadata.${scene.identity.ownerKey} was stored as Alice`))
    }
    return found
  },
}
