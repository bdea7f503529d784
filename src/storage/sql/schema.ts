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
  }
  items: {
    /** A JSON list of labels. */
    namespace: string
    key: string
    value: string
    created_at: string
    updated_at: string
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
