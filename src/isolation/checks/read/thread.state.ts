import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const threadState: Check = {
  id: 'thread.state',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read the state of Alice's thread",
  failure: "{who} read the state of Alice's thread",
  impact: 'The state is the whole conversation: messages, files, and what tools returned.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [
    get(`/threads/${target.thread.id}/state`),
    get(`/threads/${target.thread.id}/state?subgraphs=true`),
  ],
}
