import type { Severity } from '../check.js'
import type { Cause } from '../diagnosis.js'
import { type CheckResult, fingerprintOf, type IsolationEvent, resultKey, type Summary } from '../events.js'
import { atLeast } from '../severity.js'
import { acceptanceOf, type BaselineEntry, fixedEntries, invalidity } from './baseline.js'
import { exitCodeOf, type FailOn } from './exit-code.js'
import { type Intent, withIntent } from './intent.js'

/** What a team says about its own server, and what fails its build. */
export interface Policy {
  readonly baseline: readonly BaselineEntry[]
  readonly intent: Intent
  readonly failOn: FailOn
  /** Leaks below it are shown and fail nothing. */
  readonly minSeverity: Severity
  /** Today in UTC, as `2026-12-31`. */
  readonly today: string
}

/**
 * The same events as the policy has them: what is shared on purpose is turned around, leaks of the baseline are accepted,
 * and `finished` counts and ends accordingly. Nothing is dropped: an accepted leak stays a leak for everybody to see.
 */
export async function* withPolicy(
  events: AsyncIterable<IsolationEvent>,
  policy: Policy,
): AsyncGenerator<IsolationEvent> {
  const results: CheckResult[] = []
  for await (const event of events) {
    if (event.kind === 'checked') {
      const result = accept(withIntent(event.result, policy.intent), policy)
      results.push(result)
      yield { kind: 'checked', result }
    } else yield event.kind === 'finished' ? finish(event, results, policy) : event
  }
}

function accept(result: CheckResult, { baseline, today }: Policy): CheckResult {
  const fingerprint = fingerprintOf(result)
  if (fingerprint === undefined) return result
  const entry = baseline.find((one) => one.fingerprint === fingerprint && invalidity(one, today) === undefined)
  return entry ? { ...result, accepted: acceptanceOf(entry) } : result
}

type Finished = Extract<IsolationEvent, { kind: 'finished' }>

function finish(event: Finished, results: readonly CheckResult[], policy: Policy): Finished {
  // A server that looks at no token leaks before the first check; that is nobody's to accept.
  const early = event.stop && event.stop.evidence.length > 0 ? 1 : 0
  const summary = summarise(results, early)
  const failing = results.filter((result) => isNew(result) && atLeast(result.check.severity, policy.minSeverity)).length
  const { stop, interrupted } = event
  return {
    ...event,
    summary,
    causes: event.causes.filter((cause) => stands(cause, results)),
    exitCode: exitCodeOf({ summary, stop, interrupted, failing: failing + early }, policy.failOn),
    notes: notesOf(results, policy, summary.leak - early - failing),
  }
}

/** A cause explains nothing where all that it explains is open on purpose. */
function stands({ checks }: Cause, results: readonly CheckResult[]): boolean {
  return checks.length === 0 || results.some((result) => !result.intended && checks.includes(resultKey(result)))
}

function isNew({ verdict, accepted }: CheckResult): boolean {
  return verdict.kind === 'leak' && !accepted
}

function summarise(results: readonly CheckResult[], early: number): Summary {
  const summary = { isolated: 0, leak: early, accepted: 0, inconclusive: 0, skipped: 0 }
  for (const { verdict, accepted } of results) summary[accepted ? 'accepted' : verdict.kind]++
  return summary
}

function notesOf(results: readonly CheckResult[], { baseline, today, minSeverity }: Policy, below: number): string[] {
  const fixed = fixedEntries(baseline, results)
  const useless = baseline.flatMap((entry) => {
    const why = invalidity(entry, today)
    return why && !fixed.includes(entry) ? [`baseline: ${entry.check} (${entry.fingerprint}) ${why}`] : []
  })
  return [
    ...useless,
    ...fixed.map(({ check, fingerprint }) => `baseline: ${check} (${fingerprint}) is fixed: remove it`),
    ...results.flatMap((result) => (result.intended ? [`intent: ${resultKey(result)}: ${result.intended}`] : [])),
    ...(below > 0
      ? [
          `${below} of the leaks ${below === 1 ? 'is' : 'are'} below ${minSeverity} and ${below === 1 ? 'fails' : 'fail'} nothing`,
        ]
      : []),
  ]
}
