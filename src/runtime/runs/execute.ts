import type { Caller } from '../../engine/engine.js'
import { systemScope } from '../../engine/scope.js'
import type { User } from '../../engine/user.js'
import type { Json, Run, Storage } from '../../storage/storage.js'
import type { CommandRequest } from '../graphs/command.js'
import type { GraphRegistry } from '../graphs/graph-registry.js'
import { loadGraph } from '../graphs/load-graph.js'
import type { StreamMode } from '../graphs/stream-modes.js'
import { type CheckpointRef, configOf, type LatestState, latestStateOf } from '../graphs/thread-state.js'
import { createGraphStore } from '../store/graph-store.js'
import type { StoreAccess } from '../store/store-access.js'
import { wireText } from '../wire.js'
import { asOnPlatform } from './checkpoint-events.js'
import { partsOf } from './graph-stream.js'
import { createMessageStream } from './message-stream.js'
import { type RunError, runErrorOf } from './run-error.js'

/** Modes whose events hold the configuration of the run, and with it the caller. */
const CARRIES_CONFIG = new Set(['tasks', 'checkpoints', 'debug', 'events', 'tools'])

/** All that a run needs, put together when it was created. */
export interface RunPlan extends StoredPlan {
  readonly run: Run
}

/** What of a plan waits in the database, sealed: JSON, and nothing else. */
export interface StoredPlan {
  readonly graphId: string
  readonly user: User | undefined
  readonly input: unknown
  readonly command: CommandRequest | undefined
  readonly checkpoint: CheckpointRef | undefined
  /** Assistant, thread and request, merged; without anything that only the server may set. */
  readonly configurable: Json
  readonly context: Json | undefined
  readonly tags: readonly string[]
  readonly recursionLimit: number | undefined
  readonly interruptBefore: '*' | readonly string[] | undefined
  readonly interruptAfter: '*' | readonly string[] | undefined
  readonly streamModes: readonly StreamMode[]
  readonly subgraphs: boolean
  readonly durability: 'sync' | 'async' | 'exit' | undefined
  /** Whether its creator is shown what it makes: by a stream, by waiting, or by a webhook. */
  readonly reads: boolean
  /** Whether its thread was made for it, and is not held against the filters of the handlers: they would hide it. */
  readonly ownThread: boolean
}

/** How a run ended. */
export type Outcome =
  | ({ readonly kind: 'success' } & LatestState)
  | { readonly kind: 'error'; readonly error: RunError }
  | { readonly kind: 'timeout'; readonly error: RunError }
  | { readonly kind: 'interrupted' }

/**
 * Runs a graph. Whatever the graph does, it resolves: a failure is an outcome.
 *
 * @param emit Receives the events of the stream as they happen, with their data as JSON text.
 * @param room What to wait for before more is told, where there is too much already.
 * @param signal Ends the run; it then resolves to `interrupted`.
 * @param store Whose store the graph sees.
 * @param onThrown Receives what the graph threw, as it is.
 */
export async function execute(
  plan: RunPlan,
  {
    storage,
    graphs,
    emit,
    room,
    signal,
    store,
    onThrown,
  }: {
    storage: Storage
    graphs: GraphRegistry
    emit: (event: string, data: string) => void
    room: () => Promise<void> | undefined
    signal: AbortSignal
    store: { access: StoreAccess; caller: () => Caller | undefined; unscoped: boolean }
    onThrown?: (thrown: unknown) => void
  },
): Promise<Outcome> {
  try {
    const scope = systemScope(`run ${plan.run.run_id} on its own thread`)
    const config = configFor(plan)
    // A node may not notice that its run was stopped, and its thread may have been deleted and made anew meanwhile.
    const { run_id, thread_id } = plan.run
    const goesOn = async () => !signal.aborted && (await storage.runs.threadOf(scope, run_id)) === thread_id
    const graph = await loadGraph(graphs, plan.graphId, { storage, scope, config, goesOn })
    graph.store = createGraphStore(store)
    const messages = createMessageStream(plan.streamModes)
    for await (const { namespace, mode, data } of partsOf(graph, plan, { ...config, signal })) {
      const suffix = namespace.length > 0 ? `|${namespace.join('|')}` : ''
      const told = [
        ...(mode === 'messages' ? messages.streamed(data) : []),
        ...(mode === 'values' && suffix === '' ? messages.settled(data) : []),
      ]
      for (const [event, payload] of told) emit(event + suffix, wireText(payload, { withoutAuth: true }))
      if (mode !== 'messages' && plan.streamModes.some((wanted) => wanted === mode)) {
        // Whoever hears that a graph waits may ask for its state at once.
        if (isInterrupt(data)) await graph.checkpointer.settled()
        emit(mode + suffix, wireText(asOnPlatform(mode, data), { withoutAuth: CARRIES_CONFIG.has(mode) }))
      }
      await room()
    }
    signal.throwIfAborted()
    const state = latestStateOf(await graph.getState(configOf(plan.run)))
    // Whoever listens to neither mode that tells of interrupts is told all the same that the run waits for an answer.
    const heard = plan.streamModes.some((mode) => mode === 'values' || mode === 'updates')
    if (state.status === 'interrupted' && !heard) {
      emit('values', wireText({ __interrupt__: Object.values(state.interrupts).flat() }))
    }
    return { kind: 'success', ...state }
  } catch (thrown) {
    if (signal.aborted) return { kind: 'interrupted' }
    onThrown?.(thrown)
    const error = runErrorOf(thrown)
    emit('error', wireText(error))
    return { kind: 'error', error }
  }
}

/** The configuration as the graph sees it. What only the server may say comes last, so nothing overrides it. */
function configFor({ run, graphId, user, configurable, checkpoint, tags, recursionLimit }: RunPlan) {
  const identified = user
    ? {
        langgraph_auth_user: user,
        langgraph_auth_user_id: user.identity,
        langgraph_auth_permissions: user.permissions,
        user_id: user.identity,
      }
    : {}
  const ids = { run_id: run.run_id, thread_id: run.thread_id, graph_id: graphId, assistant_id: run.assistant_id }
  return {
    configurable: { ...configurable, ...configOf(run, checkpoint).configurable, ...identified, ...ids },
    metadata: { ...run.metadata, ...ids },
    tags: [...tags],
    ...(recursionLimit === undefined ? {} : { recursionLimit }),
  }
}

function isInterrupt(data: unknown): boolean {
  return typeof data === 'object' && data !== null && '__interrupt__' in data
}
