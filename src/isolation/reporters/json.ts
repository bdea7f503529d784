import type { Cause } from '../diagnosis.js'
import {
  type Acceptance,
  type CheckResult,
  fingerprintOf,
  type IsolationEvent,
  type RequestReport,
  type Summary,
} from '../events.js'
import type { Evidence } from '../evidence.js'
import { referencesByList } from '../explain/references.js'
import { recordOf } from './record.js'
import { reasonOf, titleOf } from './wording.js'

/** The document that `--json` prints. `schema` grows when a field changes its meaning. */
export interface JsonReport {
  readonly schema: 1
  readonly run: {
    id: string
    seed: number
    target: string
    server: string | null
    started: string
    ms: number
    requests: number
    interrupted: boolean
    versions: { authkit: string }
  }
  readonly actors: { alice: string | null; bob: string | null; carol: string | null }
  readonly summary: Summary
  /** Set when the suite ended before its checks. */
  readonly stopped: { id: string; message: string; advice: string; evidence: readonly JsonEvidence[] } | null
  /** Mistakes in auth.ts that would explain the results, the likeliest first. */
  readonly causes: readonly Cause[]
  readonly checks: readonly JsonCheck[]
  /** What the baseline, the intent file and the flags did to the verdicts. */
  readonly notes: readonly string[]
  readonly cleanup: { removed: number; left: readonly { kind: string; id: string; curl: string }[] } | null
  readonly exitCode: number
}

export interface JsonCheck {
  readonly id: string
  readonly actor: string
  /** The route, where the same check tries many. */
  readonly subject: string | null
  readonly family: string
  readonly severity: string
  readonly refs: { owasp: readonly string[]; cwe: readonly string[]; wstg: readonly string[] }
  readonly event: string | null
  readonly title: string
  readonly verdict: CheckResult['verdict']['kind']
  /** Why it is not decided, or how the server refused. */
  readonly reason: string | null
  readonly fix: string | null
  readonly impact: string | null
  readonly evidence: readonly JsonEvidence[]
  readonly requests: readonly RequestReport[]
  readonly controls: { alice: string; bob: string }
  /** For the baseline; of a leak only. */
  readonly fingerprint: string | null
  /** Set for a leak that the baseline accepts. */
  readonly accepted: Acceptance | null
  /** Set where the intent file decided. */
  readonly intended: string | null
}

export interface JsonEvidence {
  readonly slot: string
  readonly where: string
  readonly excerpt: string
  readonly route: string
  readonly status: number
  readonly curl: string
}

/** The events of a run as one document. */
export function jsonReport(events: readonly IsolationEvent[], { version }: { version: string }): JsonReport {
  const { run, finished, results } = recordOf(events)
  const { alice = null, bob = null, carol = null } = run.identities
  const { summary, stop, causes, notes = [], cleanup, requests, ms, interrupted, exitCode } = finished
  return {
    schema: 1,
    run: {
      id: run.id,
      seed: run.seed,
      target: run.target,
      server: run.server ?? null,
      started: run.startedAt,
      ms,
      requests,
      interrupted,
      versions: { authkit: version },
    },
    actors: { alice, bob, carol },
    summary,
    stopped: stop
      ? { id: stop.id, message: stop.message, advice: stop.advice, evidence: stop.evidence.map(jsonEvidence) }
      : null,
    causes,
    checks: results.map(jsonCheck),
    notes,
    cleanup: cleanup ?? null,
    exitCode,
  }
}

export function jsonCheck(result: CheckResult): JsonCheck {
  const { check, actor, subject = null, verdict, requests, controls, accepted = null, intended = null } = result
  const { id, family, severity, refs, event } = check
  const leaks = verdict.kind === 'leak'
  return {
    id,
    actor,
    subject,
    family,
    severity,
    refs: referencesByList(refs),
    event,
    title: titleOf(check, actor),
    verdict: verdict.kind,
    reason: reasonOf(verdict),
    fix: leaks ? check.fix : null,
    impact: leaks ? (check.impact ?? null) : null,
    evidence: leaks ? verdict.evidence.map(jsonEvidence) : [],
    requests,
    controls,
    fingerprint: fingerprintOf(result) ?? null,
    accepted,
    intended,
  }
}

function jsonEvidence({ slot, where, excerpt, route, status, curl }: Evidence): JsonEvidence {
  return { slot, where, excerpt, route, status, curl }
}
