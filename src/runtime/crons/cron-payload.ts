import { withoutReserved } from '../../engine/reserved.js'
import type { User } from '../../engine/user.js'
import type { Cron, Json } from '../../storage/storage.js'
import type { RunRequest } from '../runs/create-run.js'

/** What a run is made from, as far as a request about a cron said it. */
export type CronPayload = Partial<
  Pick<
    RunRequest,
    | 'input'
    | 'config'
    | 'context'
    | 'webhook'
    | 'interrupt_before'
    | 'interrupt_after'
    | 'stream_mode'
    | 'stream_subgraphs'
    | 'stream_resumable'
    | 'multitask_strategy'
    | 'durability'
    | 'metadata'
  >
>

/**
 * The payload as it is stored, and shown to whoever reads the cron: with the assistant and the id of the cron, and without
 * anything that says who runs it. A client may not say that, and the run gets it when it starts.
 */
export function storedPayload(
  payload: Json,
  { cronId, assistantId, user }: { cronId: string; assistantId: string; user: User | undefined },
): Json {
  const config = withoutReserved((payload['config'] ?? {}) as Json)
  const configurable: Json = { ...(config['configurable'] as Json | null | undefined), cron_id: cronId }
  if (user) delete configurable['user_id']
  return {
    ...payload,
    assistant_id: assistantId,
    config: { ...config, configurable },
    ...('context' in payload ? { context: withoutReserved(payload['context']) } : {}),
  }
}

/** The request that each run of a cron is made from: what its payload says, and the defaults of a run. */
export function runRequestOf(cron: Pick<Cron, 'assistant_id' | 'payload' | 'on_run_completed'>): RunRequest {
  return {
    stream_mode: ['values'],
    stream_subgraphs: false,
    stream_resumable: false,
    multitask_strategy: 'enqueue',
    ...(cron.payload as CronPayload),
    assistant_id: cron.assistant_id,
    // A thread that is gone stays gone.
    if_not_exists: 'reject',
    after_seconds: 0,
    on_completion: cron.on_run_completed ?? 'delete',
  }
}
