import type { IsolationEvent } from '../events.js'
import { jsonCheck } from './json.js'

/** One event as one line of JSON; `kind` says which: `started`, a `checked` for each result, `finished`. */
export function ndjsonLine(event: IsolationEvent): string {
  return JSON.stringify(event.kind === 'checked' ? { kind: event.kind, ...jsonCheck(event.result) } : event)
}
