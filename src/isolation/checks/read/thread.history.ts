import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

export const threadHistory: Check = {
  id: 'thread.history',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read the history of Alice's thread",
  failure: "{who} read the history of Alice's thread",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [
    get(`/threads/${target.thread.id}/history?limit=100`),
    post(`/threads/${target.thread.id}/history`, {}),
    post(`/threads/${target.thread.id}/history`, { limit: 100, metadata: {} }),
  ],
}
