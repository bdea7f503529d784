import type { Check, Inspection } from '../check.js'
import { readingDoors } from '../check-parts/doors.js'
import { type Probe, post, succeeded } from '../probe.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'

/** What all checks with forged tokens have in common: who wears them, what they knock at, and what shows that it counts. */
export const FORGED = {
  family: 'jwt',
  resource: 'server',
  operation: 'access',
  event: 'authenticate',
  actors: ['junk'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
} as const satisfies Partial<Check>

/** Alice's thread and a list, with each of the tokens that were forged in this way. */
export function wearing(way: string): Check['requests'] {
  return ({ forged, target }) =>
    forged(way).flatMap((name) =>
      readingDoors(target.thread.id).map((probe): Probe => ({ ...probe, disguise: { token: `{forged:${name}}` } })),
    )
}

/** Why there is no such token: the users have none that could be forged, or something is missing for this one. */
export function notForged(way: string, missing: string): (stage: Stage) => string | undefined {
  return ({ jwt }) => {
    if (!jwt) return 'the tokens are no JWTs'
    return jwt.names.some((name) => name.startsWith(`${way}-`)) ? undefined : missing
  }
}

/** Bob's own token is what the forged ones were made of. Where it is refused by now, their refusal proves nothing. */
export async function bobStillWorks({ as }: Inspection): Promise<Verdict | []> {
  const own = await as('bob', post('/threads/search', {}))
  return succeeded(own)
    ? []
    : { kind: 'inconclusive', reason: `Bob's untouched token is refused as well: ${own.status}` }
}
