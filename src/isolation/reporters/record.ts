import type { CheckResult, IsolationEvent } from '../events.js'
import { bySeverity } from '../severity.js'
import { plural } from './wording.js'

type Started = Extract<IsolationEvent, { kind: 'started' }>
type Finished = Extract<IsolationEvent, { kind: 'finished' }>

/** A run that is over, as the reports that are one document want it. */
export interface RunRecord {
  readonly run: Started['run']
  readonly finished: Finished
  /** By id, attacker and subject. */
  readonly results: readonly CheckResult[]
  /** New leaks, the worst first. */
  readonly leaks: readonly CheckResult[]
  /** Leaks that the baseline accepts. */
  readonly accepted: readonly CheckResult[]
  readonly open: readonly CheckResult[]
}

/** Throws for events of a run that has not finished. */
export function recordOf(events: readonly IsolationEvent[]): RunRecord {
  const started = events.find((event): event is Started => event.kind === 'started')
  const finished = events.find((event): event is Finished => event.kind === 'finished')
  if (!started || !finished) throw new Error('The run has not finished.')
  const results = events.flatMap((event) => (event.kind === 'checked' ? [event.result] : [])).toSorted(byName)
  return { run: started.run, finished, results, ...parted(results) }
}

/** The run in four words. */
export function headlineOf({ finished: { summary, exitCode } }: RunRecord): string {
  if (summary.leak > 0) return `${plural(summary.leak, 'leak')} between users`
  return exitCode === 0 ? 'Users are isolated' : 'Isolation could not be proved'
}

/** The results that somebody has to look at. */
export function parted(results: readonly CheckResult[]): Pick<RunRecord, 'leaks' | 'accepted' | 'open'> {
  const leaking = results
    .filter(({ verdict }) => verdict.kind === 'leak')
    .toSorted((a, b) => bySeverity(a.check.severity, b.check.severity) || byName(a, b))
  return {
    leaks: leaking.filter(({ accepted }) => !accepted),
    accepted: leaking.filter(({ accepted }) => accepted),
    open: results.filter(({ verdict }) => verdict.kind === 'inconclusive').toSorted(byName),
  }
}

/** Why checks were skipped, each reason once with how often: what was not tried is not proved. */
export function skippedReasons(results: readonly CheckResult[]): (readonly [reason: string, count: number])[] {
  const reasons = new Map<string, number>()
  for (const { verdict } of results) {
    if (verdict.kind === 'skipped') reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1)
  }
  return [...reasons]
}

function byName(a: CheckResult, b: CheckResult): number {
  return (
    a.check.id.localeCompare(b.check.id) ||
    a.actor.localeCompare(b.actor) ||
    (a.subject ?? '').localeCompare(b.subject ?? '')
  )
}
