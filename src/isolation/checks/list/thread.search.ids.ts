import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const threadSearchIds: Check = {
  id: 'thread.search.ids',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's thread by naming its id",
  failure: "{who} found Alice's thread by naming its id",
  impact: 'A list of ids that holds one of his own lets him read any thread whose id he knows.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  needs: ['thread'],
  own: ['thread'],
  on2xx: 'own',
  // The ids are in the request, so what proves the leak is the metadata.
  requests: ({ target, own }) => [
    post('/threads/search', { ids: [target.thread.id] }),
    post('/threads/search', { ids: [own.thread.id, target.thread.id] }),
  ],
}
