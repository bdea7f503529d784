import { Command, Send } from '@langchain/langgraph'
import { systemScope } from '../engine/scope.js'
import type { User } from '../engine/user.js'
import { AuthkitError } from '../errors/authkit-error.js'
import type { Json, Run, Storage } from '../storage/storage.js'
import type { GraphRegistry } from './graph-registry.js'
import { loadGraph } from './load-graph.js'
import { createMessageStream } from './message-stream.js'
import type { StreamMode } from './stream-modes.js'
import { type CheckpointRef, configOf, type LatestState, latestStateOf } from './thread-state.js'
import { toWire, wireText } from './wire.js'

/** Modes whose events hold the configuration of the run, and with it the caller. */
const CARRIES_CONFIG = new Set(['tasks', 'checkpoints', 'debug'])

export interface CommandRequest {
  readonly resume?: unknown
  readonly update?: unknown
  readonly goto?: unknown
}

/** All that a run needs, put together when it was created. */
export interface RunPlan {
  readonly run: Run
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
}

/** A failure as clients read it. */
export interface RunError {
  readonly error: string
  readonly message: string
}

/** How a run ended. */
export type Outcome =
  | ({ readonly kind: 'success' } & LatestState)
  | { readonly kind: 'error'; readonly error: RunError }
  | { readonly kind: 'interrupted' }

/**
 * Runs a graph. Whatever the graph does, it resolves: a failure is an outcome.
 *
 * @param emit Receives the events of the stream as they happen, with their data as JSON text.
 * @param signal Ends the run; it then resolves to `interrupted`.
 */
export async function execute(
  plan: RunPlan,
  {
    storage,
    graphs,
    emit,
    signal,
  }: {
    storage: Storage
    graphs: GraphRegistry
    emit: (event: string, data: string) => void
    signal: AbortSignal
  },
): Promise<Outcome> {
  try {
    const scope = systemScope(`run ${plan.run.run_id} on its own thread`)
    const config = configFor(plan)
    // A node may not notice that its run was stopped, and its thread may have been deleted and made anew meanwhile.
    const { run_id, thread_id } = plan.run
    const goesOn = async () => !signal.aborted && (await storage.runs.get(scope, thread_id, run_id)) !== undefined
    const graph = await loadGraph(graphs, plan.graphId, { storage, scope, config, goesOn })
    const messages = createMessageStream(plan.streamModes)
    const stream = await graph.stream(inputFor(plan) as Json | Command | null, {
      ...config,
      signal,
      runId: plan.run.run_id,
      streamMode: [...new Set(plan.streamModes.map((mode) => (mode === 'messages-tuple' ? 'messages' : mode)))],
      subgraphs: plan.subgraphs,
      ...(plan.context ? { context: plan.context } : {}),
      ...(plan.interruptBefore ? { interruptBefore: nodes(plan.interruptBefore) } : {}),
      ...(plan.interruptAfter ? { interruptAfter: nodes(plan.interruptAfter) } : {}),
      ...(plan.durability ? { durability: plan.durability } : {}),
    })
    for await (const part of stream as AsyncIterable<[string, unknown] | [string[], string, unknown]>) {
      const [namespace, mode, data] = part.length === 3 ? part : [[], ...part]
      const suffix = namespace.length > 0 ? `|${namespace.join('|')}` : ''
      if (mode === 'messages') {
        for (const [event, payload] of messages.events(data))
          emit(event + suffix, wireText(payload, { withoutAuth: true }))
      } else emit(mode + suffix, wireText(data, { withoutAuth: CARRIES_CONFIG.has(mode) }))
    }
    signal.throwIfAborted()
    return { kind: 'success', ...latestStateOf(await graph.getState(configOf(plan.run))) }
  } catch (thrown) {
    if (signal.aborted) return { kind: 'interrupted' }
    const error = errorOf(thrown)
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

function inputFor({ input, command }: RunPlan): unknown {
  if (!command) return input ?? null
  const { resume, update, goto } = command
  return new Command({
    ...(resume === undefined ? {} : { resume }),
    ...(update === undefined || update === null ? {} : { update: update as Record<string, unknown> }),
    ...(goto === undefined || goto === null ? {} : { goto: Array.isArray(goto) ? goto.map(target) : target(goto) }),
  })
}

function target(goto: unknown): string | Send {
  if (typeof goto === 'string') return goto
  const { node, input } = goto as { node: string; input: unknown }
  return new Send(node, input)
}

function nodes(names: '*' | readonly string[]): '*' | string[] {
  return names === '*' ? '*' : [...names]
}

function errorOf(thrown: unknown): RunError {
  // What a graph file throws when it is loaded is for the terminal; whoever runs it is told where it failed.
  if (thrown instanceof AuthkitError) return { error: thrown.code, message: thrown.detail }
  if (thrown instanceof Error) return { error: thrown.name, message: thrown.message }
  return { error: 'Error', message: typeof thrown === 'string' ? thrown : JSON.stringify(toWire(thrown)) }
}
