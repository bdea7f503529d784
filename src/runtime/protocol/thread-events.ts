import type { Scope } from '../../engine/scope.js'
import type { Run, Storage } from '../../storage/storage.js'
import type { ThreadStates } from '../graphs/thread-state.js'
import type { Outcome } from '../runs/execute.js'
import type { RunHandle, RunQueue } from '../runs/run-queue.js'
import type { ProtocolEvent } from './protocol-event.js'
import { createRunEvents, type RunEnd, type RunEvents } from './run-events.js'

/** An event of a thread, as it goes on the wire. */
export interface ThreadEvent {
  readonly id: string
  readonly event: string
  /** The protocol's own envelope, as JSON on one line. */
  readonly data: string
  readonly told: ProtocolEvent
}

/** Where to begin. Without either: with the run that is going, or with the last one. */
export interface Position {
  /** The events after this number. */
  readonly since?: number | undefined
  /** The events after the one with this id. */
  readonly lastEventId?: string | undefined
}

export interface Reader {
  readonly threadId: string
  /** What the reader was let at. */
  readonly scope: Scope
  /** Whether the reader may still read the thread; asked before each run. */
  readonly mayRead: () => Promise<boolean>
}

/** Clients read the run in the id: they tell by it which run ended. */
const ID = /^synth:([0-9a-f-]{36}):(\d+)$/

/** A millisecond has room for so many events. */
const EVENTS_PER_MS = 1000

/**
 * Reads what happens on a thread in the words of the second protocol, run after run, until the thread goes or the reader
 * does. Ids and their order are the same for every reader, so whoever reads two streams of one thread, or the same one
 * again, can tell what is known already.
 *
 */
export async function* threadEvents(
  { storage, queue, states }: { storage: Storage; queue: RunQueue; states: ThreadStates },
  { scope, mayRead, threadId, since, lastEventId }: Reader & Position,
  signal: AbortSignal,
): AsyncGenerator<ThreadEvent> {
  const [, seenRun, seenCount] = ID.exec(lastEventId ?? '') ?? []
  const first = seenRun ?? (since === undefined ? await currentRun(storage, scope, threadId) : undefined)
  const from = first === undefined ? '-' : `${first}/-1`
  if (first !== undefined && first !== seenRun && !queue.find(first)) {
    yield* waitingOn(await forgotten(storage, states, scope, threadId), first)
  }
  let going: Going | undefined
  let seq = 0
  for await (const { id, event, data, mode } of queue.feeds.read(threadId, from, signal, mayRead)) {
    if (mode === 'state_update' || id === undefined) continue
    const [runId = ''] = id.split('/')
    const isMark = event === 'metadata'
    if (isMark && going?.runId !== runId) {
      const run = await storage.runs.get(scope, threadId, runId)
      going = run && begin(run, queue.find(runId))
    }
    // A run that was deleted meanwhile.
    if (!going) continue
    const isEnd = isMark && going.begun
    const events: Iterable<ProtocolEvent> = isEnd
      ? going.events.end(await endOf(going.handle))
      : isMark
        ? going.events.begin()
        : going.events.next(event, data)
    going.begun = true
    for (const told of events) {
      seq = Math.max(seq + 1, going.time * EVENTS_PER_MS)
      const count = going.count++
      if (runId === seenRun && count <= Number(seenCount)) continue
      if (since !== undefined && seq <= since) continue
      yield onWire(told, { id: `synth:${runId}:${count}`, seq, time: going.time })
    }
    if (isEnd) going = undefined
  }
}

/**
 * The number that the first event of a run is sure to exceed, and that no event before it does.
 *
 * @see threadEvents
 */
export function seqBefore(run: Pick<Run, 'run_id'>): number {
  return createdAt(run) * EVENTS_PER_MS - 1
}

interface Going {
  readonly runId: string
  readonly handle: RunHandle | undefined
  readonly events: RunEvents
  begun: boolean
  count: number
  /** As late as the run is known to be: when it was created, then when its last checkpoint was made. */
  time: number
}

function begin(run: Run, handle: RunHandle | undefined): Going {
  const going: Going = {
    runId: run.run_id,
    handle,
    begun: false,
    count: 0,
    time: createdAt(run),
    events: createRunEvents({
      graphName: String(run.metadata['graph_id'] ?? 'root'),
      answered: answeredBy(run),
      onTime: (time) => {
        going.time = Math.max(going.time, time)
      },
    }),
  }
  return going
}

