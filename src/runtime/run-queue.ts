import { setMaxListeners } from 'node:events'
import { systemScope } from '../engine/scope.js'
import type { Run, Storage } from '../storage/storage.js'
import { createEventLog, type EventLog } from './event-log.js'
import type { Outcome, RunError, RunPlan } from './execute.js'
import type { GraphRegistry } from './graph-registry.js'
import { createSlots } from './slots.js'
import type { ThreadStates } from './thread-state.js'
import { aborted, pause, within } from './waiting.js'

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
  /** Stops a run, drops its events and has it removed. Its thread is left with what its other runs made. */
  forget(run: Run, remove: () => Promise<unknown>): Promise<void>
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

/** How long the state that a run left may take to be read. */
const SETTLE_MS = 1000

/** How long the events of a run that has ended can still be read. */
const KEEP_EVENTS_MS = 60_000

/** @param jobs How many runs, of different threads, go at once. */
export function createRunQueue({
  storage,
  graphs,
  states,
  jobs = 10,
}: {
  storage: Storage
  graphs: GraphRegistry
  states: ThreadStates
  jobs?: number
}): RunQueue {
  const system = systemScope('the queue keeps the status of runs and of their threads')
  const entries = new Map<string, Entry>()
  const lines = new Map<string, Promise<unknown>>()
  const locks = new Map<string, Promise<unknown>>()
  const expiries = new Set<NodeJS.Timeout>()
  const slots = createSlots(jobs)
  let closed = false

  function submit({ plan, afterSeconds = 0, temporary = false }: Submission): RunHandle {
    const { run_id: runId, thread_id: threadId } = plan.run
    const abort = new AbortController()
    // Each task of a graph listens to it; many of them are no leak.
    setMaxListeners(0, abort.signal)
    if (closed) abort.abort()
    const log = createEventLog()
    const stopped: Outcome = { kind: 'interrupted' }
    const job = async () => {
      const ended = await slots.use(() => attempt(plan, log, abort.signal), abort.signal)
      return conclude(plan, ended ?? stopped, temporary)
    }
    const go = async () => (await inLine(threadId, abort.signal, job)) ?? conclude(plan, stopped, temporary)
    // A run that is delayed lines up when its time has come, and holds up nobody until then.
    const begun = afterSeconds > 0 ? pause(afterSeconds * 1000, abort.signal).then(go) : go()
    const outcome = begun.finally(() => {
      log.end()
      expireLater(runId)
    })
    const entry: Entry = { runId, threadId, log, outcome, abort }
    entries.set(runId, entry)
    return entry
  }

  /** Does a job when those before it on its thread are done. Undefined where it was called off while it waited. */
  async function inLine<T>(threadId: string, signal: AbortSignal, job: () => Promise<T>): Promise<T | undefined> {
    const before = lines.get(threadId)
    const turn = before === undefined ? Promise.resolve() : Promise.race([before, aborted(signal)])
    const done = turn.then(() => (signal.aborted ? undefined : job()))
    // Whoever is next waits for those before this one too: it may leave the line early.
    const line = Promise.all([before, done])
    lines.set(threadId, line)
    try {
      return await done
    } finally {
      void line.then(() => {
        if (lines.get(threadId) === line) lines.delete(threadId)
      })
    }
  }

  async function attempt(plan: RunPlan, log: EventLog, signal: AbortSignal): Promise<Outcome> {
    try {
      if (signal.aborted || !(await storage.runs.setStatus(system, plan.run.run_id, 'running'))) {
        return { kind: 'interrupted' }
      }
      log.append('metadata', JSON.stringify({ run_id: plan.run.run_id, attempt: 1 }))
      const { execute } = await import('./execute.js')
      // A graph that never loads, or a node that does not listen, must not keep a run that was stopped.
      const stopped = aborted(signal).then((): Outcome => ({ kind: 'interrupted' }))
      return await Promise.race([execute(plan, { storage, graphs, signal, emit: log.append }), stopped])
    } catch (thrown) {
      const error = { error: 'Error', message: thrown instanceof Error ? thrown.message : String(thrown) }
      log.append('error', JSON.stringify(error))
      return { kind: 'error', error }
    }
  }

  /** Stores how a run ended. Its thread may be gone by now; that is not an error. */
  async function conclude({ run }: RunPlan, outcome: Outcome, temporary: boolean): Promise<Outcome> {
    try {
      // A run that was deleted has nothing more to say about its thread, which may be another by now.
      if (!(await storage.runs.setStatus(system, run.run_id, outcome.kind))) return { kind: 'interrupted' }
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
    const busy = async () => (await storage.runs.inFlight(system, threadId)).length > 0
    const wasBusy = await busy()
    // What a run that was stopped leaves is told by the one that follows.
    if (wasBusy && outcome.kind === 'interrupted') return
    // A run that was stopped or failed has left checkpoints; where its graph can't read them, the thread stays as it was.
    const state =
      outcome.kind === 'success'
        ? outcome
        : // A graph that never loads must not keep its thread from settling.
          await within(SETTLE_MS, states.latest(system, thread), { ...thread, status: 'idle' as const })
    const error = outcome.kind === 'error' ? outcome.error : null
    const settled = { values: state.values, interrupts: state.interrupts, error }
    const status = error ? 'error' : state.status
    await storage.threads.setState(system, threadId, { ...settled, status: wasBusy ? 'busy' : status })
    // A run that was created meanwhile marked the thread before this did.
    if (!wasBusy && (await busy())) await storage.threads.setState(system, threadId, { ...settled, status: 'busy' })
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

    async forget({ run_id, thread_id, status }, remove) {
      await stop((entry) => entry.runId === run_id)
      entries.delete(run_id)
      await remove()
      const thread = await storage.threads.get(system, thread_id)
      const failed = thread?.status === 'error' && status !== 'error'
      await settleThread(
        thread_id,
        failed ? { kind: 'error', error: thread.error as RunError } : { kind: 'interrupted' },
      )
    },

    async cancelThread(threadId) {
      const left = () => [...entries.values()].filter((entry) => entry.threadId === threadId)
      // Until there is none: one may have come while the others ended.
      for (let runs = left(); runs.length > 0; runs = left()) {
        await stop((entry) => runs.includes(entry))
        for (const { runId } of runs) entries.delete(runId)
      }
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
