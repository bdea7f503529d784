import type { Check, Inspection } from '../check.js'
import type { Evidence } from '../evidence.js'
import { type Exchange, json, post, succeeded } from '../probe.js'

const numberOf = (exchange: Exchange | undefined) => Number(exchange && json(exchange))

export interface Guess {
  /** The route that counts. */
  readonly count: string
  /** The route that lists the same objects. */
  readonly search: string
  /** The name of an object's id in the list. */
  readonly id: string
  /** Conditions that hold for the object of the target, and for no other. */
  readonly right: (target: Parameters<Check['requests']>[0]['target']) => readonly Record<string, unknown>[]
  /** The same conditions with a word that stands nowhere. */
  readonly wrong: (word: string) => readonly Record<string, unknown>[]
}

/**
 * The part of a check that counts objects: with conditions that only Alice's fulfils, with some that nothing fulfils, and
 * with none. To anybody but her the first two must agree, or counting tells whether a guess is right; and the last must
 * not be more than the rows that are listed.
 */
export function countGuess({
  count,
  search,
  id,
  right,
  wrong,
}: Guess): Required<Pick<Check, 'requests' | 'proof' | 'inspect' | 'when'>> {
  return {
    // With nothing else on its way the attacker's own objects stay as many as they are.
    when: 'alone',
    requests: ({ target, marker }) => [
      ...right(target).map((condition) => post(count, condition)),
      ...wrong(marker).map((condition) => post(count, condition)),
      post(count),
    ],
    proof: ([hit, ...others]) => numberOf(hit) === 1 && others.some((exchange) => numberOf(exchange) === 0),
    async inspect({ scene, exchanges, attack, stated }) {
      const found: Evidence[] = []
      const guesses = right(scene.target).length
      for (const [index, hit] of exchanges.slice(0, guesses).entries()) {
        const miss = exchanges[guesses + index]
        if (!(numberOf(hit) > numberOf(miss))) continue
        found.push(stated(hit, 'count', `${numberOf(hit)} for a right guess, ${numberOf(miss)} for a wrong one`))
      }
      const all = exchanges.at(-1)
      if (found.length === 0 && all && succeeded(all))
        found.push(...(await excess(all, { search, id, attack, stated })))
      return found
    },
  }
}

/** Evidence that a count says more than the list shows. */
export async function excess(
  counted: Exchange,
  { search, id, attack, stated }: Pick<Guess, 'search' | 'id'> & Pick<Inspection, 'attack' | 'stated'>,
): Promise<Evidence[]> {
  const ids = new Set<unknown>()
  // Some servers cut a page short, so only one without anything new is the last.
  for (let page = 0; page < 20; page++) {
    const listed = await attack(post(search, { limit: 1000, offset: ids.size }))
    const rows = json(listed)
    if (!succeeded(listed) || !Array.isArray(rows)) return []
    const before = ids.size
    for (const row of rows as Record<string, unknown>[]) ids.add(row[id])
    if (ids.size === before) break
  }
  const total = numberOf(counted)
  if (!(total > ids.size)) return []
  return [stated(counted, 'count', `${total} are counted, ${ids.size} are listed`)]
}
