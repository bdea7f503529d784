import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const assistantSearch: Check = {
  id: 'assistant.search',
  family: 'list',
  resource: 'assistants',
  operation: 'list',
  title: "{who} does not find Alice's assistants",
  failure: "{who} found Alice's assistants",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:search',
  fix: returnOwner('assistants:search'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'own',
  requests: ({ target, agent }) => [
    post('/assistants/search', { limit: 1000 }),
    post('/assistants/search', { graph_id: agent, limit: 1000 }),
    post('/assistants/search', { metadata: { secret: target.assistant.secret } }),
  ],
}
