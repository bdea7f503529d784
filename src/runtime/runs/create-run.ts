import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../engine/engine.js'
import { withoutReserved } from '../../engine/reserved.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Seal } from '../../seal/seal.js'
import type { Assistant, Json, Run, Storage, Thread } from '../../storage/storage.js'
import type { CommandRequest } from '../graphs/command.js'
import { type GraphRegistry, systemAssistant, systemAssistantId } from '../graphs/graph-registry.js'
import type { StreamMode } from '../graphs/stream-modes.js'
import type { CheckpointRef } from '../graphs/thread-state.js'
import type { RuntimeSettings } from '../settings.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import type { StoredPlan } from './execute.js'
import type { RunHandle, RunQueue } from './run-queue.js'
import { runValue } from './run-value.js'

/** The body of a request that creates a run, validated. */
export interface RunRequest {
  readonly assistant_id: string
  readonly input?: unknown
  readonly command?: CommandRequest
  readonly metadata?: Json
  readonly config?: Json
  readonly context?: Json
  readonly checkpoint?: CheckpointRef
  readonly checkpoint_id?: string
  readonly webhook?: string
  readonly interrupt_before?: '*' | readonly string[]
  readonly interrupt_after?: '*' | readonly string[]
  readonly stream_mode: readonly StreamMode[]
  readonly stream_subgraphs: boolean
  readonly stream_resumable: boolean
  readonly multitask_strategy: 'reject' | 'enqueue' | 'interrupt' | 'rollback'
  readonly if_not_exists: 'reject' | 'create'
  readonly after_seconds: number
  readonly on_completion: 'delete' | 'keep'
  readonly durability?: 'sync' | 'async' | 'exit'
}

export interface RunDeps {
  readonly storage: Storage
  readonly graphs: GraphRegistry
  readonly queue: RunQueue
  readonly seal: Seal
  readonly settings: () => RuntimeSettings
  readonly webhooks: Webhooks
}

/**
 * Creates a run as a caller, on a thread or on one of its own, and puts it in the queue. It asks the rules first:
 * `threads:create_run` for the thread, `assistants:read` for an assistant that a user made.
 *
 * @param threadId Undefined for a stateless run.
 * @param reads Whether the caller will be shown what the run makes: then `threads:read` is asked too, before it starts.
 * @param headers Of the request, those that the graph is to see in its configuration.
 * @throws AuthkitError `not_found` for a thread or an assistant that is absent or hidden, in the same words; `conflict`
 *   where the thread is busy and the strategy is `reject`; whatever `authorize` throws.
 */
export async function createRun(
  deps: RunDeps,
  caller: Caller,
  threadId: string | undefined,
  request: RunRequest,
  { reads = false, headers = {} }: { reads?: boolean; headers?: Readonly<Record<string, string>> } = {},
): Promise<{ run: Run; handle: RunHandle }> {
  const { queue } = deps
  const id = threadId ?? uuidv7()
  const asked = await authorize(deps, caller, threadId, request)
  const { webhook } = asked.kwargs
  if (webhook !== undefined) deps.webhooks.check(String(webhook))
  const assistant = await assistantFor(deps, caller, asked.assistantId)
  const names = { graph_id: assistant.graph_id, assistant_id: assistant.assistant_id }
  // A webhook shows its owner what the run made, as waiting for it would.
  const shown = reads || webhook !== undefined
  const read = shown
    ? await caller.authorize('threads:read', threadId === undefined ? {} : { thread_id: id })
    : undefined
  const mayStop =
    threadId === undefined ? undefined : await askToStop(deps, caller, asked.scope, id, request.multitask_strategy)
  // Handlers may take long. They have answered by now, so nobody holds up a thread that is not theirs.
  return queue.exclusively(id, async () => {
    const { scope, thread, made } = await threadFor(
      deps,
      id,
      threadId,
      request,
      { ...asked, readScope: read?.scope },
      names,
    )
    if (threadId !== undefined) await makeWay(deps, thread, request.multitask_strategy, mayStop)

    const { kwargs } = asked
    const config = (kwargs['config'] ?? {}) as Json
    const configurable = (config['configurable'] ?? {}) as Json
    // That a cron started a run says nothing about the next one.
    const { cron_id: _, ...own } = configurable
    const sticky = { ...(thread.config['configurable'] as Json | undefined), ...own }
    const scopes = [asked.scope, ...(read ? [read.scope] : [])]
    const ownThread = made && !(await isVisible(deps, scopes, id))
    const plan = planFor({ assistant, thread, user: caller.user, kwargs, headers, reads: shown, ownThread })
    // The run first: whoever settles the thread of an earlier run looks for it, to leave the thread busy.
    const run = await deps.storage.runs.create(scope, {
      run_id: asked.runId,
      thread_id: id,
      assistant_id: assistant.assistant_id,
      metadata: { ...asked.metadata, ...names },
      kwargs,
      multitask_strategy: request.multitask_strategy,
      identity: caller.user?.identity ?? null,
      plan: sealed(deps.seal, asked.runId, plan),
      ...(request.after_seconds > 0
        ? { created_at: new Date(Date.now() + request.after_seconds * 1000).toISOString() }
        : {}),
    })
    const begun =
      run &&
      (await deps.storage.threads.begin(scope, id, {
        metadata: names,
        config: { ...thread.config, ...config, configurable: sticky },
      }))
    if (!begun) throw notFound(id)

    const ticket = {
      run_id: run.run_id,
      thread_id: id,
      identity: caller.user?.identity ?? null,
      due_at: run.created_at,
    }
    return { run, handle: queue.submit(ticket) }
  })
}

