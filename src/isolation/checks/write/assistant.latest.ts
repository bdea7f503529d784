import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const assistantLatest: Check = {
  id: 'assistant.latest',
  family: 'write',
  resource: 'assistants',
  operation: 'write',
  title: "{who} can't set the version of Alice's assistant",
  failure: "{who} set the version of Alice's assistant",
  impact: "The attacker brings an old version back: earlier prompts and tools run in Alice's name until she notices.",
  severity: 'medium',
  refs: ['API1', '639'],
  event: 'assistants:update',
  fix: returnOwner('assistants:update'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [post(`/assistants/${target.assistant.id}/latest`, { version: 1 })],
}
