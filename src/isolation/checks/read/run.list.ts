import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const runList: Check = {
  id: 'run.list',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't list the runs of Alice's thread",
  failure: "{who} listed the runs of Alice's thread",
  impact:
    'A run carries its input, its configuration and who started it. The list hands out the whole history of a thread, with the ids for further requests.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:search',
  fix: `${returnOwner('threads:search')}, and the same for threads:read`,
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [get(`/threads/${target.thread.id}/runs?limit=100`)],
}
