import { setMaxListeners } from 'node:events'
import { systemScope } from '../../engine/scope.js'
import type { ClaimedRun, Run, RunTicket } from '../../storage/storage.js'
import type { ThreadStates } from '../graphs/thread-state.js'
import { MAX_TIMEOUT_MS, pause } from '../waiting.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import { type Attempt, type AttemptDeps, attempt } from './attempt.js'
import { createConclusions, type End } from './conclude.js'
import { createEventLog, type EventLog, type EventSpill } from './event-log.js'
import type { Outcome } from './execute.js'
import { createHistory } from './history.js'
import type { RunError } from './run-error.js'
import { createThreadFeeds, type ThreadFeeds } from './thread-feeds.js'
import { createTurns } from './turns.js'

/** A run that is waiting, running, or ended a moment ago. */
export interface RunHandle {
  readonly runId: string
  readonly threadId: string
  readonly log: EventLog
  /**
   * Resolves when the run has ended and everything about it is stored. Never rejects. Whoever asks when it has ended already
   * is not told the values: the thread holds them.
   */
  readonly outcome: Promise<Outcome>
}

/**
 * Runs, one at a time for each thread, in the order they came. The queue is the table of runs: what waits there survives
 * the process, and is taken up by the next. Nothing that a run, its graph or its thread does may stop the runs of others:
 * every failure ends in an outcome.
 */
export interface RunQueue {
  /** Takes up a run that has been stored. It starts when its time has come and its turn. */
  submit(ticket: RunTicket): RunHandle
  find(runId: string): RunHandle | undefined
  /** Stops a run and waits until it has ended. */
  cancel(runId: string): Promise<void>
  /** Stops a run, drops its events and has it removed. Its thread is left with what its other runs made. */
  forget(run: Run, remove: () => Promise<unknown>): Promise<void>
  /** Stops every run of a thread that goes, waits until all have ended, and ends its streams. */
  cancelThread(threadId: string): Promise<void>
  /** Lets one change of a thread at a time decide on what it sees: creating a run, updating the state. */
  exclusively<T>(threadId: string, change: () => Promise<T>): Promise<T>
  /** What happens on a thread, run after run. */
  readonly feeds: ThreadFeeds
  /** Takes up what an earlier process left: what waited goes on waiting, what ran is marked, because it may be half done. */
  recover(): Promise<{ readonly waiting: number; readonly lost: number }>
  /** Stops what runs and starts nothing more. What waits is left to the next process. */
  close(): Promise<void>
}

export interface RunQueueOptions extends AttemptDeps {
  readonly states: ThreadStates
  readonly webhooks: Webhooks
  /** How many runs, of different threads, go at once. */
  readonly jobs?: number
}

interface Entry extends RunHandle {
  outcome: Promise<Outcome>
  readonly ticket: RunTicket
  /** Set while it goes. */
  abort: AbortController | undefined
  /** Set while its time has not come. */
  timer: NodeJS.Timeout | undefined
  settle: (outcome: Outcome) => void
  state: 'waiting' | 'going' | 'ended'
  /** Whether it began later than it was asked for, so that what was allowed then may not be now. */
  waited: boolean
}

/** How soon a database that fails is tried again. */
const AGAIN_MS = 1000

const DEFAULT_JOBS = 10

