import type { RunnableConfig } from '@langchain/core/runnables'
import type { StateSnapshot } from '@langchain/langgraph'
import type { Scope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Json, Storage, Thread, ThreadStatus } from '../../storage/storage.js'
import { toWire } from '../wire.js'
import type { CommandRequest } from './command.js'
import type { GraphRegistry } from './graph-registry.js'
import type { Graph } from './load-graph.js'
import { graphForRequest } from './request-graph.js'

/** A checkpoint as clients name it. Its thread is always that of the path. */
export interface CheckpointRef {
  readonly checkpoint_id?: string | undefined
  readonly checkpoint_ns?: string | undefined
  readonly checkpoint_map?: Json | null | undefined
}

export interface StateUpdate {
  readonly values?: unknown
  /** In the place of values. What it resumes is over with the update: no node runs that could take the answer. */
  readonly command?: CommandRequest | undefined
  readonly as_node?: string | undefined
}

export interface ThreadStates {
  /** What the row of the thread should say of its state. */
  latest(scope: Scope, thread: Thread): Promise<LatestState>
  get(scope: Scope, thread: Thread, options: { checkpoint?: CheckpointRef; subgraphs?: boolean }): Promise<Json>
  history(
    scope: Scope,
    thread: Thread,
    options: { limit: number; before?: string; metadata?: Json; checkpoint?: CheckpointRef },
  ): Promise<readonly Json[]>
  /** @throws AuthkitError `bad_request` where the thread has no graph, or the graph refuses the update. */
  update(scope: Scope, thread: Thread, updates: readonly StateUpdate[], checkpoint?: CheckpointRef): Promise<Json>
  /** Applies several supersteps, each of which may write as several nodes. */
  bulkUpdate(scope: Scope, thread: Thread, supersteps: readonly (readonly StateUpdate[])[]): Promise<void>
}

/** Reads and changes the state of threads, through the graph that their runs used. */
export function createThreadStates({ storage, graphs }: { storage: Storage; graphs: GraphRegistry }): ThreadStates {
  async function graphOf(scope: Scope, thread: Thread): Promise<Graph | undefined> {
    const graphId = thread.metadata['graph_id']
    if (typeof graphId !== 'string') return undefined
    return graphForRequest(graphs, graphId, { storage, scope })
  }

  async function graphToUpdate(scope: Scope, thread: Thread): Promise<Graph> {
    const graph = await graphOf(scope, thread)
    if (!graph) throw new AuthkitError('bad_request', `Thread ${thread.thread_id} has no graph ID`)
    return graph
  }

  async function refuse<T>(change: Promise<T>): Promise<T> {
    return change.catch((error: unknown) => {
      throw new AuthkitError('bad_request', error instanceof Error ? error.message : String(error), { cause: error })
    })
  }

  async function refresh(scope: Scope, thread: Thread, graph: Graph): Promise<void> {
    const state = latestStateOf(await graph.getState(configOf(thread)))
    await storage.threads.setState(scope, thread.thread_id, { ...state, error: null })
  }

  return {
    async latest(scope, thread) {
      const graph = await graphOf(scope, thread)
      return graph ? latestStateOf(await graph.getState(configOf(thread))) : NO_STATE
    },

    async get(scope, thread, { checkpoint, subgraphs = false }) {
      const graph = await graphOf(scope, thread)
      if (!graph) return EMPTY_STATE
      return toThreadState(await graph.getState(configOf(thread, checkpoint), { subgraphs }))
    },

    async history(scope, thread, { limit, before, metadata, checkpoint }) {
      const graph = await graphOf(scope, thread)
      if (!graph) return []
      const states: Json[] = []
      const options = {
        limit,
        ...(before === undefined ? {} : { before: { configurable: { checkpoint_id: before } } }),
        ...(metadata ? { filter: metadata } : {}),
      }
      for await (const snapshot of graph.getStateHistory(configOf(thread, checkpoint), options)) {
        states.push(toThreadState(snapshot))
      }
      return states
    },

    async update(scope, thread, updates, checkpoint) {
      const graph = await graphToUpdate(scope, thread)
      const supersteps = await Promise.all(updates.map(async (update) => ({ updates: [await updateOf(update)] })))
      const made = checkpointOf(await refuse(graph.bulkUpdateState(configOf(thread, checkpoint), supersteps)))
      await refresh(scope, thread, graph)
      return { checkpoint: made, configurable: made, checkpoint_id: made['checkpoint_id'] }
    },

    async bulkUpdate(scope, thread, supersteps) {
      const graph = await graphToUpdate(scope, thread)
      const steps = await Promise.all(
        supersteps.map(async (updates) => ({ updates: await Promise.all(updates.map(updateOf)) })),
      )
      await refuse(graph.bulkUpdateState(configOf(thread), steps))
      await refresh(scope, thread, graph)
    },
  }
}

