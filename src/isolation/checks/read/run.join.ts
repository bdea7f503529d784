import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const runJoin: Check = {
  id: 'run.join',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't join a run of Alice's",
  failure: "{who} joined a run of Alice's and got its result",
  impact: 'The result of a run is what the agent answered. Whoever waits for it reads the conversation.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  // A run that stopped before its first node has a result that shows nothing on some servers.
  proof: 'success',
  requests: ({ target }) => [get(`/threads/${target.thread.id}/runs/${target.run.id}/join`)],
}
