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
  impact: 'The attacker names a user or a project and gets the conversations that belong to it.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:search',
  fix: `${returnOwner('threads:search')}; changing value.metadata alone is not enough`,
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  // Rules that stamp the owner into what is searched for turn Alice's name into Bob's: his own threads are no leak.
  requests: ({ target, identity, runId }) => [
    post('/threads/search', { metadata: { secret: target.thread.secret } }),
    post('/threads/search', { metadata: { authkit_isolation: runId }, limit: 1000 }),
    ...(identity.target
      ? [post('/threads/search', { metadata: { [identity.ownerKey]: identity.target }, limit: 1000 })]
      : []),
  ],
}
