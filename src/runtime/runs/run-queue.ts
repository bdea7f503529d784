import { setMaxListeners } from 'node:events'
import type { Engine } from '../../engine/engine.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { createTrace, type Trace } from '../../engine/trace.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { ClaimedRun, Run, RunTicket, Storage } from '../../storage/storage.js'
import type { GraphRegistry } from '../graphs/graph-registry.js'
import type { ThreadStates } from '../graphs/thread-state.js'
import type { Seal } from '../seal.js'
import type { RuntimeSettings } from '../settings.js'
import type { StoreAccess } from '../store/store-access.js'
import { aborted, MAX_TIMEOUT_MS, pause, within } from '../waiting.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import { createEventLog, type EventLog, type EventSpill } from './event-log.js'
import type { Outcome, RunError, RunPlan } from './execute.js'
import { createHistory } from './history.js'
import type { RunRecord } from './run-record.js'
import { waitingRunValue } from './run-value.js'
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

/** What is known of the end of a run. */
interface End {
  readonly plan?: RunPlan | undefined
  readonly startedAt?: Date | undefined
  /** Whether it is stored already that the run has ended. */
  finished: boolean
}

/** How soon a database that fails is tried again. */
const AGAIN_MS = 1000

/** How soon rules that are broken are looked at again. */
const RULES_AGAIN_MS = 250

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
    const { outcome, plan } = await attemptOf(entry, claimed === 'later' ? undefined : claimed, abort.signal, startedAt)
    await conclude(entry, outcome, { plan, startedAt })
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

  async function attemptOf(entry: Entry, claimed: ClaimedRun | undefined, signal: AbortSignal, startedAt: Date) {
    if (!claimed) return { outcome: { kind: 'interrupted' } satisfies Outcome, plan: undefined }
    let plan: RunPlan | undefined
    try {
      plan = { ...openPlan(entry.runId, claimed.plan), run: claimed.run }
    } catch (thrown) {
      const error = toldOf(thrown)
      entry.log.append('error', JSON.stringify(error))
      return { outcome: { kind: 'error', error } satisfies Outcome, plan }
    }
    return { outcome: await attempt(entry, plan, signal, startedAt), plan }
  }

  async function attempt(entry: Entry, plan: RunPlan, signal: AbortSignal, time: Date): Promise<Outcome> {
    const { runId, log } = entry
    const started = performance.now()
    const trace = createTrace(runId)
    trace.identity = plan.user?.identity
    trace.displayName = plan.user?.display_name
    const timeout = new AbortController()
    let outcome: Outcome
    let thrown: unknown
    try {
      onRunStart?.({ runId, graphId: plan.graphId })
      if (entry.waited) await mayBegin(plan, trace, signal)
      feeds.started(entry)
      log.append('metadata', JSON.stringify({ run_id: runId, attempt: 1 }))
      const { execute } = await import('./execute.js')
      const executed = execute(plan, {
        storage,
        graphs,
        signal: AbortSignal.any([signal, timeout.signal]),
        emit: log.append,
        room: log.room,
        store: {
          access: storeAccess,
          caller: () => engine()?.callerFor(plan.user, trace),
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
      outcome = signal.aborted ? { kind: 'interrupted' } : { kind: 'error', error: toldOf(error) }
      if ('error' in outcome) log.append('error', JSON.stringify(outcome.error))
    } finally {
      // Ends the clock, and whatever still runs without anyone waiting for it.
      timeout.abort()
    }
    const ms = performance.now() - started
    onRun?.({ time, run: plan.run, graphId: plan.graphId, status: outcome.kind, ms, trace, thrown })
    return outcome
  }

  /**
   * Asks the rules again about a run that had to wait: whoever asked for it may have lost the thread meanwhile. While the
   * rules are broken it goes on waiting.
   *
   * @throws AuthkitError where the run may not begin any more.
   */
  async function mayBegin(plan: RunPlan, trace: Trace, signal: AbortSignal): Promise<void> {
    let rules = engine()
    for (; !rules && !signal.aborted; rules = engine()) await pause(RULES_AGAIN_MS, signal)
    signal.throwIfAborted()
    if (!rules) return
    const caller = rules.callerFor(plan.user, trace)
    const { run } = plan
    const { scope } = await caller.authorize('threads:create_run', waitingRunValue(caller, run))
    const scopes = [scope]
    if (plan.reads) scopes.push((await caller.authorize('threads:read', { thread_id: run.thread_id })).scope)
    for (const one of plan.ownThread ? [] : scopes) {
      if (!(await storage.threads.get(one, run.thread_id))) {
        throw new AuthkitError('not_found', `Thread with ID ${run.thread_id} not found`)
      }
    }
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
      throw new AuthkitError('root_key_invalid', 'The key that sealed this run is not the key of this server.', {
        cause,
      })
    }
  }

  /**
   * Ends a run: stores how, and tells whoever listens. Where the database fails they are told that, and it is tried again
   * until it works: a run that is over must not look as if it went on, and the next of its thread must not begin before.
   */
  async function conclude(entry: Entry, outcome: Outcome, about: Omit<End, 'finished'> = {}): Promise<void> {
    const ending: End = { ...about, finished: false }
    while (true) {
      try {
        const concluded = await concludeOnce(entry.ticket, outcome, ending)
        if (entry.state !== 'ended') end(entry, concluded)
        return
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : ''
        if (entry.state !== 'ended') end(entry, { kind: 'error', error: { error: 'StorageError', message } })
      }
      await pause(AGAIN_MS, closing.signal)
      if (closing.signal.aborted) return
    }
  }

  /** Its thread may be gone by now; that is not an error. */
  async function concludeOnce({ run_id, thread_id }: RunTicket, outcome: Outcome, ending: End): Promise<Outcome> {
    const { plan } = ending
    const run = plan?.run ?? (await storage.runs.get(system, thread_id, run_id))
    const error = 'error' in outcome ? { ...outcome.error } : null
    // A run that was deleted has nothing more to say about its thread, which may be another by now.
    if (!run) return { kind: 'interrupted' }
    ending.finished ||= await storage.runs.finish(system, run_id, { status: outcome.kind, error })
    if (!ending.finished) return { kind: 'interrupted' }
    // Before the thread goes: whoever is told may read it only while it is there.
    const told = await toTell(run, outcome, ending)
    if (run.kwargs['temporary'] === true) {
      await storage.threads.delete(system, thread_id)
      feeds.end(thread_id)
    } else await settleThread(thread_id, outcome)
    if (told) send(told, plan?.user?.identity)
    return outcome
  }

  /**
   * What a webhook is to be told, where there is one: as much as its owner may read at this moment. Of a run that never began
   * nobody knows whom it belongs to any more, and it has left nothing.
   */
  async function toTell(run: Run, outcome: Outcome, { plan, startedAt }: Omit<End, 'finished'>) {
    const { webhook } = run.kwargs
    if (typeof webhook !== 'string') return undefined
    const scope = plan && (await readScope(plan))
    if (plan && !scope) return undefined
    const thread = scope && (await storage.threads.get(scope, run.thread_id))
    const ended = new Date().toISOString()
    const payload = {
      ...run,
      status: outcome.kind,
      updated_at: ended,
      run_started_at: startedAt?.toISOString() ?? null,
      run_ended_at: ended,
      values: thread ? (outcome.kind === 'success' ? outcome.values : thread.values) : null,
      ...('error' in outcome ? { error: outcome.error.message } : {}),
    }
    return { url: webhook, payload }
  }

  function send({ url, payload }: { url: string; payload: object }, identity: string | null = null): void {
    void webhooks.send(url, { ...payload, webhook_sent_at: new Date().toISOString() }, { identity })
  }

  /** The scope in which the owner of a run may read its thread; undefined where not at all. */
  async function readScope({ user, run, ownThread }: RunPlan): Promise<Scope | undefined> {
    try {
      const caller = engine()?.callerFor(user, createTrace(run.run_id))
      const asked = await caller?.authorize('threads:read', { thread_id: run.thread_id })
      return asked && ownThread ? system : asked?.scope
    } catch {
      return undefined
    }
  }

  async function settleThread(threadId: string, outcome: Outcome): Promise<void> {
    const thread = await storage.threads.get(system, threadId)
    if (!thread) return
    const busy = async () => (await storage.runs.inFlight(system, threadId, 1)).length > 0
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
    entry.abort?.abort()
    if (waited) {
      entry.state = 'going'
      clearTimeout(entry.timer)
      turns.remove(entry.runId)
      startRuns()
      void conclude(entry, { kind: 'interrupted' })
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
        const told = await toTell(run, { kind: 'error', error }, {})
        if (told) send(told)
      }
      for (const threadId of await storage.threads.stuck(system)) await settleThread(threadId, { kind: 'interrupted' })
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

/** What is told of an error that is not the graph's. */
function toldOf(error: unknown): RunError {
  if (error instanceof AuthkitError) return { error: error.code, message: error.detail }
  return { error: 'Error', message: error instanceof Error ? error.message : String(error) }
}
