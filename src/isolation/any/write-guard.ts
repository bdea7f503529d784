import { LedgerViolation } from '../ledger/ledger.js'
import type { Exchange, Probe } from '../probe.js'
import { keyOf, pathOf } from './request.js'

/** What this run made and may therefore change. Every other request must be one that changes nothing. */
export interface WriteGuard {
  /** Lets a creation pass that was recorded, or described. */
  permit(probe: Probe): void
  /** Enters what came of it, and how it is removed. */
  enter(object: Made): void
  removed(object: Made): void
  left(): readonly Made[]
  assert(probe: Probe): void
  note(exchange: Exchange): void
}

export interface Made {
  readonly id: string
  readonly owner: 'alice' | 'bob'
  readonly remove: Probe
}

export function createWriteGuard(isSafe: (probe: Probe) => boolean): WriteGuard {
  const permitted = new Set<string>()
  const made = new Map<string, Made>()
  const ids = new Set<string>()
  return {
    permit: (probe) => permitted.add(keyOf(probe)),
    enter(object) {
      made.set(object.id, object)
      ids.add(object.id)
    },
    removed: ({ id }) => made.delete(id),
    left: () => [...made.values()],
    assert(probe) {
      if (isSafe(probe) || permitted.has(keyOf(probe))) return
      const segments = pathOf(probe).split('/').map(decodeURIComponent)
      if (segments.some((segment) => ids.has(segment))) return
      throw new LedgerViolation(`${probe.method} ${probe.path}: it names nothing that this run made`)
    },
    note: () => undefined,
  }
}