export function createRunQueue(options: RunQueueOptions): RunQueue {
  const { storage, jobs = DEFAULT_JOBS } = options
  const system = systemScope('the queue keeps the status of runs')
  const entries = new Map<string, Entry>()
  const locks = new Map<string, Promise<unknown>>()
  const turns = createTurns(jobs)
  const feeds = createThreadFeeds()
  const conclusions = createConclusions({ ...options, feeds })
  const closing = new AbortController()
  // Each run that waits for the database listens to it.
  setMaxListeners(0, closing.signal)
  const history = createHistory((runId) => {
    const entry = entries.get(runId)
    if (!entry) return
    entries.delete(runId)
    feeds.dropped(entry)
    if (entry.log.spilled) void storage.runEvents.delete(system, runId).catch(() => undefined)
  })

  function submit(ticket: RunTicket, { left = false } = {}): RunHandle {
    const { run_id: runId, thread_id: threadId } = ticket
    const { promise: outcome, resolve: settle } = deferred<Outcome>()
    let log: EventLog | undefined
    // Thousands may wait, so what only a run that goes needs is made when it goes, or when somebody listens.
    const entry: Entry = {
      runId,
      threadId,
      ticket,
      outcome,
      settle,
      get log() {
        log ??= createEventLog({ spill: spillOf(runId) })
        return log
      },
      state: 'waiting',
      waited: left,
      abort: undefined,
      timer: undefined,
    }
    entries.set(runId, entry)
    if (closing.signal.aborted) end(entry, { kind: 'interrupted' })
    else lineUp(entry)
    if (entry.state === 'waiting') entry.waited = true
    return entry
  }

  function spillOf(runId: string): EventSpill {
    return {
      write: (events) => storage.runEvents.append(system, runId, events),
      read: (from, limit) => storage.runEvents.read(system, runId, from, limit),
    }
  }

  /** A run that is delayed lines up when its time has come, and holds up nobody until then. */
  function lineUp(entry: Entry): void {
    const delay = Date.parse(entry.ticket.due_at) - Date.now()
    if (delay > 0) {
      entry.timer = setTimeout(() => lineUp(entry), Math.min(delay, MAX_TIMEOUT_MS)).unref()
      return
    }
    turns.add(entry.ticket)
    startRuns()
  }

  function startRuns(): void {
    while (!closing.signal.aborted) {
      const ticket = turns.next()
      if (!ticket) return
      const entry = entries.get(ticket.run_id)
      if (entry) void go(entry)
      else turns.done(ticket)
    }
  }

  async function go(entry: Entry): Promise<void> {
    entry.state = 'going'
    const { ticket } = entry
    const abort = new AbortController()
    // Each task of a graph listens to it; many of them are no leak.
    setMaxListeners(0, abort.signal)
    entry.abort = abort
    const startedAt = new Date()
    const claimed = await claim(entry.runId, abort.signal)
    if (claimed === 'later') {
      await pause(AGAIN_MS, AbortSignal.any([abort.signal, closing.signal]))
      // It still waits in the database, for the next process.
      if (closing.signal.aborted) return end(entry, { kind: 'interrupted' })
      if (!abort.signal.aborted) {
        entry.state = 'waiting'
        turns.putBack(ticket)
        startRuns()
        return
      }
    }
    const { signal } = abort
    const onBegin = () => feeds.started(entry)
    const { outcome, plan }: Attempt =
      claimed && claimed !== 'later'
        ? await attempt(options, { claimed, log: entry.log, signal, waited: entry.waited, startedAt, onBegin })
        : { outcome: { kind: 'interrupted' }, plan: undefined }
    await conclude({ entry, outcome, plan, startedAt })
    turns.done(ticket)
    startRuns()
  }

  function end(entry: Entry, outcome: Outcome): void {
    entry.state = 'ended'
    entry.log.end()
    entry.settle(outcome)
    // What a run left can be large, and is in its thread. What resolves a promise holds its value too, and so does whoever
    // still listens for the run to be stopped.
    entry.settle = () => undefined
    entry.abort?.abort()
    if (outcome.kind === 'success') entry.outcome = Promise.resolve({ ...outcome, values: null })
    history.add(entry)
  }

  /** Takes a run. Undefined where it does not wait any more; `later` where the database can't say. */
  async function claim(runId: string, signal: AbortSignal): Promise<ClaimedRun | 'later' | undefined> {
    try {
      return signal.aborted ? undefined : await storage.runs.claim(system, runId)
    } catch {
      return 'later'
    }
  }

  /**
   * Ends a run: stores how, and tells whoever listens. Where the database fails they are told that, and it is tried again
   * until it works: a run that is over must not look as if it went on, and the next of its thread must not begin before.
   */
  async function conclude({
    entry,
    ...known
  }: Pick<End, 'outcome' | 'plan' | 'startedAt'> & { entry: Entry }): Promise<void> {
    const { run_id, thread_id } = entry.ticket
    const ending: End = { run_id, thread_id, ...known, finished: false }
    while (true) {
      try {
        const outcome = await conclusions.conclude(ending)
        if (entry.state !== 'ended') end(entry, outcome)
        return
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : ''
        if (entry.state !== 'ended') end(entry, { kind: 'error', error: { error: 'StorageError', message } })
      }
      await pause(AGAIN_MS, closing.signal)
      if (closing.signal.aborted) return
    }
  }

  async function stop(entry: Entry): Promise<void> {
    const waited = entry.state === 'waiting'
    entry.abort?.abort()
    if (waited) {
      entry.state = 'going'
      clearTimeout(entry.timer)
      turns.remove(entry.runId)
      startRuns()
      void conclude({ entry, outcome: { kind: 'interrupted' } })
    }
    await entry.outcome
  }

  return {
    submit,
    feeds,
    find: (runId) => entries.get(runId),

    async cancel(runId) {
      const entry = entries.get(runId)
      if (entry) await stop(entry)
    },

    async forget({ run_id, thread_id, status }, remove) {
      const entry = entries.get(run_id)
      if (entry) await stop(entry)
      history.remove(run_id)
      await remove()
      const thread = await storage.threads.get(system, thread_id)
      const failed = thread?.status === 'error' && status !== 'error'
      await conclusions.settle(
        thread_id,
        failed ? { kind: 'error', error: thread.error as RunError } : { kind: 'interrupted' },
      )
    },

    async cancelThread(threadId) {
      const left = () => [...entries.values()].filter((entry) => entry.threadId === threadId)
      // Until there is none: one may have come while the others ended.
      for (let runs = left(); runs.length > 0; runs = left()) {
        await Promise.all(runs.map(stop))
        for (const { runId } of runs) history.remove(runId)
      }
      feeds.end(threadId)
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
      await storage.runEvents.clear(system)
      const lost = await storage.runs.allInFlight(system, 'running')
      const error = { error: 'ServerStopped', message: 'The server stopped while this run was in flight.' }
      for (const { run_id, thread_id } of lost) {
        const outcome: Outcome = { kind: 'error', error }
        await conclusions.conclude({ run_id, thread_id, outcome, keepThread: true, finished: false })
      }
      for (const id of await storage.threads.stuck(system)) await conclusions.settle(id, { kind: 'interrupted' })
      const tickets = await storage.runs.tickets(system)
      for (const ticket of tickets) submit(ticket, { left: true })
      return { waiting: tickets.length, lost: lost.length }
    },

    async close() {
      closing.abort()
      const left = [...entries.values()]
      // What waits stays in the database as it is; whoever listens to it here is told that nothing more will come.
      for (const entry of left.filter(({ state }) => state === 'waiting')) {
        clearTimeout(entry.timer)
        end(entry, { kind: 'interrupted' })
      }
      await Promise.all(left.filter(({ state }) => state === 'going').map(stop))
      history.clear()
      entries.clear()
    },
  }
}

/** A promise and what resolves it. In a function of its own: closures beside it would keep the value alive. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
