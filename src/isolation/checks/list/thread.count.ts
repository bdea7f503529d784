import type { Check } from '../../check.js'
import { countGuess } from '../../check-parts/count-guess.js'
import { returnOwner } from '../../fix.js'

const says = (word: string) => ({ values: { messages: [{ content: word }] } })

export const threadCount: Check = {
  id: 'thread.count',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} can't count Alice's threads",
  failure: "{who} counted Alice's threads: the number tells whether a guess about their content is right",
  impact:
    'A number that depends on a guess answers the guess: what stands in other threads can be found out piece by piece.',
  severity: 'medium',
  refs: ['API1', '203'],
  event: 'threads:search',
  fix: returnOwner('threads:search'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  ...countGuess({
    count: '/threads/count',
    search: '/threads/search',
    id: 'thread_id',
    right: ({ thread }) => [{ metadata: { secret: thread.secret } }, says(thread.word)],
    wrong: (word) => [{ metadata: { secret: word } }, says(word)],
  }),
}
