import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const assistantVersions: Check = {
  id: 'assistant.versions',
  family: 'read',
  resource: 'assistants',
  operation: 'read',
  title: "{who} can't read the versions of Alice's assistant",
  failure: "{who} read the versions of Alice's assistant",
  impact:
    'Old versions keep what was removed from the current one: earlier prompts, and keys that were taken out but not revoked.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix: returnOwner('assistants:read'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [post(`/assistants/${target.assistant.id}/versions`)],
}
