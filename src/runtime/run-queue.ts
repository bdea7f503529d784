import { setMaxListeners } from 'node:events'
import type { Engine } from '../engine/engine.js'
import { systemScope } from '../engine/scope.js'
import { createTrace } from '../engine/trace.js'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Run, RunTicket, Storage } from '../storage/storage.js'
import { createEventLog, type EventLog } from './event-log.js'
import type { Outcome, RunError, RunPlan } from './execute.js'
import type { GraphRegistry } from './graph-registry.js'
import { createHistory } from './history.js'
import type { RunRecord } from './run-record.js'
import type { Seal } from './seal.js'
import type { RuntimeSettings } from './settings.js'
import type { StoreAccess } from './store-access.js'
import { createThreadFeeds, type ThreadFeeds } from './thread-feeds.js'
import type { ThreadStates } from './thread-state.js'
import { createTurns } from './turns.js'
import { aborted, pause, within } from './waiting.js'
import type { Webhooks } from './webhooks.js'

/** A run that is waiting, running, or ended a moment ago. */
export interface RunHandle {
  readonly runId: string
  readonly threadId: string
  readonly log: EventLog
  /** Resolves when the run has ended and everything about it is stored. Never rejects. */
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

export interface RunQueueOptions {
  readonly storage: Storage
  readonly graphs: GraphRegistry
  readonly states: ThreadStates
  readonly seal: Seal
  readonly engine: () => Engine | undefined
  readonly settings: () => RuntimeSettings
  readonly webhooks: Webhooks
  readonly storeAccess: StoreAccess
  /** How many runs, of different threads, go at once. */
  readonly jobs?: number
  readonly onRunStart?: (run: { readonly runId: string; readonly graphId: string }) => void
  readonly onRun?: (record: RunRecord) => void
}

interface Entry extends RunHandle {
  readonly ticket: RunTicket
  readonly abort: AbortController
  readonly settle: (outcome: Outcome) => void
  state: 'waiting' | 'going' | 'ended'
}

/** How long the state that a run left may take to be read. */
const SETTLE_MS = 1000

const DEFAULT_JOBS = 10

export function createRunQueue({
  storage,
  graphs,
  states,
  seal,
  engine,
  settings,
  webhooks,
  storeAccess,
  jobs = DEFAULT_JOBS,
  onRunStart,
  onRun,
}: RunQueueOptions): RunQueue {
  const system = systemScope('the queue keeps the status of runs and of their threads')
  const entries = new Map<string, Entry>()
  const locks = new Map<string, Promise<unknown>>()
  const turns = createTurns(jobs)
  const feeds = createThreadFeeds()
  const closing = new AbortController()
  // Each run that is delayed listens to it.
  setMaxListeners(0, closing.signal)
  const history = createHistory((runId) => {
    const entry = entries.get(runId)
    if (!entry) return
    entries.delete(runId)
    feeds.dropped(entry)
    if (entry.log.spilled) void storage.runEvents.delete(system, runId).catch(() => undefined)
  })

  function submit(ticket: RunTicket): RunHandle {
    const { run_id: runId, thread_id: threadId } = ticket
    let settle: (outcome: Outcome) => void = () => undefined
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const abort = new AbortController()
    // Each task of a graph listens to it; many of them are no leak.
    setMaxListeners(0, abort.signal)
    const log = createEventLog({
      spill: {
        write: (events) => storage.runEvents.append(system, runId, events),
        read: (from, limit) => storage.runEvents.read(system, runId, from, limit),
      },
    })
    const entry: Entry = { runId, threadId, ticket, log, outcome, abort, settle, state: 'waiting' }
    entries.set(runId, entry)
    if (closing.signal.aborted) end(entry, { kind: 'interrupted' })
    else void lineUp(entry)
    return entry
  }

  /** A run that is delayed lines up when its time has come, and holds up nobody until then. */
  async function lineUp(entry: Entry): Promise<void> {
    const { ticket, abort } = entry
    const delay = Date.parse(ticket.due_at) - Date.now()
    if (delay > 0) await pause(delay, AbortSignal.any([abort.signal, closing.signal]))
    if (entry.state !== 'waiting' || closing.signal.aborted) return
    turns.add(ticket)
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
    const startedAt = new Date()
    const { outcome, run } = await attempt(entry, startedAt)
    const concluded = await conclude(entry.ticket, outcome, { run, startedAt })
    turns.done(entry.ticket)
    startRuns()
    end(entry, concluded)
  }

  function end(entry: Entry, outcome: Outcome): void {
    entry.state = 'ended'
    entry.log.end()
    history.add(entry)
    entry.settle(outcome)
  }

  async function attempt(entry: Entry, time: Date): Promise<{ outcome: Outcome; run: Run | undefined }> {
    const { runId, log, abort } = entry
    const { signal } = abort
    const started = performance.now()
    const trace = createTrace(runId)
    const timeout = new AbortController()
    let plan: RunPlan | undefined
    let outcome: Outcome
    let thrown: unknown
    try {
      const claimed = signal.aborted ? undefined : await storage.runs.claim(system, runId)
      if (!claimed) return { outcome: { kind: 'interrupted' }, run: undefined }
      plan = { ...openPlan(runId, claimed.plan), run: claimed.run }
      trace.identity = plan.user?.identity
      trace.displayName = plan.user?.display_name
      onRunStart?.({ runId, graphId: plan.graphId })
      feeds.started(entry)
      log.append('metadata', JSON.stringify({ run_id: runId, attempt: 1 }))
      const { execute } = await import('./execute.js')
      const rules = engine()
      const executed = execute(plan, {
        storage,
        graphs,
        signal: AbortSignal.any([signal, timeout.signal]),
        emit: log.append,
        room: log.room,
        store: {
          access: storeAccess,
          caller: rules?.callerFor(plan.user, trace),
          unscoped: settings().store.unscopedInGraphs,
        },
        onThrown: (error) => {
          thrown = error
        },
      })
      // A graph that never loads, or a node that does not listen, must not keep a run that was stopped or is out of time.
      const stopped = aborted(signal).then((): Outcome => ({ kind: 'interrupted' }))
      outcome = await Promise.race([executed, stopped, outOfTime(log, timeout, signal)])
    } catch (error) {
      thrown = error
      const message = error instanceof Error ? error.message : String(error)
      outcome = { kind: 'error', error: { error: 'Error', message } }
      log.append('error', JSON.stringify(outcome.error))
    } finally {
      // Ends the clock, and whatever still runs without anyone waiting for it.
      timeout.abort()
    }
    if (plan) {
      const ms = performance.now() - started
      onRun?.({ time, run: plan.run, graphId: plan.graphId, status: outcome.kind, ms, trace, thrown })
    }
    return { outcome, run: plan?.run }
  }

  async function outOfTime(log: EventLog, timeout: AbortController, signal: AbortSignal): Promise<Outcome> {
    const ms = settings().runTimeoutMs
    await pause(ms, AbortSignal.any([signal, timeout.signal]))
    // The run has ended in another way: this is nobody's outcome any more.
    if (timeout.signal.aborted || signal.aborted) return new Promise(() => undefined)
    const error = { error: 'TimeoutError', message: `The run took longer than ${ms / 1000} s.` }
    log.append('error', JSON.stringify(error))
    return { kind: 'timeout', error }
  }

  function openPlan(runId: string, sealed: Uint8Array): RunPlan {
    try {
      return seal.open(`runs/${runId}`, sealed) as RunPlan
    } catch (cause) {
      throw new AuthkitError('internal', 'The key that sealed this run is not the key of this server.', { cause })
    }
  }

  /** Stores how a run ended. Its thread may be gone by now; that is not an error. */
  async function conclude(
    { run_id, thread_id }: RunTicket,
    outcome: Outcome,
    { run, startedAt }: { run?: Run | undefined; startedAt?: Date } = {},
  ): Promise<Outcome> {
    try {
      const known = run ?? (await storage.runs.get(system, thread_id, run_id))
      const error = 'error' in outcome ? { ...outcome.error } : null
      // A run that was deleted has nothing more to say about its thread, which may be another by now.
      if (!known || !(await storage.runs.finish(system, run_id, { status: outcome.kind, error }))) {
        return { kind: 'interrupted' }
      }
      const values = outcome.kind === 'success' ? outcome.values : null
      if (known.kwargs['temporary'] === true) await storage.threads.delete(system, thread_id)
      else await settleThread(thread_id, outcome)
      void notify(known, outcome, values, startedAt)
    } catch (thrown) {
      return { kind: 'error', error: { error: 'StorageError', message: thrown instanceof Error ? thrown.message : '' } }
    }
    return outcome
  }

  /** Tells whoever asked to be told. The run is over, whatever becomes of that. */
  async function notify(run: Run, outcome: Outcome, values: unknown, startedAt: Date | undefined): Promise<void> {
    const { webhook } = run.kwargs
    if (typeof webhook !== 'string') return
    const ended = new Date().toISOString()
    const thread = values === null ? await storage.threads.get(system, run.thread_id).catch(() => undefined) : undefined
    await webhooks.send(webhook, {
      ...run,
      status: outcome.kind,
      updated_at: ended,
      run_started_at: startedAt?.toISOString() ?? null,
      run_ended_at: ended,
      webhook_sent_at: new Date().toISOString(),
      values: values ?? thread?.values ?? null,
      ...('error' in outcome ? { error: outcome.error.message } : {}),
    })
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
    const error = 'error' in outcome ? outcome.error : null
    const settled = { values: state.values, interrupts: state.interrupts, error }
    const status = error ? 'error' : state.status
    await storage.threads.setState(system, threadId, { ...settled, status: wasBusy ? 'busy' : status })
    // A run that was created meanwhile marked the thread before this did.
    if (!wasBusy && (await busy())) await storage.threads.setState(system, threadId, { ...settled, status: 'busy' })
  }

  async function stop(entry: Entry): Promise<void> {
    const waited = entry.state === 'waiting'
    entry.abort.abort()
    if (waited) {
      entry.state = 'ended'
      turns.remove(entry.runId)
      startRuns()
      end(entry, await conclude(entry.ticket, { kind: 'interrupted' }))
    }
    await entry.outcome
  }

  function forgetEntry({ runId }: Pick<Entry, 'runId'>): void {
    history.remove(runId)
    entries.delete(runId)
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
      forgetEntry({ runId: run_id })
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
        await Promise.all(runs.map(stop))
        for (const run of runs) forgetEntry(run)
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
      for (const run of lost) {
        await storage.runs.finish(system, run.run_id, { status: 'error', error })
        await settleThread(run.thread_id, { kind: 'error', error })
        void notify(run, { kind: 'error', error }, null, undefined)
      }
      for (const threadId of await storage.threads.stuck(system)) await settleThread(threadId, { kind: 'interrupted' })
      const tickets = await storage.runs.tickets(system)
      for (const ticket of tickets) submit(ticket)
      return { waiting: tickets.length, lost: lost.length }
    },

    async close() {
      closing.abort()
      const left = [...entries.values()]
      // What waits stays in the database as it is; whoever listens to it here is told that nothing more will come.
      for (const entry of left.filter(({ state }) => state === 'waiting')) end(entry, { kind: 'interrupted' })
      await Promise.all(left.filter(({ state }) => state === 'going').map(stop))
      history.clear()
      entries.clear()
    },
  }
}
