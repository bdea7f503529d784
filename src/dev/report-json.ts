import { printableJson } from '../cli/printable.js'
import { withoutCredentials } from '../cli/redact.js'
import type { EventTrace } from '../engine/trace.js'
import type { DevEvent, IssuerReport, RulesReport } from './events.js'

/** An event of the dev server as one line of JSON, for programs. */
export function devJson(event: DevEvent): string {
  return printableJson(JSON.stringify(toPlain(event)))
}

function toPlain(event: DevEvent): unknown {
  switch (event.kind) {
    case 'ready':
      return { ...event, ms: round(event.ms), rules: rulesOf(event.rules), issuer: issuerOf(event.issuer) }
    case 'reloaded': {
      const { newWarnings, ...rest } = event
      return { ...rest, ms: round(event.ms), rules: rulesOf(event.rules), new_warnings: newWarnings }
    }
    case 'problem':
      return { ...event, time: event.time.toISOString(), stack: event.stack ?? null }
    case 'request': {
      const { time, method, path, status, ms, trace } = event.record
      return {
        kind: 'request',
        time: time.toISOString(),
        request_id: trace.requestId,
        method,
        path,
        status,
        ms: round(ms),
        identity: trace.identity ?? null,
        events: trace.events.map(eventOf),
        ...(trace.problem === undefined ? {} : { problem: trace.problem }),
      }
    }
    case 'run': {
      const { time, run, graphId, status, ms, trace, thrown } = event.record
      return {
        kind: 'run',
        time: time.toISOString(),
        ...{ run_id: run.run_id, thread_id: run.thread_id, assistant_id: run.assistant_id, graph_id: graphId },
        status,
        ms: round(ms),
        identity: trace.identity ?? null,
        events: trace.events.map(eventOf),
        error: thrown === undefined ? null : errorOf(thrown),
        ...(trace.problem === undefined ? {} : { problem: withoutCredentials(trace.problem) }),
      }
    }
    case 'stopping':
      return event
  }
}

function eventOf(event: EventTrace): unknown {
  return { ...event, handler: event.handler ?? null, ms: round(event.ms) }
}

/** What was thrown by its name and message, and nothing that it carries. */
function errorOf(thrown: unknown): unknown {
  if (thrown instanceof Error) return { name: thrown.name, message: withoutCredentials(thrown.message) }
  const isText = typeof thrown === 'string'
  return { name: typeof thrown, message: isText ? withoutCredentials(thrown) : 'a value that is no Error' }
}

function issuerOf(issuer: IssuerReport): unknown {
  return issuer.kind === 'on' ? { url: issuer.url, users: issuer.users } : null
}

function rulesOf(rules: RulesReport): unknown {
  if (rules.kind === 'broken') return { kind: 'broken', error: rules.error }
  if (rules.kind === 'off') return rules
  const { file, coverage, tokens } = rules
  return {
    kind: 'ready',
    file,
    handled: Object.fromEntries(coverage.map(({ event, handler }) => [event, handler ?? null])),
    unprotected: coverage.filter(({ handler }) => !handler).map(({ event }) => event),
    tokens,
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
