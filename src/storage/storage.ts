import type { Scope } from '../engine/scope.js'

export type Json = Record<string, unknown>
export type ThreadStatus = 'idle' | 'busy' | 'interrupted' | 'error'
export type RunStatus = 'pending' | 'running' | 'success' | 'error' | 'timeout' | 'interrupted'
export type IfExists = 'raise' | 'do_nothing'

/** A conversation, as the API shows it. Timestamps are ISO 8601 in UTC. */
export interface Thread {
  readonly thread_id: string
  readonly created_at: string
  readonly updated_at: string
  readonly state_updated_at: string
  readonly metadata: Json
  readonly status: ThreadStatus
  /** What runs last overlaid: the base of the next run's configuration. Never holds auth data. */
  readonly config: Json
  /** The latest state; null until a run or a state update made one. */
  readonly values: unknown
  /** By task id, what waits for a person. */
  readonly interrupts: Json
  readonly error: unknown
}

/** The fields of a thread, for clients that select some. */
export const THREAD_FIELDS = [
  'thread_id',
  'created_at',
  'updated_at',
  'state_updated_at',
  'metadata',
  'status',
  'config',
  'values',
  'interrupts',
  'error',
] as const satisfies readonly (keyof Thread)[]

export interface Assistant {
  readonly assistant_id: string
  readonly graph_id: string
  readonly name: string
  readonly description: string | null
  readonly config: Json
  readonly context: unknown
  readonly metadata: Json
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

export type AssistantVersion = Omit<Assistant, 'updated_at'>

export interface Run {
  readonly run_id: string
  readonly thread_id: string
  readonly assistant_id: string
  readonly created_at: string
  readonly updated_at: string
  readonly status: RunStatus
  readonly metadata: Json
  /** What the caller asked for. Never holds auth data or the configuration of the assistant. */
  readonly kwargs: Json
  readonly multitask_strategy: string
}

/** The fields of a run, for clients that select some. */
export const RUN_FIELDS = [
  'run_id',
  'thread_id',
  'assistant_id',
  'created_at',
  'updated_at',
  'status',
  'metadata',
  'kwargs',
  'multitask_strategy',
] as const satisfies readonly (keyof Run)[]

export interface Item {
  readonly namespace: readonly string[]
  readonly key: string
  readonly value: Json
  readonly created_at: string
  readonly updated_at: string
}

/** One checkpoint of a thread, as LangGraph's serializer made it. */
export interface StoredCheckpoint {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly run_id: string | null
  readonly type: string
  readonly checkpoint: Uint8Array
  readonly metadata: Json
}

export interface StoredWrite {
  readonly task_id: string
  /** Where in the graph the task stands. Writes are read back by path, task and index: the order they were applied in. */
  readonly task_path: string
  readonly idx: number
  readonly channel: string
  readonly type: string
  readonly value: Uint8Array
}

/** One page of rows, and how many there are in all that the caller may see. */
export interface Page<T> {
  readonly rows: readonly T[]
  readonly total: number
}

export interface PageQuery {
  readonly limit: number
  readonly offset: number
  readonly sort_by?: string
  readonly sort_order?: 'asc' | 'desc'
}

export interface ThreadQuery {
  readonly ids?: readonly string[]
  readonly metadata?: Json
  readonly values?: Json
  readonly status?: ThreadStatus
}

export interface NewThread {
  readonly thread_id: string
  readonly metadata: Json
  readonly status?: ThreadStatus
  readonly config?: Json
}

export interface ThreadState {
  readonly values: unknown
  readonly interrupts: Json
  readonly status: ThreadStatus
  readonly error: unknown
}

/**
 * Everything takes the scope first. An object that the scope hides does not exist: reads answer undefined, lists and
 * counts leave it out, changes and deletions touch nothing.
 */
export interface Threads {
  /** Resolves to the thread as it is now; undefined where another one, hidden or not to be adopted, has the id. */
  create(scope: Scope, thread: NewThread, ifExists: IfExists): Promise<Thread | undefined>
  get(scope: Scope, id: string): Promise<Thread | undefined>
  search(scope: Scope, query: ThreadQuery, page: PageQuery): Promise<Page<Thread>>
  count(scope: Scope, query: ThreadQuery): Promise<number>
  /** Merges metadata key by key. */
  update(scope: Scope, id: string, change: { metadata: Json }): Promise<Thread | undefined>
  /** Marks what a run is about to do with the thread: status, configuration, and metadata that names graph and assistant. */
  begin(scope: Scope, id: string, change: { metadata: Json; config: Json }): Promise<Thread | undefined>
  /** Writes what a run or a state update left. False where the thread is gone. */
  setState(scope: Scope, id: string, state: ThreadState): Promise<boolean>
  /** Deletes the thread with its runs and checkpoints. */
  delete(scope: Scope, id: string): Promise<boolean>
  /** Copies a thread and its checkpoints. Undefined where the source is hidden or absent. */
  copy(scope: Scope, sourceId: string, target: { thread_id: string; metadata: Json }): Promise<Thread | undefined>
}

export interface AssistantQuery {
  readonly graph_id?: string
  /** Part of the name, in any case. */
  readonly name?: string
  readonly metadata?: Json
}

export interface NewAssistant {
  readonly assistant_id: string
  readonly graph_id: string
  readonly name: string
  readonly description: string | null
  readonly config: Json
  readonly context: unknown
  readonly metadata: Json
}

export interface Assistants {
  create(scope: Scope, assistant: NewAssistant, ifExists: IfExists): Promise<Assistant | undefined>
  get(scope: Scope, id: string): Promise<Assistant | undefined>
  search(scope: Scope, query: AssistantQuery, page: PageQuery): Promise<Page<Assistant>>
  count(scope: Scope, query: AssistantQuery): Promise<number>
  /** Makes a new version: metadata is merged, everything else replaces. */
  update(scope: Scope, id: string, change: Partial<Omit<NewAssistant, 'assistant_id'>>): Promise<Assistant | undefined>
  delete(scope: Scope, id: string): Promise<boolean>
  versions(scope: Scope, id: string, query: { metadata?: Json }, page: PageQuery): Promise<readonly AssistantVersion[]>
  setLatest(scope: Scope, id: string, version: number): Promise<Assistant | undefined>
}

export interface NewRun {
  readonly run_id: string
  readonly thread_id: string
  readonly assistant_id: string
  /** When a run that is delayed may start; now, for others. */
  readonly created_at?: string
  readonly metadata: Json
  readonly kwargs: Json
  readonly multitask_strategy: string
}

/** Runs are seen through their thread: the scope is held against the metadata of the thread. */
export interface Runs {
  create(scope: Scope, run: NewRun): Promise<Run | undefined>
  get(scope: Scope, threadId: string, runId: string): Promise<Run | undefined>
  list(scope: Scope, threadId: string, query: { status?: RunStatus }, page: PageQuery): Promise<readonly Run[]>
  /** The runs of a thread that are pending or running, oldest first. */
  inFlight(scope: Scope, threadId: string): Promise<readonly Run[]>
  /** Every run, of any thread, that is pending or running. */
  allInFlight(scope: Scope): Promise<readonly Run[]>
  /** The thread of a run that is addressed by its own id alone. */
  threadOf(scope: Scope, runId: string): Promise<string | undefined>
  setStatus(scope: Scope, runId: string, status: RunStatus): Promise<boolean>
  /** Deletes the run with the checkpoints it made. */
  delete(scope: Scope, threadId: string, runId: string): Promise<boolean>
}

export interface ItemSearch {
  readonly namespacePrefix: readonly string[]
  readonly filter?: Json
  readonly query?: string
}

export interface NamespaceSearch {
  /** `*` stands for any one label. */
  readonly prefix: readonly string[]
  readonly suffix: readonly string[]
  readonly maxDepth?: number
}

/** The store. A scope's filter is held against `{ ...value, namespace, key }`. */
export interface Items {
  /** `hidden` where an item that the scope hides has this place, `refused` where the new item would be hidden itself. */
  put(scope: Scope, item: Pick<Item, 'namespace' | 'key' | 'value'>): Promise<'stored' | 'hidden' | 'refused'>
  get(scope: Scope, namespace: readonly string[], key: string): Promise<Item | undefined>
  delete(scope: Scope, namespace: readonly string[], key: string): Promise<boolean>
  search(scope: Scope, search: ItemSearch, page: PageQuery): Promise<readonly Item[]>
  namespaces(scope: Scope, search: NamespaceSearch, page: PageQuery): Promise<readonly (readonly string[])[]>
}

export interface CheckpointQuery {
  readonly checkpoint_ns?: string
  readonly before?: string
  /** Containment on the metadata of the checkpoint. */
  readonly metadata?: Json
  readonly limit?: number
}

/** Checkpoints are seen through their thread, as runs are. */
export interface Checkpoints {
  /** Resolves to false, and stores nothing, where the thread is gone. */
  put(scope: Scope, checkpoint: StoredCheckpoint): Promise<boolean>
  putWrites(
    scope: Scope,
    at: Pick<StoredCheckpoint, 'thread_id' | 'checkpoint_ns' | 'checkpoint_id'>,
    writes: readonly StoredWrite[],
  ): Promise<boolean>
  /** One checkpoint, or the latest of the namespace where no id is given. */
  get(scope: Scope, threadId: string, ns: string, id?: string): Promise<StoredCheckpoint | undefined>
  list(scope: Scope, threadId: string, query: CheckpointQuery): Promise<readonly StoredCheckpoint[]>
  writes(scope: Scope, threadId: string, ns: string, id: string): Promise<readonly StoredWrite[]>
  deleteThread(scope: Scope, threadId: string): Promise<void>
}

/** All that authkit keeps. SQLite is behind it; another database is one folder beside `sqlite/`. */
export interface Storage {
  readonly threads: Threads
  readonly assistants: Assistants
  readonly runs: Runs
  readonly items: Items
  readonly checkpoints: Checkpoints
  close(): Promise<void>
}
