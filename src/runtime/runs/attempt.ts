import type { Engine } from '../../engine/engine.js'
import { createTrace, type Trace } from '../../engine/trace.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Seal } from '../../seal/seal.js'
import type { ClaimedRun, Storage } from '../../storage/storage.js'
import type { GraphRegistry } from '../graphs/graph-registry.js'
import type { RuntimeSettings } from '../settings.js'
import type { StoreAccess } from '../store/store-access.js'
import { aborted, pause } from '../waiting.js'
import type { EventLog } from './event-log.js'
import type { Outcome, RunPlan } from './execute.js'
import { runErrorOf } from './run-error.js'
import type { RunRecord } from './run-record.js'
import { waitingRunValue } from './run-value.js'

export interface AttemptDeps {
  readonly storage: Storage
  readonly graphs: GraphRegistry
  readonly seal: Seal
  /** The rules of the moment; undefined while they are broken. */
  readonly engine: () => Engine | undefined
  readonly settings: () => RuntimeSettings
  readonly storeAccess: StoreAccess
  readonly onRunStart?: (run: { readonly runId: string; readonly graphId: string }) => void
  readonly onRun?: (record: RunRecord) => void
  readonly onProblem?: (message: string, error?: unknown) => void
}

/** A run that has been taken, and what it needs of whoever took it. */
export interface Taken {
  readonly claimed: ClaimedRun
  readonly log: EventLog
  /** Stops it. */
  readonly signal: AbortSignal
  /** Whether it begins later than it was asked for, so that what was allowed then may not be now. */
  readonly waited: boolean
  readonly startedAt: Date
  /** Told when the run begins, before its first event. */
  readonly onBegin: () => void
}

/** How a run went. The plan is undefined where it could not be read. */
export interface Attempt {
  readonly outcome: Outcome
  readonly plan: RunPlan | undefined
}

/** How soon rules that are broken are looked at again. */
const RULES_AGAIN_MS = 250

/**
 * Does one run: asks the rules again where it had to wait, runs its graph, and sees to its time. Whatever happens it resolves,
 * in the time that the run has.
 */
export async function attempt(deps: AttemptDeps, taken: Taken): Promise<Attempt> {
  const { claimed, log, signal, startedAt } = taken
  const { run } = claimed
  let plan: RunPlan
  try {
    plan = { ...openPlan(deps.seal, claimed), run }
  } catch (thrown) {
    return { outcome: failed(log, thrown), plan: undefined }
  }
  const trace = createTrace(run.run_id)
  trace.identity = plan.user?.identity
  trace.displayName = plan.user?.display_name
  const timeout = new AbortController()
  const started = performance.now()
  let outcome: Outcome
  let thrown: unknown
  const onThrown = (error: unknown) => {
    thrown = error
  }
  try {
    deps.onRunStart?.({ runId: run.run_id, graphId: plan.graphId })
    const stopsWith = AbortSignal.any([signal, timeout.signal])
    // A handler that does not answer, a graph that never loads, or a node that does not listen, must not keep a run that was
    // stopped or is out of time.
    outcome = await Promise.race([
      begin(deps, plan, { ...taken, signal: stopsWith, trace, onThrown }),
      aborted(signal).then((): Outcome => ({ kind: 'interrupted' })),
      outOfTime(deps.settings().runTimeoutMs, log, stopsWith),
    ])
  } catch (error) {
    onThrown(error)
    outcome = signal.aborted ? { kind: 'interrupted' } : failed(log, error)
  } finally {
    // Ends the clock, and whatever still runs without anyone waiting for it.
    timeout.abort()
  }
  const ms = performance.now() - started
  try {
    deps.onRun?.({ time: startedAt, run, graphId: plan.graphId, status: outcome.kind, ms, trace, thrown })
  } catch (error) {
    // The run has ended, whoever can tell of it: what waits behind it must not wait for ever.
    deps.onProblem?.('The end of a run could not be reported', error)
  }
  return { outcome, plan }
}

async function begin(
  deps: AttemptDeps,
  plan: RunPlan,
  { log, signal, waited, trace, onBegin, onThrown }: Taken & { trace: Trace; onThrown: (error: unknown) => void },
): Promise<Outcome> {
  const { storage, graphs, storeAccess, engine, settings } = deps
  if (waited) await mayBegin(deps, plan, trace, signal)
  signal.throwIfAborted()
  onBegin()
  log.append('metadata', JSON.stringify({ run_id: plan.run.run_id, attempt: 1 }))
  const { execute } = await import('./execute.js')
  return execute(plan, {
    storage,
    graphs,
    signal,
    emit: log.append,
    room: log.room,
    store: {
      access: storeAccess,
      caller: () => engine()?.callerFor(plan.user, trace),
      unscoped: settings().store.unscopedInGraphs,
    },
    onThrown,
  })
}

/**
 * Asks the rules again about a run that had to wait: whoever asked for it may have lost the thread meanwhile. While the rules
 * are broken it goes on waiting.
 *
 * @throws AuthkitError where the run may not begin any more.
 */
async function mayBegin(
  { engine, storage }: AttemptDeps,
  plan: RunPlan,
  trace: Trace,
  signal: AbortSignal,
): Promise<void> {
  let rules = engine()
  for (; !rules; rules = engine()) {
    signal.throwIfAborted()
    await pause(RULES_AGAIN_MS, signal)
  }
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

/** Resolves when the time of a run is over; never where it ends before. */
async function outOfTime(ms: number, log: EventLog, signal: AbortSignal): Promise<Outcome> {
  await pause(ms, signal)
  if (signal.aborted) return new Promise(() => undefined)
  const error = { error: 'TimeoutError', message: `The run took longer than ${ms / 1000} s.` }
  log.append('error', JSON.stringify(error))
  return { kind: 'timeout', error }
}

function openPlan(seal: Seal, { run, plan }: ClaimedRun): RunPlan {
  try {
    return seal.open(`runs/${run.run_id}`, plan) as RunPlan
  } catch (cause) {
    throw new AuthkitError('root_key_invalid', 'The key that sealed this run is not the key of this server.', { cause })
  }
}

function failed(log: EventLog, thrown: unknown): Outcome {
  const error = runErrorOf(thrown)
  log.append('error', JSON.stringify(error))
  return { kind: 'error', error }
}
