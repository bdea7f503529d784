import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const threadSearch: Check = {
  id: 'thread.search',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's threads",
  failure: "{who} found Alice's threads",
  severity: 'critical',
  refs: ['API1', 'API3', '200'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  requests: () => [
    post('/threads/search', {}),
    post('/threads/search', { limit: 1000 }),
    post('/threads/search', { limit: 1000, sort_by: 'updated_at', sort_order: 'asc' }),
    post('/threads/search', { limit: 1000, select: ['thread_id', 'values', 'config', 'metadata', 'interrupts'] }),
  ],
}
