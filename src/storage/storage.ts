import type { Scope } from '../engine/scope.js'

export type Json = Record<string, unknown>
export type ThreadStatus = 'idle' | 'busy' | 'interrupted' | 'error'
export type RunStatus = 'pending' | 'running' | 'success' | 'error' | 'timeout' | 'interrupted'
export type IfExists = 'raise' | 'do_nothing'

/**
 * What the metadata of a thread, an assistant, a run or a cron may take as JSON. It is merged, and every list holds it
 * against its filters: without a bound, one row could hold up everybody.
 */
export const MAX_METADATA_BYTES = 1_000_000

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
  /** Only where it was asked for. */
  readonly ttl?: ThreadTtl | null
}

/** What happens to a thread that nobody touches any more: it goes, or only its latest checkpoint stays. */
export interface Ttl {
  readonly strategy: 'delete' | 'keep_latest'
  readonly ttl_minutes: number
}

export interface ThreadTtl extends Ttl {
  readonly expires_at: string
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

/**
 * One page of rows, and how many there are in all that the caller may see. Every list, with a total or without one, ends
 * before its limit where its rows get too large to be read at once: the next page begins after those that came.
 */
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
  readonly ttl?: Ttl
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
  /** @param include `ttl` adds what is known of the end of the thread. */
  get(scope: Scope, id: string, include?: readonly 'ttl'[]): Promise<Thread | undefined>
  search(scope: Scope, query: ThreadQuery, page: PageQuery): Promise<Page<Thread>>
  count(scope: Scope, query: ThreadQuery): Promise<number>
  /** Merges metadata key by key. A `ttl` begins anew; null ends it. */
  update(scope: Scope, id: string, change: { metadata: Json; ttl?: Ttl | null }): Promise<Thread | undefined>
  /** Marks what a run is about to do with the thread: status, configuration, and metadata that names graph and assistant. */
  begin(scope: Scope, id: string, change: { metadata: Json; config: Json }): Promise<Thread | undefined>
  /** Writes what a run or a state update left. False where the thread is gone. */
  setState(scope: Scope, id: string, state: ThreadState): Promise<boolean>
  /** Deletes the thread with its runs and checkpoints. */
  delete(scope: Scope, id: string): Promise<boolean>
  /** Copies a thread and its checkpoints. Undefined where the source is hidden or absent. */
  copy(scope: Scope, sourceId: string, target: { thread_id: string; metadata: Json }): Promise<Thread | undefined>
  /** Threads whose time is over, the longest over first. */
  expired(
    scope: Scope,
    now: string,
    limit: number,
  ): Promise<readonly { thread_id: string; strategy: Ttl['strategy'] }[]>
  /** Threads that say they are busy and have no run in flight: their server stopped before it could say otherwise. */
  stuck(scope: Scope): Promise<readonly string[]>
  /** Keeps the latest checkpoint of each namespace, and of the runs those that are in flight. False where the thread is gone. */
  keepLatest(scope: Scope, id: string): Promise<boolean>
  /**
   * Ends a thread whose time is over at this moment and which no run holds, as its strategy says: looked at and done at once,
   * so that no change gets lost in between. Undefined where nothing was done.
   */
  endExpired(scope: Scope, id: string, now: string): Promise<Ttl['strategy'] | undefined>
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
  /** Whose run it is; null where there are no users. */
  readonly identity: string | null
  /** All that is needed to run it, sealed. */
  readonly plan: Uint8Array
}

/** A run that waits for its turn. */
export interface RunTicket {
  readonly run_id: string
  readonly thread_id: string
  readonly identity: string | null
  readonly due_at: string
}

/** A run that has been taken to be run, with what is needed for it. */
export interface ClaimedRun {
  readonly run: Run
  readonly plan: Uint8Array
}

/** Runs are seen through their thread: the scope is held against the metadata of the thread. */
export interface Runs {
  create(scope: Scope, run: NewRun): Promise<Run | undefined>
  get(scope: Scope, threadId: string, runId: string): Promise<Run | undefined>
  list(scope: Scope, threadId: string, query: { status?: RunStatus }, page: PageQuery): Promise<readonly Run[]>
  /** The runs of a thread that are pending or running, oldest first; at most so many. */
  inFlight(scope: Scope, threadId: string, limit?: number): Promise<readonly Run[]>
  /** Runs of any thread that are pending or running, as `status` says; at most so many. */
  allInFlight(scope: Scope, status: 'pending' | 'running' | 'all', limit?: number): Promise<readonly Run[]>
  /** Every run that waits, in the order they came. */
  tickets(scope: Scope): Promise<readonly RunTicket[]>
  /** Takes a run that waits: it is running from then on. Undefined where it does not wait any more. */
  claim(scope: Scope, runId: string): Promise<ClaimedRun | undefined>
  /** Ends a run that is in flight, and forgets its plan. False where it is not in flight any more. */
  finish(scope: Scope, runId: string, end: { status: RunStatus; error?: Json | null }): Promise<boolean>
  /** Why a run failed; null where it did not. */
  errorOf(scope: Scope, threadId: string, runId: string): Promise<Json | null>
  /** The thread of a run that is addressed by its own id alone. */
  threadOf(scope: Scope, runId: string): Promise<string | undefined>
  /** Deletes the run with the checkpoints it made. */
  delete(scope: Scope, threadId: string, runId: string): Promise<boolean>
}