interface Asked {
  readonly runId: string
  readonly assistantId: string
  readonly scope: Scope
  readonly metadata: Json
  /** What the caller wants, as the handler left it, without auth data. */
  readonly kwargs: Json
}

async function authorize(
  { graphs }: RunDeps,
  caller: Caller,
  threadId: string | undefined,
  request: RunRequest,
): Promise<Asked> {
  const runId = uuidv7()
  const assistantId = graphs.has(request.assistant_id)
    ? systemAssistantId(request.assistant_id)
    : request.assistant_id.toLowerCase()
  const { scope, value } = await caller.authorize(
    'threads:create_run',
    runValue(caller, { runId, threadId, assistantId }, request),
  )
  return {
    runId,
    assistantId,
    scope,
    metadata: withoutReserved(value.metadata ?? {}),
    kwargs: publicKwargs(value.kwargs, caller),
  }
}

/** What may be stored of a request and shown to whoever reads the run: the wishes, not who made them. */
function publicKwargs(kwargs: Json, { user }: Caller): Json {
  const config = withoutReserved((kwargs['config'] ?? {}) as Json)
  const configurable = withoutServerKeys(config['configurable'] as Json | undefined)
  // A client may not say who it is; the run gets the identity when it is executed.
  if (user) delete configurable['user_id']
  const context = kwargs['context'] === undefined ? {} : { context: withoutReserved(kwargs['context']) }
  return { ...kwargs, ...context, config: { ...config, configurable } }
}

/** Parts of a configuration that address checkpoints: set by the path and by `checkpoint`, never by a configuration. */
const SERVER_KEYS = [
  'thread_id',
  'run_id',
  'assistant_id',
  'graph_id',
  'checkpoint_id',
  'checkpoint_ns',
  'checkpoint_map',
]

function withoutServerKeys(configurable: Json = {}): Json {
  return Object.fromEntries(Object.entries(configurable).filter(([key]) => !SERVER_KEYS.includes(key)))
}

/** What a run takes from its assistant. */
type RunAssistant = Pick<Assistant, 'assistant_id' | 'graph_id' | 'config' | 'context'>

/** The assistant of a run. System assistants are everyone's; one that a user made is read as the caller may read it. */
async function assistantFor({ storage, graphs }: RunDeps, caller: Caller, assistantId: string): Promise<RunAssistant> {
  const graphId = graphs.ofSystemAssistant(assistantId)
  if (graphId !== undefined) return systemAssistant(graphId, graphs.source(graphId))
  const { scope } = await caller.authorize('assistants:read', { assistant_id: assistantId })
  const assistant = await storage.assistants.get(scope, assistantId)
  if (!assistant) throw new AuthkitError('not_found', 'Assistant not found')
  return assistant
}

async function threadFor(
  { storage, settings }: RunDeps,
  id: string,
  threadId: string | undefined,
  request: RunRequest,
  { scope, readScope, metadata }: Asked & { readScope: Scope | undefined },
  names: Json,
): Promise<{ scope: Scope; thread: Thread; made: boolean }> {
  const existing = threadId === undefined ? undefined : await storage.threads.get(scope, id)
  if (existing && readScope && !(await storage.threads.get(readScope, id))) throw notFound(id)
  if (existing) return { scope, thread: existing, made: false }
  if (threadId !== undefined && request.if_not_exists === 'reject') throw notFound(id)
  // The thread that a run makes has the handler's metadata, and is not held against the handler's filter.
  const own = systemScope('the thread that this run creates')
  const { threadTtl } = settings()
  const wanted = { thread_id: id, metadata: { ...metadata, ...names }, ...(threadTtl ? { ttl: threadTtl } : {}) }
  const made = await storage.threads.create(own, wanted, 'raise')
  if (!made) throw notFound(id)
  return { scope: own, thread: made, made: true }
}

