import { createHash } from 'node:crypto'
import type { ActorName, Owner } from './actor.js'
import type { CheckInfo } from './check.js'
import type { Cause } from './diagnosis.js'
import type { Cleanup } from './ledger/cleanup.js'
import type { Stop } from './preflight.js'
import type { Verdict } from './verdict.js'

/** One request of the attack, as the reports show it. */
export interface RequestReport {
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly curl: string
}

/** A leak that the team knows about and has accepted for a while. */
export interface Acceptance {
  readonly reason: string
  readonly by?: string | undefined
  /** The last day it holds, as `2026-12-31`. */
  readonly until?: string | undefined
}

/** The outcome of one check with one attacker. */
export interface CheckResult {
  readonly check: CheckInfo
  readonly actor: ActorName
  /** What was attacked, where the same check tries many things: the route, in the any-API mode. */
  readonly subject?: string
  readonly verdict: Verdict
  readonly requests: readonly RequestReport[]
  /** What the positive controls showed. */
  readonly controls: { readonly alice: string; readonly bob: string }
  /** Set for a leak that the baseline accepts. */
  readonly accepted?: Acceptance
  /** Set where the intent file decided: what it says, in words. */
  readonly intended?: string
}

export interface RunInfo {
  readonly id: string
  readonly seed: number
  readonly target: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Name and version of the server, as far as it says; undefined where the run ended before it was known. */
  readonly server: string | undefined
  /** Who the actors are to the server, where it shows that. */
  readonly identities: Readonly<Partial<Record<Owner, string>>>
  /** What was left out of the input, and why, in the any-API mode. */
  readonly notes?: readonly string[]
}

export interface Summary {
  readonly isolated: number
  /** Leaks that nobody has accepted. */
  readonly leak: number
  /** Leaks that the baseline accepts. */
  readonly accepted: number
  readonly inconclusive: number
  readonly skipped: number
}

export type ExitCode = 0 | 1 | 3

/** What a run tells while it happens. Texts hold no token. */
export type IsolationEvent =
  | {
      readonly kind: 'started'
      readonly run: RunInfo
      /** How many results there will be: one for each check and attacker. */
      readonly total: number
    }
  | { readonly kind: 'checked'; readonly result: CheckResult }
  | {
      readonly kind: 'finished'
      readonly summary: Summary
      /** Mistakes in auth.ts that would explain the results, the likeliest first. */
      readonly causes: readonly Cause[]
      /** Set when the suite ended before its checks. */
      readonly stop: Stop | undefined
      readonly interrupted: boolean
      readonly cleanup: Cleanup | undefined
      /** Files that say what is still on the server, for `--cleanup`. */
      readonly ledgers: readonly string[]
      readonly requests: number
      readonly ms: number
      readonly exitCode: ExitCode
      /** What the user's own files and flags did to the verdicts, a sentence each. */
      readonly notes?: readonly string[]
    }

/** Why a check is inconclusive that the time did not suffice for. */
export const NOT_REACHED = 'the time was over before it was tried'

/** `thread.read@bob`, which is how reports, baselines and people name a result. */
export function resultKey({ check, actor, subject }: CheckResult): string {
  return `${check.id}@${actor}${subject === undefined ? '' : ` ${subject}`}`
}

/**
 * What stays the same of a leak over runs, hosts and ids: 16 hex digits of the check, the attacker, the route and the slot.
 * Results without a leak have none.
 */
export function fingerprintOf({ check, actor, subject, verdict }: CheckResult): string | undefined {
  if (verdict.kind !== 'leak') return undefined
  // Lists come in any order, so it is not the first evidence that counts but the first by name.
  const [first = ''] = verdict.evidence.map(({ route, slot }) => `${subject ?? route}\n${slot}`).sort()
  const parts = [check.id, actor, first]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}
