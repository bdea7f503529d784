import { parseFilter } from '../../src/engine/filter.js'
import { type Scope, scopeOf, systemScope } from '../../src/engine/scope.js'
import type { EventTrace } from '../../src/engine/trace.js'

/** The scope of a handler that returned this filter. */
export function scoped(filter: unknown): Scope & { trace: EventTrace } {
  const trace: EventTrace = {
    event: 'threads:read',
    handler: '*',
    decision: undefined,
    changes: [],
    hidden: undefined,
    ms: 0,
  }
  return scopeOf(parseFilter(filter), 'test', trace) as Scope & { trace: EventTrace }
}

export const owner = (identity: string) => scoped({ owner: identity })
export const everything = systemScope('test')
