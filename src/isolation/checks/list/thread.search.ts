import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

const COLUMNS = ['thread_id', 'status', 'created_at', 'updated_at']

export const threadSearch: Check = {
  id: 'thread.search',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's threads",
  failure: "{who} found Alice's threads",
  impact: 'One request lists the conversations of everybody. Nothing has to be guessed.',
  severity: 'critical',
  refs: ['API1', 'API3', '200'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  requests: () => [
    post('/threads/search'),
    post('/threads/search', { limit: 1000 }),
    ...COLUMNS.flatMap((sort_by) =>
      ['asc', 'desc'].map((sort_order) => post('/threads/search', { limit: 1000, sort_by, sort_order })),
    ),
    post('/threads/search', { limit: 1000, select: ['thread_id', 'values', 'config', 'metadata', 'interrupts'] }),
    get('/threads'),
  ],
}