/** Ids of runs are UUIDs of version 7, which begin with the time in milliseconds. */
function createdAt({ run_id }: Pick<Run, 'run_id'>): number {
  return Number.parseInt(run_id.replace('-', '').slice(0, 12), 16)
}

/**
 * The run that a new reader begins with: the oldest in flight, or else the newest. Runs before it have ended, and their end
 * must not be taken for that of a run which has just been started.
 */
async function currentRun(storage: Storage, scope: Scope, threadId: string): Promise<string | undefined> {
  // One that is to start later does not go yet. Its time of creation lies ahead.
  const isDue = ({ created_at }: Run) => Date.parse(created_at) <= Date.now()
  const going = (await storage.runs.inFlight(scope, threadId)).find(isDue)
  if (going) return going.run_id
  return (await storage.runs.list(scope, threadId, {}, { limit: SOME, offset: 0 })).find(isDue)?.run_id
}

/** How many of the newest runs are looked at for one that is not to start later. */
const SOME = 20

/** What a thread waits for whose run is known by its state alone: the run ended long ago, or in an earlier process. */
async function forgotten(
  storage: Storage,
  states: ThreadStates,
  scope: Scope,
  threadId: string,
): Promise<WaitingTask[]> {
  const thread = await storage.threads.get(scope, threadId)
  if (thread?.status !== 'interrupted') return []
  return (await states.get(scope, thread, {}))['tasks'] as WaitingTask[]
}

interface WaitingTask {
  readonly interrupts: readonly { readonly id?: string; readonly value?: unknown }[]
  readonly checkpoint: { readonly checkpoint_ns?: string } | null
}

function* waitingOn(tasks: readonly WaitingTask[], runId: string): Generator<ThreadEvent> {
  if (tasks.length === 0) return
  const time = createdAt({ run_id: runId })
  let count = 0
  const say = (method: string, namespace: readonly string[], data: unknown) => {
    const seq = time * EVENTS_PER_MS + count
    return onWire({ method, namespace, data: JSON.stringify(data) }, { id: `synth:${runId}:${count++}`, seq, time })
  }
  for (const { interrupts, checkpoint } of tasks) {
    const namespace = (checkpoint?.checkpoint_ns ?? '').split('|').filter(Boolean)
    for (const { id, value } of interrupts) {
      yield say('input.requested', namespace, { interrupt_id: id, payload: value ?? null })
    }
  }
  yield say('lifecycle', [], { event: 'interrupted' })
}

const INTERRUPT_ID = /^[0-9a-f]{32}$/

/** The interrupts that a run answers, by their ids. */
export function answeredBy({ kwargs }: Pick<Run, 'kwargs'>): string[] {
  const { resume } = (kwargs['command'] ?? {}) as { resume?: unknown }
  if (typeof resume !== 'object' || resume === null || Array.isArray(resume)) return []
  const ids = Object.keys(resume)
  return ids.every((id) => INTERRUPT_ID.test(id)) ? ids : []
}

async function endOf(handle: RunHandle | undefined): Promise<RunEnd> {
  const outcome = await handle?.outcome
  return outcome ? ENDS[outcome.kind](outcome as never) : { event: 'completed' }
}

const ENDS: { [K in Outcome['kind']]: (outcome: Extract<Outcome, { kind: K }>) => RunEnd } = {
  success: ({ status }) => ({ event: status === 'interrupted' ? 'interrupted' : 'completed' }),
  error: ({ error }) => ({ event: 'failed', error: error.message }),
  timeout: ({ error }) => ({ event: 'failed', error: error.message }),
  interrupted: () => ({ event: 'interrupted' }),
}

function onWire(
  told: ProtocolEvent,
  { id, seq, time }: { readonly id: string; readonly seq: number; readonly time: number },
): ThreadEvent {
  const { method, namespace, node, data } = told
  // Clients leave out what is older than the checkpoint they have. That is dated a moment after its id was made.
  const timestamp = time + 1
  const about = JSON.stringify({ namespace, timestamp, ...(node === undefined ? {} : { node }) }).slice(0, -1)
  const head = JSON.stringify({ type: 'event', event_id: id, seq, method }).slice(0, -1)
  return { id, event: method, data: `${head},"params":${about},"data":${data}}}`, told }
}
