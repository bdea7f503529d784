import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { del } from '../../probe.js'

export const assistantDelete: Check = {
  id: 'assistant.delete',
  family: 'delete',
  resource: 'assistants',
  operation: 'delete',
  title: "{who} can't delete Alice's assistant",
  failure: "{who} deleted Alice's assistant",
  impact: 'The attacker removes an agent that Alice works with.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:delete',
  fix: returnOwner('assistants:delete'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [del(`/assistants/${target.assistant.id}`)],
}
