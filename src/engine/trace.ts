import type { Decision } from './decision.js'
import type { AuthEvent, HandlerKey } from './events.js'

/** What happened to one event of a request. */
export interface EventTrace {
  readonly event: AuthEvent
  /** The key whose handler ran; undefined where none covers the event. */
  readonly handler: HandlerKey | undefined
  /** The outcome; undefined where the handler failed. */
  decision: Decision | undefined
  /** What the handler changed in `value`, such as `metadata.owner`. */
  changes: readonly string[]
  /** Rows that the filter kept from the caller; undefined where nobody counted. */
  hidden: number | undefined
  ms: number
}

/** The decisions of one request, in order: what the log line and the dashboard show. */
export interface Trace {
  readonly requestId: string
  identity: string | undefined
  displayName: string | undefined
  authenticateMs: number | undefined
  readonly events: EventTrace[]
  /** Why the request failed, for the log. Never sent to a client. */
  problem: string | undefined
}

export function createTrace(requestId: string): Trace {
  return {
    requestId,
    identity: undefined,
    displayName: undefined,
    authenticateMs: undefined,
    events: [],
    problem: undefined,
  }
}
