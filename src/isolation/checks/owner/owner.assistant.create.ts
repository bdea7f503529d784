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
  impact:
    "A planted assistant stands among Alice's own. When she runs it, its prompts and tools decide what happens with her data.",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'assistants:create',
  fix: stampOwner('assistants:create'),
  needs: ['identity'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ fresh, marker, identity, agent }) =>
    ['raise', 'do_nothing'].map((if_exists) =>
      post('/assistants', {
        assistant_id: fresh(`assistant ${if_exists}`),
        graph_id: agent,
        name: marker,
        if_exists,
        // Some servers make (user, graph, config) unique.
        config: { configurable: { iso_mark: `${marker} ${if_exists}` } },
        metadata: { [identity.ownerKey]: identity.target, iso_mark: marker },
      }),
    ),
  async inspect({ scene, exchanges, alice, seen, stated }) {
    const { marker, identity } = scene
    // The ids are what counts here: the mark is in her own request.
    const found = seen(await alice(post('/assistants/search', { metadata: { iso_mark: marker }, limit: 1000 })))
    for (const exchange of exchanges.filter(succeeded)) {
      found.push(...seen(await alice(get(`/assistants/${field(exchange, 'assistant_id')}`))))
      if (field(exchange, 'metadata', identity.ownerKey) === identity.target) {
        found.push(stated(exchange, 'owner', `metadata.${identity.ownerKey} was stored as Alice`))
      }
    }
    return found
  },
}
