import type { Check } from '../../check.js'
import { countGuess } from '../../count-guess.js'
import { returnOwner } from '../../fix.js'

export const threadCount: Check = {
  id: 'thread.count',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} can't count Alice's threads",
  failure: "{who} counted Alice's threads: the number tells whether a guess about their content is right",
  severity: 'medium',
  refs: ['API1', '203'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  ...countGuess('/threads/count', (target) => target.thread.secret),
}
