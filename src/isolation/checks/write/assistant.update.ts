import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { patch } from '../../probe.js'

export const assistantUpdate: Check = {
  id: 'assistant.update',
  family: 'write',
  resource: 'assistants',
  operation: 'write',
  title: "{who} can't change Alice's assistant",
  failure: "{who} changed Alice's assistant",
  impact: 'The attacker rewrites the prompts and tools of an agent that Alice trusts, or makes himself its owner.',
  severity: 'high',
  refs: ['API1', 'API3', '639'],
  event: 'assistants:update',
  fix: returnOwner('assistants:update'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target, marker, identity }) => [
    patch(`/assistants/${target.assistant.id}`, { name: marker }),
    patch(`/assistants/${target.assistant.id}`, { config: { configurable: { x: marker } } }),
    patch(`/assistants/${target.assistant.id}`, { metadata: { [identity.ownerKey]: identity.own || marker } }),
  ],
}
