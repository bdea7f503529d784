import { setImmediate } from 'node:timers/promises'
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  copyCheckpoint,
  getCheckpointId,
  type PendingWrite,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint'
import { withoutReserved } from '../../engine/reserved.js'
import type { Scope } from '../../engine/scope.js'
import type { Checkpoints, StoredCheckpoint, StoredWrite } from '../../storage/storage.js'

/**
 * LangGraph's checkpoints in our storage, seen through a scope: a checkpointer made for a request reads what that
 * request may read, and no other.
 *
 * @example
 * graph.checkpointer = new ScopedCheckpointer(storage.checkpoints, scope)
 */
export class ScopedCheckpointer extends BaseCheckpointSaver {
  readonly #checkpoints: Checkpoints
  readonly #scope: Scope
  readonly #goesOn: () => Promise<boolean>
  readonly #writing = new Set<Promise<unknown>>()

  /** @param goesOn Whether its run is still to be trusted with the thread; a run that is over touches nothing more. */
  constructor(checkpoints: Checkpoints, scope: Scope, goesOn: () => Promise<boolean> = async () => true) {
    super()
    this.#checkpoints = checkpoints
    this.#scope = scope
    this.#goesOn = goesOn
  }

  async #assertGoesOn(): Promise<void> {
    if (!(await this.#goesOn())) throw new Error('The run is over.')
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id, checkpoint_ns = '' } = config.configurable ?? {}
    if (typeof thread_id !== 'string') return undefined
    await this.#assertGoesOn()
    const id = getCheckpointId(config)
    const stored = await this.#checkpoints.get(this.#scope, thread_id, checkpoint_ns, id || undefined)
    return stored && this.#toTuple(stored)
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { thread_id, checkpoint_ns } = config.configurable ?? {}
    if (typeof thread_id !== 'string') return
    await this.#assertGoesOn()
    const before = options.before && getCheckpointId(options.before)
    const rows = await this.#checkpoints.list(this.#scope, thread_id, {
      ...(checkpoint_ns === undefined ? {} : { checkpoint_ns }),
      ...(before ? { before } : {}),
      ...(options.filter ? { metadata: options.filter } : {}),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    })
    for (const row of rows) yield await this.#toTuple(row)
  }

  /** Resolves when all that the graph has written so far can be read. It writes while it goes on, one after the other. */
  async settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#writing)
      await setImmediate()
    } while (this.#writing.size > 0)
  }

  async #noted<T>(write: Promise<T>): Promise<T> {
    this.#writing.add(write)
    try {
      return await write
    } finally {
      this.#writing.delete(write)
    }
  }

  override put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    return this.#noted(this.#put(config, checkpoint, metadata))
  }

  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath = ''): Promise<void> {
    return this.#noted(this.#putWrites(config, writes, taskId, taskPath))
  }

  async #put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const { thread_id, checkpoint_ns = '', checkpoint_id } = config.configurable ?? {}
    if (typeof thread_id !== 'string') throw new Error('A checkpoint needs configurable.thread_id.')
    const [type, bytes] = await this.serde.dumpsTyped(copyCheckpoint(checkpoint))
    await this.#assertGoesOn()
    // Which run made a checkpoint stands in the metadata of the configuration; who the caller is must not be kept.
    const kept = withoutReserved<Record<string, unknown>>({ ...config.metadata, ...metadata })
    const stored = await this.#checkpoints.put(this.#scope, {
      thread_id,
      checkpoint_ns,
      checkpoint_id: checkpoint.id,
      parent_checkpoint_id: typeof checkpoint_id === 'string' ? checkpoint_id : null,
      run_id: typeof kept['run_id'] === 'string' ? kept['run_id'] : null,
      type,
      checkpoint: bytes,
      metadata: kept,
    })
    if (!stored) throw new Error(`The thread ${thread_id} is gone.`)
    return { configurable: { thread_id, checkpoint_ns, checkpoint_id: checkpoint.id } }
  }

  async #putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath: string): Promise<void> {
    const { thread_id, checkpoint_ns = '', checkpoint_id } = config.configurable ?? {}
    if (typeof thread_id !== 'string' || typeof checkpoint_id !== 'string') {
      throw new Error('Writes need configurable.thread_id and configurable.checkpoint_id.')
    }
    const rows: StoredWrite[] = await Promise.all(
      writes.map(async ([channel, value], index) => {
        const [type, bytes] = await this.serde.dumpsTyped(value)
        const idx = WRITES_IDX_MAP[channel] ?? index
        return { task_id: taskId, task_path: taskPath, idx, channel: String(channel), type, value: bytes }
      }),
    )
    await this.#assertGoesOn()
    const stored = await this.#checkpoints.putWrites(this.#scope, { thread_id, checkpoint_ns, checkpoint_id }, rows)
    if (!stored) throw new Error(`The thread ${thread_id} is gone.`)
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#checkpoints.deleteThread(this.#scope, threadId)
  }

  async #toTuple(stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const { thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id } = stored
    const writes = await this.#checkpoints.writes(this.#scope, thread_id, checkpoint_ns, checkpoint_id)
    const pendingWrites = await Promise.all(
      writes.map(
        async ({ task_id, channel, type, value }): Promise<[string, string, unknown]> => [
          task_id,
          channel,
          await this.serde.loadsTyped(type, value),
        ],
      ),
    )
    return {
      config: { configurable: { thread_id, checkpoint_ns, checkpoint_id } },
      checkpoint: await this.serde.loadsTyped(stored.type, stored.checkpoint),
      metadata: stored.metadata as CheckpointMetadata,
      pendingWrites,
      ...(parent_checkpoint_id
        ? { parentConfig: { configurable: { thread_id, checkpoint_ns, checkpoint_id: parent_checkpoint_id } } }
        : {}),
    }
  }
}
