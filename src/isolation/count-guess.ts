import type { Check } from './check.js'
import { type Exchange, json, post } from './probe.js'

const numbers = (exchanges: readonly Exchange[]) => exchanges.map((exchange) => Number(json(exchange)))

/**
 * The part of a check that counts objects with a secret in their metadata: with the right secret, and with one that nobody
 * has. To Alice the two numbers differ; to anybody else they must not, or counting tells whether a guess is right.
 */
export function countGuess(
  path: string,
  secretOf: (target: Parameters<Check['requests']>[0]['target']) => string,
): Required<Pick<Check, 'requests' | 'proof' | 'inspect'>> {
  return {
    requests: ({ target, marker }) => [
      post(path, { metadata: { secret: secretOf(target) } }),
      post(path, { metadata: { secret: marker } }),
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
}
