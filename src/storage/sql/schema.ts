/**
 * The tables, as kysely sees them. JSON columns hold the text that JSON.stringify makes, and nothing else: filters
 * compare that text, so a number is never taken for a string.
 */
export interface Schema {
  threads: {
    thread_id: string
    created_at: string
    updated_at: string
    state_updated_at: string
    metadata: string
    status: string
    config: string
    values: string
    interrupts: string
    error: string
    ttl_minutes: number | null
    ttl_strategy: string | null
    /** When the thread ends by itself; null where it does not. */
    expires_at: string | null
  }
  assistants: {
    assistant_id: string
    graph_id: string
    name: string
    description: string | null
    config: string
    context: string
    metadata: string
    version: number
    created_at: string
    updated_at: string
  }
  assistant_versions: {
    assistant_id: string
    version: number
    graph_id: string
    name: string
    description: string | null
    config: string
    context: string
    metadata: string
    created_at: string
  }
  runs: {
    run_id: string
    thread_id: string
    assistant_id: string
    created_at: string
    updated_at: string
    status: string
    metadata: string
    kwargs: string
    multitask_strategy: string
    /** When it may start. */
    due_at: string | null
    /** Whose run it is, for fairness between users. */
    identity: string | null
    /** All that is needed to run it, sealed; null once it has ended. */
    plan: Uint8Array | null
    /** JSON: why it failed. */
    error: string | null
  }
  /** Events of runs that do not fit into memory. */
  run_events: {
    run_id: string
    id: number
    event: string
    data: string
  }
  crons: {
    cron_id: string
    assistant_id: string
    thread_id: string | null
    user_id: string | null
    schedule: string
    timezone: string | null
    end_time: string | null
    next_run_date: string | null
    payload: string
    metadata: string
    on_run_completed: string | null
    enabled: number
    created_at: string
    updated_at: string
    /** The user who made it, sealed. */
    creator: Uint8Array | null
  }
  items: {
    /** A JSON list of labels. */
    namespace: string
    key: string
    value: string
    created_at: string
    updated_at: string
    ttl_minutes: number | null
    expires_at: string | null
    /** What a text search looks at, in lower case; empty where the item is not indexed, null where it is older than this. */
    search_text: string | null
  }
  /** One row for each indexed part of an item. */
  item_vectors: {
    namespace: string
    key: string
    part: number
    /** 32-bit floats, little-endian. */
    vector: Uint8Array
  }
  checkpoints: {
    thread_id: string
    checkpoint_ns: string
    checkpoint_id: string
    parent_checkpoint_id: string | null
    run_id: string | null
    type: string
    checkpoint: Uint8Array
    metadata: string
  }
  checkpoint_writes: {
    thread_id: string
    checkpoint_ns: string
    checkpoint_id: string
    task_id: string
    task_path: string
    idx: number
    channel: string
    type: string
    value: Uint8Array
  }
}
