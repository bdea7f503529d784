import { ANY_CHECKS } from '../../../../src/isolation/any/checks/index.js'
import { type AnyFiles, openAny } from '../../../../src/isolation/any/open.js'
import { type AnyOptions, runAny } from '../../../../src/isolation/any/run-any.js'
import type { CheckResult, IsolationEvent } from '../../../../src/isolation/events.js'

export interface Played {
  readonly events: readonly IsolationEvent[]
  readonly results: readonly CheckResult[]
  readonly finished: Extract<IsolationEvent, { kind: 'finished' }>
  /** `any.list GET /orders`, for each leak. */
  readonly leaks: readonly string[]
  /** The checks that found one. */
  readonly red: readonly string[]
  /** Why they are not decided. */
  readonly open: readonly string[]
}

/** Reads the files and plays all checks, as the command does. */
export async function playAny(
  files: Partial<AnyFiles> & Pick<AnyFiles, 'url'>,
  options: Partial<AnyOptions> = {},
): Promise<Played> {
  const opened = openAny({ tokens: {}, env: {}, ...files })
  const events: IsolationEvent[] = []
  for await (const event of runAny({ ...opened, checks: ANY_CHECKS, ...options })) events.push(event)
  const results = events.flatMap((event) => (event.kind === 'checked' ? [event.result] : []))
  const finished = events.at(-1)
  if (finished?.kind !== 'finished') throw new Error('The last event is not "finished".')
  const named = ({ check, subject }: CheckResult) => `${check.id} ${subject}`
  const leaking = results.filter(({ verdict }) => verdict.kind === 'leak')
  return {
    events,
    results,
    finished,
    leaks: [...new Set(leaking.map(named))].sort(),
    red: [...new Set(leaking.map(({ check }) => check.id))].sort(),
    open: results.flatMap((result) =>
      result.verdict.kind === 'inconclusive' ? [`${named(result)}@${result.actor}: ${result.verdict.reason}`] : [],
    ),
  }
}

/** The verdicts of one check, as `nobody GET /me isolated`. */
export function verdictsOf({ results }: Played, id: string): string[] {
  return results
    .filter(({ check }) => check.id === id)
    .map(({ actor, subject, verdict }) => `${actor} ${subject} ${verdict.kind}`)
    .sort()
}
