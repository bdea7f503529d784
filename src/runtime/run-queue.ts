import { systemScope } from '../engine/scope.js'
import type { Storage } from '../storage/storage.js'
import { createEventLog, type EventLog } from './event-log.js'
import type { Outcome, RunPlan } from './execute.js'
import type { GraphRegistry } from './graph-registry.js'

/** A run that is waiting, running, or ended a moment ago. */
export interface RunHandle {
  readonly runId: string
  readonly threadId: string
  readonly log: EventLog
  /** Resolves when the run has ended and everything about it is stored. Never rejects. */
  readonly outcome: Promise<Outcome>
}

export interface Submission {
  readonly plan: RunPlan
  /** Seconds to wait before the run may start. */
  readonly afterSeconds?: number
  /** Deletes the thread, and the run with it, when it has ended: for runs that came without a thread. */
  readonly temporary?: boolean
}

/**
 * Runs, one at a time for each thread, in the order they came. Nothing that a run, its graph or its thread does may stop
 * the runs of others: every failure ends in an outcome.
 */
export interface RunQueue {
  submit(submission: Submission): RunHandle
  find(runId: string): RunHandle | undefined
  /** Stops a run and waits until it has ended. */
  cancel(runId: string): Promise<void>
  /** Stops a run and drops its events, because it is about to be deleted. */
  forget(runId: string): Promise<void>
  /** Stops every run of a thread, and waits until all have ended. */
  cancelThread(threadId: string): Promise<void>
  /** Lets one change of a thread at a time decide on what it sees: creating a run, updating the state. */
  exclusively<T>(threadId: string, change: () => Promise<T>): Promise<T>
  /** Marks runs that an earlier process left in flight: they will not go on. */
  recover(): Promise<number>
  /** Stops all runs and takes no more. */
  close(): Promise<void>
}

interface Entry extends RunHandle {
  readonly abort: AbortController
}

/** How long the events of a run that has ended can still be read. */
const KEEP_EVENTS_MS = 60_000

/** @param jobs How many runs, of different threads, go at once. */
export function createRunQueue({
  storage,
  graphs,
  jobs = 10,
}: {
  storage: Storage
  graphs: GraphRegistry
  jobs?: number
}): RunQueue {
  const system = systemScope('the queue keeps the status of runs and of their threads')
  const entries = new Map<string, Entry>()
  const lastOfThread = new Map<string, Promise<unknown>>()
  const locks = new Map<string, Promise<unknown>>()
  const expiries = new Set<NodeJS.Timeout>()
  const slots = createSlots(jobs)
  let closed = false

  function submit({ plan, afterSeconds = 0, temporary = false }: Submission): RunHandle {
    const { run_id: runId, thread_id: threadId } = plan.run
    const abort = new AbortController()
    if (closed) abort.abort()
    const log = createEventLog()
    const before = lastOfThread.get(threadId) ?? Promise.resolve()
    const outcome = pause(afterSeconds * 1000, abort.signal)
      .then(() => before)
      .then(() => slots.use(() => attempt(plan, log, abort.signal)))
      .then((ended) => conclude(plan, ended, temporary))
      .finally(() => {
        log.end()
        if (lastOfThread.get(threadId) === outcome) lastOfThread.delete(threadId)
        expireLater(runId)
      })
    lastOfThread.set(threadId, outcome)
    const entry: Entry = { runId, threadId, log, outcome, abort }
    entries.set(runId, entry)
    return entry
  }

  async function attempt(plan: RunPlan, log: EventLog, signal: AbortSignal): Promise<Outcome> {
    try {
      if (signal.aborted || !(await storage.runs.setStatus(system, plan.run.run_id, 'running'))) {
        return { kind: 'interrupted' }
      }
      log.append('metadata', JSON.stringify({ run_id: plan.run.run_id, attempt: 1 }))
      const { execute } = await import('./execute.js')
      return await execute(plan, { storage, graphs, signal, emit: log.append })
    } catch (thrown) {
      return {
        kind: 'error',
        error: { error: 'Error', message: thrown instanceof Error ? thrown.message : String(thrown) },
      }
    }
  }

  /** Stores how a run ended. Its thread may be gone by now; that is not an error. */
  async function conclude({ run }: RunPlan, outcome: Outcome, temporary: boolean): Promise<Outcome> {
    try {
      await storage.runs.setStatus(system, run.run_id, outcome.kind)
      if (temporary) await storage.threads.delete(system, run.thread_id)
      else await settleThread(run.thread_id, outcome)
    } catch (thrown) {
      return { kind: 'error', error: { error: 'StorageError', message: thrown instanceof Error ? thrown.message : '' } }
    }
    return outcome
  }

  async function settleThread(threadId: string, outcome: Outcome): Promise<void> {
    const thread = await storage.threads.get(system, threadId)
    if (!thread) return
    const more = (await storage.runs.inFlight(system, threadId)).length > 0
    const { values, interrupts } = outcome.kind === 'success' ? outcome : thread
    const error = outcome.kind === 'error' ? outcome.error : null
    const settled =
      outcome.kind === 'error' ? 'error' : outcome.kind === 'success' && outcome.waiting ? 'interrupted' : 'idle'
    await storage.threads.setState(system, threadId, { values, interrupts, error, status: more ? 'busy' : settled })
  }

  function expireLater(runId: string): void {
    const timer = setTimeout(() => {
      expiries.delete(timer)
      entries.delete(runId)
    }, KEEP_EVENTS_MS)
    timer.unref()
    expiries.add(timer)
  }

  async function stop(which: (entry: Entry) => boolean): Promise<void> {
    const chosen = [...entries.values()].filter(which)
    for (const { abort } of chosen) abort.abort()
    await Promise.all(chosen.map(({ outcome }) => outcome))
  }

  return {
    submit,
    find: (runId) => entries.get(runId),

    cancel: (runId) => stop((entry) => entry.runId === runId),

    async forget(runId) {
      await stop((entry) => entry.runId === runId)
      entries.delete(runId)
    },

    async cancelThread(threadId) {
      await stop((entry) => entry.threadId === threadId)
      for (const entry of entries.values()) if (entry.threadId === threadId) entries.delete(entry.runId)
    },

    exclusively(threadId, change) {
      const before = locks.get(threadId) ?? Promise.resolve()
      const done = before.then(change, change)
      const settled = done
        .catch(() => undefined)
        .finally(() => {
          if (locks.get(threadId) === settled) locks.delete(threadId)
        })
      locks.set(threadId, settled)
      return done
    },

    async recover() {
      const left = await storage.runs.allInFlight(system)
      for (const { run_id, thread_id } of left) {
        await storage.runs.setStatus(system, run_id, 'error')
        const error = { error: 'ServerStopped', message: 'The server stopped while this run was in flight.' }
        await settleThread(thread_id, { kind: 'error', error })
      }
      return left.length
    },

    async close() {
      closed = true
      await stop(() => true)
      for (const timer of expiries) clearTimeout(timer)
      entries.clear()
    },
  }
}

/** Lets so many jobs go at once; the others wait in line. */
function createSlots(free: number) {
  const line: (() => void)[] = []
  return {
    async use<T>(job: () => Promise<T>): Promise<T> {
      if (free > 0) free--
      else await new Promise<void>((resolve) => line.push(resolve))
      try {
        return await job()
      } finally {
        const next = line.shift()
        if (next) next()
        else free++
      }
    },
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
