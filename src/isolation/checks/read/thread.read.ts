import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const threadRead: Check = {
  id: 'thread.read',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read Alice's thread",
  failure: "{who} read Alice's thread",
  impact:
    'A thread holds the latest state of a conversation and what the application keeps about it. Ids stand in links, logs and screenshots.',
  severity: 'high',
  refs: ['API1', '639', 'ATHZ-04'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [get(`/threads/${target.thread.id}`), get(`/threads/${target.thread.id}?include=ttl`)],
}
