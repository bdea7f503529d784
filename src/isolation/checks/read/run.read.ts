import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const runRead: Check = {
  id: 'run.read',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read a run of Alice's",
  failure: "{who} read a run of Alice's, with its input and configuration",
  impact: 'A run carries its input, its configuration and everything that authenticate returned about its user.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [get(`/threads/${target.thread.id}/runs/${target.run.id}`)],
}
