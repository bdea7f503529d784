import type { Filter } from './filter.js'
import type { EventTrace } from './trace.js'

declare const brand: unique symbol

/**
 * What a query must carry. Only {@link scopeOf} (called by `authorize` alone) and {@link systemScope} make one, and every
 * storage method takes one first, so a forgotten check does not compile.
 */
export interface Scope {
  readonly [brand]: 'scope'
  /** Rows must satisfy it; undefined where a decision, with a reason, allowed all of them. */
  readonly filter: Filter | undefined
  /** Why the scope is as wide as it is. */
  readonly reason: string
  /** Where storage notes how many rows the filter hid. */
  readonly trace: EventTrace | undefined
}

/** @internal Only `authorize` may call this; a test holds it to that. */
export function scopeOf(filter: Filter | undefined, reason: string, trace: EventTrace): Scope {
  return { filter, reason, trace } as Scope
}

/** A scope for work that no user asked for: migrations, the queue, clean-up. Grep for it to list all of them. */
export function systemScope(why: string): Scope {
  return { filter: undefined, reason: `system: ${why}`, trace: undefined } as Scope
}
