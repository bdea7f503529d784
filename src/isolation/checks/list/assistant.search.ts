import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

export const assistantSearch: Check = {
  id: 'assistant.search',
  family: 'list',
  resource: 'assistants',
  operation: 'list',
  title: "{who} does not find Alice's assistants",
  failure: "{who} found Alice's assistants",
  impact: 'One request lists the assistants of everybody, with prompts, keys and ids.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:search',
  fix: returnOwner('assistants:search'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'own',
  // Some servers search for whole names.
  proof: 'shown',
  requests: ({ target, agent }) => [
    post('/assistants/search', { limit: 1000 }),
    post('/assistants/search', { graph_id: agent, limit: 1000 }),
    // The beginning of a name: the whole one would be an echo.
    post('/assistants/search', { name: target.assistant.name.slice(0, 12), limit: 1000 }),
    post('/assistants/search', { metadata: { secret: target.assistant.secret } }),
    get('/assistants'),
  ],
}
