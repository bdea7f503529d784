import { describe, expect, it } from 'vitest'
import type { Auth } from '../../../src/engine/auth.js'
import type { Family } from '../../../src/isolation/check.js'
import { CHECKS } from '../../../src/isolation/checks/index.js'
import type { SuiteOptions } from '../../../src/isolation/runner.js'
import { leaking, play } from './play.js'
import type { Call, Overlay, SocketOverlay, User, WorldOptions } from './world.js'

/** A server of ours with exactly one hole. */
export interface Mutant {
  readonly overlay?: Overlay
  readonly socket?: SocketOverlay
  /** Rules with a hole, where the hole is one of rules. */
  readonly auth?: () => Auth
  /** Graphs and settings of the server. */
  readonly world?: Pick<WorldOptions, 'graphs' | 'settings'>
  readonly options?: Partial<SuiteOptions>
  /** Other checks that see the same hole, and why nothing can make only one of them see it. */
  readonly also?: { readonly checks: readonly string[]; readonly because: string }
}

/** The families that look at everything, and so would see the hole of another. */
const ONLOOKERS: readonly Family[] = ['integrity', 'oracle', 'read']

/**
 * Holds every check of a family to its mutant: with that hole in the real server, exactly that check goes red. What is
 * played beside it is its own family, those that look at everything and those that are named; `MUTANTS=all npx vitest run test/isolation/mutants`
 * plays the whole suite for each, which takes half an hour.
 */
export function prove(
  family: Family,
  mutants: Readonly<Record<string, Mutant | Overlay>>,
  beside: readonly Family[] = [],
): void {
  describe(`${family}: a server with one hole`, () => {
    it('there is one for every check', () => {
      const ids = CHECKS.filter((check) => check.family === family).map(({ id }) => id)
      expect(Object.keys(mutants).toSorted()).toEqual(ids.toSorted())
    })

    const checks = CHECKS.filter(
      (check) => process.env['MUTANTS'] === 'all' || [family, ...ONLOOKERS, ...beside].includes(check.family),
    )

    it.each(Object.entries(mutants))('%s goes red, and nothing else', { timeout: 200_000 }, async (id, given) => {
      const { overlay, socket, auth, world, options, also }: Mutant =
        typeof given === 'function' ? { overlay: given } : given
      const played = await play(
        {
          ...world,
          ...(overlay ? { overlay } : {}),
          ...(socket ? { socket } : {}),
          ...(auth ? { auth: auth() } : {}),
        },
        { checks, timeoutMs: 60_000, ...options, transport: { quietMs: 150 } },
      )
      const expected = [id, ...(also?.checks ?? [])].filter((one) => checks.some((check) => check.id === one))
      expect(leaking(played)).toEqual(expected.toSorted())
      expect(played.finished.exitCode).toBe(1)
    })
  })
}

/** `'GET /threads/:id/state'` matches a call of that route: `:name` is one segment, `*` anything. */
export function route(pattern: string): (call: Call) => boolean {
  const [method = '', path = ''] = pattern.split(' ')
  const expression = new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)
  return (call) => (method === '*' || method.split('|').includes(call.method)) && expression.test(call.path)
}

export type Matches = string | ((call: Call) => boolean)

const matcher = (matches: Matches) => (typeof matches === 'string' ? route(matches) : matches)

/** What Bob is refused, he gets with Alice's credential: the confused deputy. */
export function deputy(matches: Matches, who: User | undefined = 'user2'): Overlay {
  const fits = matcher(matches)
  return async (call, next) => {
    const answer = await next(call)
    return call.user === who && fits(call) && answer.status >= 400 ? next(call.as('user1')) : answer
  }
}

/** Bob's request is done as Alice, whatever he would have got. For lists, which refuse nobody. */
export function asAlice(matches: Matches, who: User | undefined = 'user2'): Overlay {
  const fits = matcher(matches)
  return (call, next) => next(call.user === who && fits(call) ? call.as('user1') : call)
}
