import type { Check } from '../../check.js'
import { countGuess } from '../../check-parts/count-guess.js'
import { returnOwner } from '../../fix.js'

export const assistantCount: Check = {
  id: 'assistant.count',
  family: 'list',
  resource: 'assistants',
  operation: 'list',
  title: "{who} can't count Alice's assistants",
  failure: "{who} counted Alice's assistants: the number tells whether a guess about their content is right",
  impact: 'A number that depends on a guess answers the guess: names and keys can be found out letter by letter.',
  severity: 'medium',
  refs: ['API1', '203'],
  event: 'assistants:search',
  fix: returnOwner('assistants:search'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'own',
  ...countGuess({
    count: '/assistants/count',
    search: '/assistants/search',
    id: 'assistant_id',
    right: ({ assistant }) => [{ metadata: { secret: assistant.secret } }],
    wrong: (word) => [{ metadata: { secret: word } }],
  }),
}
