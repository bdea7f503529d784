import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const threadSearchMetadata: Check = {
  id: 'thread.search.metadata',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's thread by its metadata",
  failure: "{who} found Alice's thread by its metadata",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:search',
  fix: `${returnOwner('threads:search')}; changing value.metadata alone is not enough`,
  needs: ['thread'],
  on2xx: 'own',
  requests: ({ target, identity }) => [
    post('/threads/search', { metadata: { secret: target.thread.secret } }),
    ...(identity.target
      ? [post('/threads/search', { metadata: { [identity.ownerKey]: identity.target }, limit: 100 })]
      : []),
  ],
}
