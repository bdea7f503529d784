import type { Caller } from '../../engine/engine.js'
import type { AuthEventValueMap } from '../../engine/event-values.js'
import { withoutReserved } from '../../engine/reserved.js'
import type { User } from '../../engine/user.js'
import type { Json, Run } from '../../storage/storage.js'
import type { RunRequest } from './create-run.js'

/**
 * What the rules are asked about a run: the value of `threads:create_run`. Who the user is stands in the configuration, as
 * graphs will see it, and nothing of that can come from the request.
 */
export function runValue(
  { user }: Pick<Caller, 'user'>,
  run: { readonly runId: string; readonly threadId: string | undefined; readonly assistantId: string },
  request: RunRequest,
): AuthEventValueMap['threads:create_run'] {
  const config = withoutReserved(request.config ?? {})
  const { input, command, context, checkpoint, checkpoint_id, interrupt_before, interrupt_after } = request
  return {
    ...(run.threadId === undefined ? {} : { thread_id: run.threadId }),
    assistant_id: run.assistantId,
    run_id: run.runId,
    status: 'pending',
    metadata: withoutReserved({ ...request.metadata }),
    prevent_insert_if_inflight: request.multitask_strategy === 'reject',
    multitask_strategy: request.multitask_strategy,
    if_not_exists: request.if_not_exists,
    after_seconds: request.after_seconds,
    kwargs: {
      ...given({ input, command }),
      config: { ...config, configurable: { ...(config['configurable'] as Json | undefined), ...identityOf(user) } },
      ...(context === undefined ? {} : { context: withoutReserved(context) }),
      ...given({ checkpoint, checkpoint_id, interrupt_before, interrupt_after }),
      ...given({ webhook: request.webhook, durability: request.durability }),
      stream_mode: request.stream_mode,
      subgraphs: request.stream_subgraphs,
      resumable: request.stream_resumable,
      temporary: run.threadId === undefined && request.on_completion === 'delete',
    },
  }
}

/** The same for a run that has been created and had to wait, when it is about to begin. */
export function waitingRunValue(
  { user }: Pick<Caller, 'user'>,
  { run_id, thread_id, assistant_id, metadata, kwargs, multitask_strategy }: Run,
): AuthEventValueMap['threads:create_run'] {
  const config = (kwargs['config'] ?? {}) as Json
  const configurable = { ...(config['configurable'] as Json | undefined), ...identityOf(user) }
  // A copy: what a handler stamps on it now was stamped when the run was created.
  return structuredClone({
    thread_id,
    assistant_id,
    run_id,
    status: 'pending',
    metadata,
    multitask_strategy: multitask_strategy as 'enqueue',
    kwargs: { ...kwargs, config: { ...config, configurable } },
  })
}

/** Who a run belongs to, as its graph is told. */
function identityOf(user: User | undefined): Json {
  if (!user) return {}
  return {
    langgraph_auth_user: user,
    langgraph_auth_user_id: user.identity,
    langgraph_auth_permissions: user.permissions,
  }
}

function given(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