/** Events of runs that do not fit into memory. They last as long as the process. */
export interface RunEvents {
  append(scope: Scope, runId: string, events: readonly { id: number; event: string; data: string }[]): Promise<void>
  read(
    scope: Scope,
    runId: string,
    from: number,
    limit: number,
  ): Promise<readonly { id: number; event: string; data: string }[]>
  delete(scope: Scope, runId: string): Promise<void>
  clear(scope: Scope): Promise<void>
}

/** A run that starts again and again. `payload` is the body of the request that each run is made from. */
export interface Cron {
  readonly cron_id: string
  readonly assistant_id: string
  readonly thread_id: string | null
  readonly user_id: string | null
  readonly schedule: string
  readonly timezone: string | null
  readonly end_time: string | null
  readonly next_run_date: string | null
  readonly payload: Json
  readonly metadata: Json
  readonly on_run_completed: 'delete' | 'keep' | null
  readonly enabled: boolean
  readonly created_at: string
  readonly updated_at: string
}

/** The fields of a cron, for clients that select some. */
export const CRON_FIELDS = [
  'cron_id',
  'assistant_id',
  'thread_id',
  'user_id',
  'schedule',
  'timezone',
  'end_time',
  'next_run_date',
  'payload',
  'metadata',
  'on_run_completed',
  'enabled',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Cron)[]

export interface CronQuery {
  readonly assistant_id?: string
  readonly thread_id?: string
  readonly enabled?: boolean
  readonly metadata?: Json
  /** Of the thread, where the cron is bound to one. */
  readonly threadMetadata?: Json
}

export type NewCron = Omit<Cron, 'created_at' | 'updated_at'> & {
  /** The user who made it, sealed; null where there are no users. */
  readonly creator: Uint8Array | null
}

/** A cron whose time has come, with the sealed user it runs as. */
export interface DueCron {
  readonly cron: Cron
  readonly creator: Uint8Array | null
}

/**
 * Crons. A scope is held against the metadata of the cron; where a cron is bound to a thread, lists hold a second one
 * against the metadata of the thread.
 */
export interface Crons {
  /** Undefined where its thread is gone. */
  create(scope: Scope, cron: NewCron): Promise<Cron | undefined>
  get(scope: Scope, id: string): Promise<Cron | undefined>
  search(scope: Scope, threads: Scope, query: CronQuery, page: PageQuery): Promise<Page<Cron>>
  count(scope: Scope, threads: Scope, query: CronQuery): Promise<number>
  /** Metadata is merged; everything else replaces. `creator` re-stamps the cron with whoever changes it. */
  update(
    scope: Scope,
    id: string,
    change: Partial<Omit<NewCron, 'cron_id' | 'assistant_id' | 'thread_id'>>,
  ): Promise<Cron | undefined>
  delete(scope: Scope, id: string): Promise<boolean>
  /**
   * Enabled ones whose time has come. Users take turns, and of each user the longest due comes first.
   *
   * @param after The user whose turn was last, by `user_id`: the turns go on behind that one.
   */
  due(scope: Scope, now: string, limit: number, after?: string | null): Promise<readonly DueCron[]>
  /** How many crons of a user are enabled and come again. */
  coming(scope: Scope, userId: string): Promise<number>
  /** When the next one is due; undefined where none will be. */
  nextDue(scope: Scope): Promise<string | undefined>
  /** Sets the next time, where it still is what the caller has seen: of several who try, one succeeds. */
  advance(scope: Scope, id: string, from: string, to: string | null): Promise<boolean>
}

export interface ItemSearch {
  readonly namespacePrefix: readonly string[]
  readonly filter?: Json
  /** Words that must all be in the indexed text of an item, in any case. */
  readonly text?: string
  /** Ranks by nearness of meaning, the nearest first. */
  readonly vector?: Float32Array
  /** Reading counts as using: what is found lives its time anew. */
  readonly refreshTtl?: boolean
}

export interface NewItem extends Pick<Item, 'namespace' | 'key' | 'value'> {
  /** What text searches look at; null keeps the item out of them. */
  readonly searchText: string | null
  /** One for each indexed part. */
  readonly vectors?: readonly Float32Array[]
  /** Minutes until it goes by itself; null keeps it. */
  readonly ttl: number | null
}

/** An item that a search found; `score` where it was ranked by meaning. */
export interface FoundItem extends Item {
  readonly score?: number
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
  put(scope: Scope, item: NewItem): Promise<'stored' | 'hidden' | 'refused'>
  get(
    scope: Scope,
    namespace: readonly string[],
    key: string,
    options?: { refreshTtl?: boolean },
  ): Promise<Item | undefined>
  delete(scope: Scope, namespace: readonly string[], key: string): Promise<boolean>
  search(scope: Scope, search: ItemSearch, page: PageQuery): Promise<readonly FoundItem[]>
  namespaces(scope: Scope, search: NamespaceSearch, page: PageQuery): Promise<readonly (readonly string[])[]>
  /** Deletes what is over its time, and says how many those were. What is over is hidden before that already. */
  sweep(scope: Scope, now: string): Promise<number>
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
  readonly runEvents: RunEvents
  readonly crons: Crons
  readonly items: Items
  readonly checkpoints: Checkpoints
  close(): Promise<void>
}
