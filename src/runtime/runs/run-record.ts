import type { Trace } from '../../engine/trace.js'
import type { Run, RunStatus } from '../../storage/storage.js'

/** One run that has ended, for logs. */
export interface RunRecord {
  readonly time: Date
  readonly run: Pick<Run, 'run_id' | 'thread_id' | 'assistant_id'>
  readonly graphId: string
  readonly status: RunStatus
  /** From the moment it was taken to its end. */
  readonly ms: number
  /** What the rules decided while it ran, about the store for instance. */
  readonly trace: Trace
  /** What the graph threw, for the terminal of the developer only. */
  readonly thrown: unknown
}
