import type { RunnableConfig } from '@langchain/core/runnables'
import type { StreamMode } from '../graphs/stream-modes.js'
import { checkpointOf } from '../graphs/thread-state.js'

interface CheckpointPayload {
  readonly config?: RunnableConfig
  readonly parentConfig?: RunnableConfig
}

/** What a graph says of its checkpoints, in the words of the Platform: LangGraph itself has others. */
export function asOnPlatform(mode: StreamMode | string, data: unknown): unknown {
  if (mode === 'checkpoints') return renamed(data as CheckpointPayload)
  if (mode !== 'debug') return data
  const event = data as { type?: string; payload?: unknown }
  if (event.type !== 'checkpoint') return data
  const { config, parentConfig } = event.payload as CheckpointPayload
  return {
    ...event,
    payload: {
      ...renamed(event.payload as CheckpointPayload),
      checkpoint: config ? checkpointOf(config) : null,
      parent_checkpoint: parentConfig ? checkpointOf(parentConfig) : null,
    },
  }
}

function renamed({ parentConfig, ...rest }: CheckpointPayload): object {
  return parentConfig === undefined ? rest : { ...rest, parent_config: parentConfig }
}