async function updateOf({ values, command, as_node: asNode }: StateUpdate) {
  const written = command ? (await import('./command.js')).toCommand(command) : values
  return { values: written as Record<string, unknown>, ...(asNode === undefined ? {} : { asNode }) }
}

/** The configuration that addresses a thread, or one of its checkpoints. The thread of the path wins over the body's. */
export function configOf(thread: Pick<Thread, 'thread_id'>, checkpoint: CheckpointRef = {}): RunnableConfig {
  const { checkpoint_id, checkpoint_ns = '', checkpoint_map } = checkpoint
  return {
    configurable: {
      checkpoint_ns,
      ...(checkpoint_id ? { checkpoint_id } : {}),
      ...(checkpoint_map ? { checkpoint_map } : {}),
      thread_id: thread.thread_id,
    },
  }
}

/** What the latest checkpoint of a thread means for the row of the thread. */
export interface LatestState {
  /** Null where there is no checkpoint. */
  readonly values: unknown
  readonly interrupts: Json
  readonly status: Extract<ThreadStatus, 'idle' | 'interrupted'>
}

export function latestStateOf(snapshot: StateSnapshot): LatestState {
  if (!snapshot.createdAt) return NO_STATE
  const waiting = snapshot.tasks.filter((task) => task.interrupts.length > 0)
  return {
    values: toWire(snapshot.values),
    interrupts: Object.fromEntries(waiting.map((task) => [task.id, toWire(task.interrupts)])),
    status: snapshot.next.length > 0 ? 'interrupted' : 'idle',
  }
}

const NO_STATE: LatestState = { values: null, interrupts: {}, status: 'idle' }

const EMPTY_STATE: Json = {
  values: {},
  next: [],
  tasks: [],
  metadata: {},
  created_at: null,
  checkpoint: null,
  parent_checkpoint: null,
  interrupts: [],
}

function toThreadState(snapshot: StateSnapshot): Json {
  // LangGraph answers for a checkpoint that is not there with the configuration it was asked for.
  if (!snapshot.createdAt) return EMPTY_STATE
  return {
    values: toWire(snapshot.values),
    next: snapshot.next,
    tasks: snapshot.tasks.map((task) => {
      const nested = task.state && 'values' in task.state ? task.state : undefined
      const config = nested ? nested.config : (task.state as RunnableConfig | undefined)
      return {
        id: task.id,
        name: task.name,
        path: task.path ?? null,
        error: task.error === undefined || task.error === null ? null : errorText(task.error),
        interrupts: toWire(task.interrupts),
        checkpoint: config ? checkpointOf(config) : null,
        state: nested ? toThreadState(nested as StateSnapshot) : null,
        result: toWire(task.result ?? null),
      }
    }),
    metadata: toWire(snapshot.metadata ?? {}, { withoutAuth: true }),
    created_at: snapshot.createdAt,
    checkpoint: checkpointOf(snapshot.config),
    parent_checkpoint: snapshot.parentConfig ? checkpointOf(snapshot.parentConfig) : null,
    interrupts: toWire(snapshot.tasks.flatMap((task) => task.interrupts)),
  }
}

/** A checkpoint as clients name it. */
export function checkpointOf(config: RunnableConfig): Json {
  const { thread_id, checkpoint_ns = '', checkpoint_id = null, checkpoint_map = null } = config.configurable ?? {}
  return { thread_id, checkpoint_ns, checkpoint_id, checkpoint_map }
}

function errorText(error: unknown): string {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : JSON.stringify(error)
}
