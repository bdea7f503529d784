import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

/** Checkpoint ids grow with time: before this one lies everything. */
const END_OF_TIME = 'ffffffff-ffff-6fff-bfff-ffffffffffff'

export const threadHistory: Check = {
  id: 'thread.history',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read the history of Alice's thread",
  failure: "{who} read the history of Alice's thread",
  impact: 'The history holds every state the conversation ever had, what was deleted from it as well.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'leak-unless-empty',
  // Servers read `before` in several ways; the other three forms must have shown it.
  proof: 'shown',
  requests: ({ target }) => [
    get(`/threads/${target.thread.id}/history?limit=1000`),
    post(`/threads/${target.thread.id}/history`),
    post(`/threads/${target.thread.id}/history`, { before: END_OF_TIME }),
    post(`/threads/${target.thread.id}/history`, { metadata: {} }),
  ],
}
