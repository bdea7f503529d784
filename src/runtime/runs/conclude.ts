import type { Engine } from '../../engine/engine.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { createTrace } from '../../engine/trace.js'
import type { Run, Storage } from '../../storage/storage.js'
import type { ThreadStates } from '../graphs/thread-state.js'
import { within } from '../waiting.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import type { Outcome, RunPlan } from './execute.js'
import type { ThreadFeeds } from './thread-feeds.js'

/** What is known of the end of a run. */
export interface End {
  readonly run_id: string
  readonly thread_id: string
  readonly outcome: Outcome
  /** Undefined for a run that never began. */
  readonly plan?: RunPlan | undefined
  readonly startedAt?: Date | undefined
  /** Leaves a thread that was made for the run alone, so that it can be seen what became of it. */
  readonly keepThread?: boolean
  /** Whether it is stored already that the run has ended: set here, for another try after the database failed. */
  finished: boolean
}

/** How long the state that a run left may take to be read. */
const SETTLE_MS = 1000

/** How long a handler may think about what a webhook is told. */
const RULES_MS = 10_000

/** What a run leaves behind when it has ended. */
export function createConclusions({
  storage,
  states,
  webhooks,
  engine,
  feeds,
}: {
  storage: Storage
  states: ThreadStates
  webhooks: Webhooks
  /** The rules of the moment; undefined while they are broken. */
  engine: () => Engine | undefined
  feeds: ThreadFeeds
}) {
  const system = systemScope('how a run ended is kept, and what it means for its thread')

  /**
   * Stores how a run ended, settles its thread and tells its webhook. Its thread may be gone by now; that is not an error.
   *
   * @returns How it ended for those who listen: a run that was deleted meanwhile was interrupted.
   * @throws Error where the database fails; it may be called again then.
   */
  async function conclude(end: End): Promise<Outcome> {
    const { run_id, thread_id, outcome, plan } = end
    const run = plan?.run ?? (await storage.runs.get(system, thread_id, run_id))
    const error = 'error' in outcome ? { ...outcome.error } : null
    // A run that was deleted has nothing more to say about its thread, which may be another by now.
    if (!run) return { kind: 'interrupted' }
    end.finished ||= await storage.runs.finish(system, run_id, { status: outcome.kind, error })
    if (!end.finished) return { kind: 'interrupted' }
    // Before the thread goes: whoever is told may read it only while it is there.
    const payload = await toldTo(run, end)
    if (run.kwargs['temporary'] === true && !end.keepThread) {
      await storage.threads.delete(system, thread_id)
      feeds.end(thread_id)
    } else await settle(thread_id, outcome)
    if (payload) {
      const sent = { ...payload, webhook_sent_at: new Date().toISOString() }
      void webhooks.send(String(run.kwargs['webhook']), sent, { identity: plan?.user?.identity ?? null })
    }
    return outcome
  }

  /**
   * What a webhook is to be told, where there is one: as much as its owner may read at this moment. Of a run that never began
   * nobody knows whom it belongs to any more, and it has left nothing.
   */
  async function toldTo(run: Run, { outcome, plan, startedAt }: End): Promise<object | undefined> {
    if (typeof run.kwargs['webhook'] !== 'string') return undefined
    const scope = plan && (await within(RULES_MS, readScope(plan), undefined))
    if (plan && !scope) return undefined
    const thread = scope && (await storage.threads.get(scope, run.thread_id))
    const ended = new Date().toISOString()
    return {
      ...run,
      status: outcome.kind,
      updated_at: ended,
      run_started_at: startedAt?.toISOString() ?? null,
      run_ended_at: ended,
      values: thread ? (outcome.kind === 'success' ? outcome.values : thread.values) : null,
      ...('error' in outcome ? { error: outcome.error.message } : {}),
    }
  }

  /** The scope in which the owner of a run may read its thread; undefined, or an error, where not at all. */
  async function readScope({ user, run, ownThread }: RunPlan): Promise<Scope | undefined> {
    const caller = engine()?.callerFor(user, createTrace(run.run_id))
    const asked = await caller?.authorize('threads:read', { thread_id: run.thread_id })
    return asked && ownThread ? system : asked?.scope
  }

  /** Writes into the row of a thread what its runs have left. */
  async function settle(threadId: string, outcome: Outcome): Promise<void> {
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

  return { conclude, settle }
}
