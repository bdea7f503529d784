import type { AuthEvent, HandlerKey } from '../engine/events.js'
import type { Stop } from '../isolation/preflight.js'
import { runSuite } from '../isolation/runner.js'
import type { Transport } from '../isolation/wire/transport.js'
import type { RequestRecord } from '../server/context.js'
import type { Insides } from './open-test-server.js'
import type { InProcess, IsolationOptions } from './options.js'
import { suiteOptionsFor } from './run-suite.js'

/** What the handlers decided when attacks asked them. */
export interface Decisions {
  /** Everything, without a filter. */
  readonly allow: number
  readonly filter: number
  readonly deny: number
  /** The handler threw something that is no refusal, or returned what is no filter. */
  readonly failed: number
}

export interface EventCoverage {
  readonly event: AuthEvent
  /** The key whose handler covers it; `null` where none does. */
  readonly handler: HandlerKey | null
  /** The checks whose attacks made the server ask it, those that are about it first. */
  readonly checks: readonly string[]
  /** Those of them that leaked, and are about this event. */
  readonly leaks: readonly string[]
  readonly decisions: Decisions
  /** Why no check tested it; `null` where one did. */
  readonly untested: string | null
}

export interface CoverageReport {
  readonly schema: 1
  readonly auth: string
  readonly events: readonly EventCoverage[]
  /** Of the events: `covered` have a handler and were tested. */
  readonly summary: {
    readonly events: number
    readonly handled: number
    readonly tested: number
    readonly covered: number
  }
  /** Whole per cent of the events that are covered, rounded down. */
  readonly percent: number
  readonly leaks: number
  /** Why the suite could not begin; `null` where it did. */
  readonly stopped: { readonly message: string; readonly advice: string } | null
}

/**
 * Plays the suite against a test server, and says which events of auth.ts it tested: asked by the request of an attack, not
 * while something was planted or a control was run.
 */
export async function measureCoverage(
  server: InProcess & Insides,
  options: IsolationOptions = {},
): Promise<CoverageReport> {
  const suiteOptions = suiteOptionsFor(server, options)
  const transport = suiteOptions.transport as Transport
  const attacks = new Map<string, string>()
  const records: RequestRecord[] = []
  server.onRequest((record) => records.push(record))

  const leaking = new Set<string>()
  const skipped = new Map<string, string>()
  let leaks = 0
  let stop: Stop | undefined
  const suite = runSuite({
    ...suiteOptions,
    transport: {
      ...transport,
      async send(request) {
        const answer = await transport.send(request)
        const id = answer.headers['x-request-id']
        if (request.check !== undefined && id !== undefined) attacks.set(id, request.check)
        return answer
      },
    },
  })
  for await (const event of suite) {
    if (event.kind === 'finished') {
      stop = event.stop
      leaks = event.summary.leak
    }
    if (event.kind !== 'checked') continue
    const { check, verdict } = event.result
    if (verdict.kind === 'leak') leaking.add(check.id)
    if (verdict.kind === 'skipped') skipped.set(check.id, verdict.reason)
  }

  const events = server.rules.coverage.map(({ event, handler }): EventCoverage => {
    const asked = records.flatMap(({ status, trace }) => {
      const check = attacks.get(trace.requestId)
      const own = check === undefined ? [] : trace.events.filter((one) => one.event === event)
      return own.map(({ decision }) => ({ check: String(check), decided: decision?.kind ?? thrown(status) }))
    })
    const about = suiteOptions.checks.filter((check) => check.event === event).map(({ id }) => id)
    const met = new Set(asked.map(({ check }) => check))
    const checks = [...about.filter((id) => met.has(id)), ...[...met].filter((id) => !about.includes(id)).sort()]
    const count = (kind: string) => asked.filter(({ decided }) => decided === kind).length
    return {
      event,
      handler: handler ?? null,
      checks,
      leaks: checks.filter((id) => leaking.has(id) && about.includes(id)),
      decisions: { allow: count('allow-all'), filter: count('only'), deny: count('deny'), failed: count('failed') },
      untested: checks.length > 0 ? null : whyUntested({ about, skipped, stopped: stop !== undefined }),
    }
  })
  const handled = events.filter(({ handler }) => handler !== null)
  const tested = events.filter(({ untested }) => untested === null)
  const covered = handled.filter(({ untested }) => untested === null)
  return {
    schema: 1,
    auth: server.rules.file,
    events,
    summary: { events: events.length, handled: handled.length, tested: tested.length, covered: covered.length },
    percent: Math.floor((covered.length * 100) / events.length),
    leaks,
    stopped: stop ? { message: stop.message, advice: stop.advice } : null,
  }
}

/** A handler that threw has decided nothing that is written down; what came of it says which it was. */
function thrown(status: number): 'deny' | 'failed' {
  return status < 500 ? 'deny' : 'failed'
}

interface Untested {
  /** The checks that are about the event. */
  readonly about: readonly string[]
  readonly skipped: ReadonlyMap<string, string>
  readonly stopped: boolean
}

function whyUntested({ about, skipped, stopped }: Untested): string {
  if (stopped) return 'the suite could not begin'
  if (about.length === 0) return 'no check of the suite asks it'
  const reasons = new Set(about.flatMap((id) => skipped.get(id) ?? []))
  if (reasons.size > 0) return `${about.join(', ')} skipped: ${[...reasons].join('; ')}`
  return `${about.join(', ')} did not get as far`
}
