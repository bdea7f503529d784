import type { Check } from '../check.js'
import { returnOwner } from '../fix.js'
import { type Exchange, json, post } from '../probe.js'

const numbers = (exchanges: readonly Exchange[]) => exchanges.map((exchange) => Number(json(exchange)))

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
  // A guess that is right and one that can't be: to Alice they differ, to anybody else they must not.
  requests: ({ target, marker }) => [
    post('/threads/count', { metadata: { secret: target.thread.secret } }),
    post('/threads/count', { metadata: { secret: marker } }),
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
