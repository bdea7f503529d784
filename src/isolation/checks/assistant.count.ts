import type { Check } from '../check.js'
import { returnOwner } from '../fix.js'
import { type Exchange, json, post } from '../probe.js'

const numbers = (exchanges: readonly Exchange[]) => exchanges.map((exchange) => Number(json(exchange)))

export const assistantCount: Check = {
  id: 'assistant.count',
  family: 'list',
  resource: 'assistants',
  operation: 'list',
  title: "{who} can't count Alice's assistants",
  failure: "{who} counted Alice's assistants: the number tells whether a guess about their content is right",
  severity: 'medium',
  refs: ['API1', '203'],
  event: 'assistants:search',
  fix: returnOwner('assistants:search'),
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  on2xx: 'own',
  // A guess that is right and one that can't be: to Alice they differ, to anybody else they must not.
  requests: ({ target, marker }) => [
    post('/assistants/count', { metadata: { secret: target.assistant.secret } }),
    post('/assistants/count', { metadata: { secret: marker } }),
  ],
  proof(exchanges) {
    const [right = 0, wrong = 0] = numbers(exchanges)
    return right === 1 && wrong === 0
  },
  async inspect({ exchanges, stated }) {
    const [right, wrong] = numbers(exchanges)
    const [first] = exchanges
    if (!first || right === undefined || wrong === undefined || !(right > wrong)) return []
    return [stated(first, 'count', `${right} for a right guess, ${wrong} for a wrong one`)]
  },
}
