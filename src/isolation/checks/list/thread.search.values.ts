import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const threadSearchValues: Check = {
  id: 'thread.search.values',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's thread by what it says",
  failure: "{who} found Alice's thread by what it says",
  impact: 'Conversations can be searched for names and words, and each hit says that somebody wrote them.',
  severity: 'medium',
  refs: ['API1', '203'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  // Which of the forms a server understands differs; one must have found hers.
  proof: 'shown',
  requests: ({ target, message }) => [
    post('/threads/search', { values: { messages: [] }, limit: 1000 }),
    post('/threads/search', { values: { messages: [{ content: target.thread.word }] } }),
    post('/threads/search', { values: message(target.thread.word) }),
  ],
}
