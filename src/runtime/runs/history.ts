import type { EventLog } from './event-log.js'

/** What a run takes besides its events, about. */
const RUN_BYTES = 20_000

interface Ended {
  readonly runId: string
  readonly log: EventLog
}

/** How long the events of a run that has ended can still be read. */
const KEEP_MS = 300_000

/** What all of them may take in memory; beyond it the oldest go sooner. */
const KEEP_BYTES = 64_000_000

/** Runs that have ended, for a while: whoever joins late, or lost the connection, reads their events here. */
export interface History {
  add(run: Ended): void
  /** Forgets a run now. */
  remove(runId: string): void
  clear(): void
}

/** @param drop Called for each run whose time is over. */
export function createHistory(drop: (runId: string) => void): History {
  const kept = new Map<string, { readonly bytes: number; readonly until: number }>()
  let bytes = 0
  let timer: NodeJS.Timeout | undefined

  function remove(runId: string): void {
    const run = kept.get(runId)
    if (!run) return
    kept.delete(runId)
    bytes -= run.bytes
    drop(runId)
  }

  function sweep(): void {
    timer = undefined
    for (const [runId, { until }] of kept) {
      if (until > Date.now() && bytes <= KEEP_BYTES) break
      remove(runId)
    }
    const [next] = kept.values()
    if (next) timer = setTimeout(sweep, Math.max(0, next.until - Date.now())).unref()
  }

  return {
    remove,
    add({ runId, log }) {
      const cost = log.bytes + RUN_BYTES
      kept.set(runId, { bytes: cost, until: Date.now() + KEEP_MS })
      bytes += cost
      if (bytes > KEEP_BYTES || !timer) {
        clearTimeout(timer)
        sweep()
      }
    },
    clear() {
      clearTimeout(timer)
      for (const runId of [...kept.keys()]) remove(runId)
    },
  }
}