async function isVisible({ storage }: RunDeps, scopes: readonly Scope[], threadId: string): Promise<boolean> {
  for (const scope of scopes) if (!(await storage.threads.get(scope, threadId))) return false
  return true
}

/** Asks whether the caller may stop the runs in flight, where the strategy would. Undefined where there was none. */
async function askToStop(
  { storage }: RunDeps,
  caller: Caller,
  mayRun: Scope,
  threadId: string,
  strategy: RunRequest['multitask_strategy'],
): Promise<Scope | undefined> {
  if (strategy === 'enqueue' || strategy === 'reject') return undefined
  // Whether a thread that is hidden has a run is nobody's to learn, by an answer or by what a handler is asked.
  if (!(await storage.threads.get(mayRun, threadId))) return undefined
  const system = systemScope('which runs are in flight, so that the rules can be asked about them')
  const inFlight = await storage.runs.inFlight(system, threadId)
  if (inFlight.length === 0) return undefined
  const { scope } = await caller.authorize('threads:update', {
    thread_id: threadId,
    action: strategy,
    metadata: { run_ids: inFlight.map((run) => run.run_id), status: 'pending' },
  })
  return scope
}

/** Does with the runs in flight what the strategy says, or refuses. */
async function makeWay(
  { storage, queue }: RunDeps,
  { thread_id }: Thread,
  strategy: RunRequest['multitask_strategy'],
  mayStop: Scope | undefined,
): Promise<void> {
  if (strategy === 'enqueue') return
  const system = systemScope('the runs in flight on a thread that the caller may run on')
  const inFlight = await storage.runs.inFlight(system, thread_id)
  if (inFlight.length === 0) return
  // A run that came while the rules were asked about others is one that nobody was asked about.
  if (strategy === 'reject' || !mayStop) {
    throw new AuthkitError(
      'conflict',
      'Thread is already running a task. Wait for it to finish or choose a different multitask strategy.',
    )
  }
  // Whoever may run on a thread may not, by that alone, stop the runs that are there.
  if (!(await storage.threads.get(mayStop, thread_id))) throw new AuthkitError('forbidden', 'Forbidden')
  for (const run of inFlight) {
    if (strategy === 'interrupt') await queue.cancel(run.run_id)
    else await queue.forget(run, () => storage.runs.delete(mayStop, thread_id, run.run_id))
  }
}

function sealed(seal: Seal, runId: string, plan: StoredPlan): Uint8Array {
  try {
    return seal.close(`runs/${runId}`, plan)
  } catch (cause) {
    throw new AuthkitError('handler_failed', 'Internal Server Error', {
      cause: `the user that authenticate() returned, or what a handler put into kwargs, can't be written as JSON: ${cause}`,
    })
  }
}

function planFor({
  assistant,
  thread,
  user,
  kwargs,
  headers,
  reads,
  ownThread,
}: {
  assistant: RunAssistant
  thread: Thread
  user: Caller['user']
  kwargs: Json
  headers: Readonly<Record<string, string>>
  reads: boolean
  ownThread: boolean
}): StoredPlan {
  const config = (kwargs['config'] ?? {}) as Json
  const base = withoutReserved(assistant.config)
  const context = { ...(assistant.context as Json | null), ...(kwargs['context'] as Json | undefined) }
  const { checkpoint, checkpoint_id } = kwargs as { checkpoint?: CheckpointRef; checkpoint_id?: string }
  return {
    graphId: assistant.graph_id,
    user,
    input: kwargs['input'],
    command: kwargs['command'] as CommandRequest | undefined,
    checkpoint: checkpoint ?? (checkpoint_id === undefined ? undefined : { checkpoint_id }),
    configurable: {
      ...withoutReserved(headers),
      ...withoutServerKeys(base['configurable'] as Json | undefined),
      ...(thread.config['configurable'] as Json | undefined),
      ...(config['configurable'] as Json | undefined),
    },
    context: Object.keys(context).length > 0 ? withoutReserved(context) : undefined,
    tags: (config['tags'] ?? base['tags'] ?? []) as string[],
    recursionLimit: (config['recursion_limit'] ?? base['recursion_limit']) as number | undefined,
    interruptBefore: kwargs['interrupt_before'] as StoredPlan['interruptBefore'],
    interruptAfter: kwargs['interrupt_after'] as StoredPlan['interruptAfter'],
    streamModes: kwargs['stream_mode'] as StreamMode[],
    subgraphs: kwargs['subgraphs'] === true,
    durability: kwargs['durability'] as StoredPlan['durability'],
    reads,
    ownThread,
  }
}

function notFound(threadId: string): AuthkitError {
  return new AuthkitError('not_found', `Thread with ID ${threadId} not found`)
}
