import type { Cause } from '../diagnosis.js'
import type { CheckResult, IsolationEvent, Summary } from '../events.js'
import { reasonOf, titleOf } from './wording.js'

/** The document that `--json` prints. `schema` grows when a field changes its meaning. */
export interface JsonReport {
  readonly schema: 1
  readonly run: { id: string; seed: number; target: string; server: string; ms: number; requests: number }
  readonly actors: { alice: string | null; bob: string | null }
  readonly summary: Summary
  /** Set when the suite ended before its checks. */
  readonly stopped: { id: string; message: string; advice: string } | null
  /** Mistakes in auth.ts that would explain the results, the likeliest first. */
  readonly causes: readonly Cause[]
  readonly checks: readonly JsonCheck[]
  readonly cleanup: { removed: number; left: readonly { kind: string; id: string; curl: string }[] } | null
  readonly exitCode: number
}

export interface JsonCheck {
  readonly id: string
  readonly actor: string
  readonly family: string
  readonly severity: string
  readonly refs: readonly string[]
  readonly event: string | null
  readonly title: string
  readonly verdict: CheckResult['verdict']['kind']
  /** Why it is not decided, or how the server refused. */
  readonly reason: string | null
  readonly fix: string | null
  readonly evidence: readonly {
    slot: string
    where: string
    excerpt: string
    route: string
    status: number
    curl: string
  }[]
  readonly requests: readonly { route: string; status: number; ms: number; curl: string }[]
  readonly controls: { alice: string; bob: string }
}

/** Collects the events of a run into one document. */
export function jsonReporter(): { add(event: IsolationEvent): void; report(): JsonReport } {
  const checks: JsonCheck[] = []
  let started: Extract<IsolationEvent, { kind: 'started' }> | undefined
  let finished: Extract<IsolationEvent, { kind: 'finished' }> | undefined
  return {
    add(event) {
      if (event.kind === 'started') started = event
      if (event.kind === 'checked') checks.push(jsonCheck(event.result))
      if (event.kind === 'finished') finished = event
    },
    report() {
      if (!finished) throw new Error('The run has not finished.')
      const { summary, stop, causes, cleanup, requests, ms, exitCode } = finished
      return {
        schema: 1,
        run: {
          id: started?.run.id ?? '',
          seed: started?.run.seed ?? 0,
          target: started?.run.target ?? '',
          server: started?.run.server ?? 'unknown server',
          ms,
          requests,
        },
        actors: {
          alice: started?.run.identities.alice ?? null,
          bob: started?.run.identities.bob ?? null,
        },
        summary,
        stopped: stop ? { id: stop.id, message: stop.message, advice: stop.advice } : null,
        causes,
        checks: checks.toSorted((a, b) => a.id.localeCompare(b.id) || a.actor.localeCompare(b.actor)),
        cleanup: cleanup ?? null,
        exitCode,
      }
    },
  }
}

function jsonCheck({ check, actor, verdict, requests, controls }: CheckResult): JsonCheck {
  const { id, family, severity, refs, event } = check
  const evidence = verdict.kind === 'leak' ? verdict.evidence : []
  return {
    id,
    actor,
    family,
    severity,
    refs,
    event,
    title: titleOf(check, actor),
    verdict: verdict.kind,
    reason: reasonOf(verdict),
    fix: verdict.kind === 'leak' ? check.fix : null,
    evidence: evidence.map(({ slot, where, excerpt, route, status, curl }) => ({
      slot,
      where,
      excerpt,
      route,
      status,
      curl,
    })),
    requests,
    controls,
  }
}
