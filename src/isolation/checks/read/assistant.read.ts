import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const assistantRead: Check = {
  id: 'assistant.read',
  family: 'read',
  resource: 'assistants',
  operation: 'read',
  title: "{who} can't read Alice's assistant",
  failure: "{who} read Alice's assistant, with its configuration",
  impact: "An assistant's configuration holds its prompts, and often keys. Whoever has its id takes both.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix: returnOwner('assistants:read'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [get(`/assistants/${target.assistant.id}`)],
}
