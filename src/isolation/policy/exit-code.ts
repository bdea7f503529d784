import type { ExitCode, Summary } from '../events.js'
import type { Stop } from '../preflight.js'

/** What, besides a leak, fails a run. Each includes the ones before it. */
export const FAIL_ON = ['leak', 'inconclusive', 'skipped'] as const
export type FailOn = (typeof FAIL_ON)[number]

/** From here on so much is open that the rest proves little, even to somebody who asks for leaks only. */
const TOO_MUCH_OPEN = 0.25

export interface Outcome {
  readonly summary: Summary
  readonly stop: Stop | undefined
  readonly interrupted: boolean
  /** Leaks that count: those of `summary` when nothing is said. */
  readonly failing?: number
}

/** 1 for a leak, whatever else; 3 when too much stayed open or nothing was proved; 0 when users are isolated. */
export function exitCodeOf(outcome: Outcome, failOn: FailOn = 'inconclusive'): ExitCode {
  const { summary, stop, interrupted, failing = summary.leak } = outcome
  if (failing > 0) return 1
  if (stop || interrupted) return 3
  const decided = summary.isolated + summary.leak + summary.accepted
  if (decided === 0) return 3
  if (failOn === 'skipped' && summary.skipped > 0) return 3
  const tolerated = failOn === 'leak' ? TOO_MUCH_OPEN * (decided + summary.inconclusive) : 0
  return summary.inconclusive > tolerated ? 3 : 0
}
