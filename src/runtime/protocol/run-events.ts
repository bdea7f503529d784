import { createMessageEvents, type MessageEvent, type WireMessage } from './message-events.js'
import type { ProtocolEvent } from './protocol-event.js'

type Fields = Record<string, unknown>
type Namespace = readonly string[]

/** The modes that a run has to be told in for the second protocol to say all it can say. */
export const PROTOCOL_MODES = [
  'values',
  'updates',
  'messages-tuple',
  'tools',
  'custom',
  'tasks',
  'checkpoints',
] as const

/** How a run ended, in the words of the protocol. Being stopped and waiting for a person are both `interrupted`. */
export type RunEnd =
  | { readonly event: 'completed' | 'interrupted' }
  | { readonly event: 'failed'; readonly error: string | undefined }

export interface TranslatedRun {
  /** The graph of the run. */
  readonly graphName: string
  /** The interrupts that the run answers. */
  readonly answered: readonly string[]
  /** Told how late it is in the run, by the checkpoints that it makes: milliseconds since the epoch. */
  readonly onTime?: (time: number) => void
}

/**
 * Says what one run says in the words of the second protocol. It is fed with the events of the run's log from the first one
 * on, and depends on nothing else: every reader gets the same events in the same order, whenever it reads.
 */
export interface RunEvents {
  begin(): Iterable<ProtocolEvent>
  /** @param name The name of an event of the log, such as `values` or `messages|child:1`. */
  next(name: string, data: string): Iterable<ProtocolEvent>
  end(end: RunEnd): Iterable<ProtocolEvent>
}

export function createRunEvents({ graphName, answered, onTime = () => undefined }: TranslatedRun): RunEvents {
  const messages = createMessageEvents()
  /** Places in the graph that have begun, and whether they are still going. */
  const places = new Map<string, { readonly namespace: Namespace; going: boolean }>()
  const asked = new Set<string>()
  /** Where the task runs that a tool was called in. */
  const callers = new Map<string, Namespace>()
  let error: string | undefined
  /** States wait for the checkpoint that they are of: the protocol tells of the checkpoint first, LangGraph after. */
  const held = new Map<string, { readonly namespace: Namespace; readonly data: string }>()

  function hold(namespace: Namespace, data: string): void {
    held.set(namespace.join('|'), { namespace, data })
  }

  /** The states whose checkpoint will not come: something else was said at their place, around it or inside. */
  function* statesAround(place: Namespace): Generator<ProtocolEvent> {
    for (const { namespace, data } of [...held.values()]) {
      if (!namespace.slice(0, place.length).every((segment, index) => place[index] === segment)) continue
      held.delete(namespace.join('|'))
      yield* at(namespace, 'values', data)
    }
  }

  /** An event at a place, which has begun by then. */
  function* at(namespace: Namespace, method: string, data: string, node?: string): Generator<ProtocolEvent> {
    for (let depth = 1; depth <= namespace.length; depth++) yield* started(namespace.slice(0, depth))
    yield { method, namespace, data, node }
  }

  function* started(namespace: Namespace): Generator<ProtocolEvent> {
    const key = namespace.join('|')
    if (places.has(key)) return
    places.set(key, { namespace, going: true })
    yield lifecycle(namespace, 'started')
  }

  function* left(namespace: Namespace, event: string): Generator<ProtocolEvent> {
    const place = places.get(namespace.join('|'))
    if (!place?.going) return
    place.going = false
    yield lifecycle(namespace, event)
  }

  function lifecycle(namespace: Namespace, event: string, about: Fields = {}): ProtocolEvent {
    const graph_name = namespace.at(-1)?.split(':')[0] ?? graphName
    return { method: 'lifecycle', namespace, data: JSON.stringify({ event, graph_name, ...about }) }
  }

  function* said(events: Iterable<MessageEvent>): Generator<ProtocolEvent> {
    for (const { namespace, node, data } of events) yield* at(namespace, 'messages', JSON.stringify(data), node)
  }

  /** Interrupts stand in a place of their own in the protocol. Those inside are told again by every graph around them. */
  function* requested(namespace: Namespace, interrupts: unknown): Generator<ProtocolEvent> {
    for (const { id, value } of (Array.isArray(interrupts) ? interrupts : []) as { id?: string; value?: unknown }[]) {
      if (id === undefined || asked.has(id)) continue
      asked.add(id)
      yield* at(namespace, 'input.requested', JSON.stringify({ interrupt_id: id, payload: value ?? null }))
    }
  }

  const modes: Readonly<Record<string, (namespace: Namespace, data: string) => Iterable<ProtocolEvent>>> = {
    *values(namespace, data) {
      const state: unknown = data.includes('"__interrupt__"') ? JSON.parse(data) : undefined
      if (!isFields(state) || !('__interrupt__' in state)) {
        hold(namespace, data)
        return
      }
      const { __interrupt__: interrupts, ...values } = state
      yield* requested(namespace, interrupts)
      if (Object.keys(values).length > 0) hold(namespace, JSON.stringify(values))
    },

    *checkpoints(namespace, data) {
      const { config, parent_config, metadata } = JSON.parse(data) as Checkpoint
      const id = config?.configurable?.checkpoint_id
      if (id === undefined) return
      onTime(timeOf(id))
      // Without a state it is one that the run began with.
      if (!held.has(namespace.join('|'))) return
      const parent = parent_config?.configurable?.checkpoint_id
      const envelope = { id, ...(parent ? { parent_id: parent } : {}), step: metadata?.step, source: metadata?.source }
      yield* at(namespace, 'checkpoints', JSON.stringify(envelope))
      yield* statesAround(namespace)
    },

    *updates(namespace, data) {
      const { __interrupt__: interrupts, ...updates } = (JSON.parse(data) ?? {}) as Fields
      yield* requested(namespace, interrupts)
      for (const [node, values] of Object.entries(updates)) {
        yield* at(namespace, 'updates', JSON.stringify({ node, values: asFields(values) }), node)
      }
    },

    *messages(_namespace, data) {
      const [message, metadata] = JSON.parse(data) as [WireMessage, Fields]
      yield* said(messages.told(message, metadata))
    },

    *tools(namespace, data) {
      const event = toolEvent(JSON.parse(data) as Fields)
      if (event) yield* at(callers.get(event.tool_call_id) ?? namespace, 'tools', JSON.stringify(event))
    },

    *custom(namespace, data) {
      const payload = JSON.parse(data) as unknown
      const named = isFields(payload) && 'name' in payload
      yield* at(namespace, 'custom', named ? data : JSON.stringify({ payload }))
    },

    *tasks(namespace, data) {
      const task = JSON.parse(data) as Task
      const within = [...namespace, `${task.name}:${task.id}`]
      if (!('result' in task)) for (const id of toolCallsOf(task.input)) callers.set(id, within)
      const ended = 'result' in task && !task.error
      if (ended) yield* said(messages.end((other) => within.every((segment, index) => other[index] === segment)))
      yield* at(namespace, 'tasks', data)
      if ('result' in task) yield* left(within, endOf(task))
    },
  }

  return {
    *begin() {
      yield lifecycle([], 'running')
      if (answered.length === 0) return
      yield { method: 'input.answered', namespace: [], data: JSON.stringify({ interrupt_ids: answered }) }
    },

    *next(name, data) {
      const [mode = '', ...namespace] = name.split('|')
      if (mode === 'error') error = (JSON.parse(data) as { message?: string }).message
      if (mode !== 'checkpoints') yield* statesAround(namespace)
      yield* Object.hasOwn(modes, mode) ? (modes[mode]?.(namespace, data) ?? []) : []
    },

    *end(end) {
      yield* statesAround([])
      // What was cut off has no end: that is how clients know.
      if (end.event === 'completed') yield* said(messages.end(() => true))
      for (const { namespace } of [...places.values()].reverse()) yield* left(namespace, end.event)
      yield lifecycle([], end.event, end.event === 'failed' ? { error: end.error ?? error ?? 'The run failed.' } : {})
    },
  }
}

interface Checkpoint {
  readonly config?: { readonly configurable?: { readonly checkpoint_id?: string } }
  readonly parent_config?: { readonly configurable?: { readonly checkpoint_id?: string } }
  readonly metadata?: { readonly step?: number; readonly source?: string }
}

interface Task {
  readonly id: string
  readonly name: string
  readonly input?: unknown
  readonly result?: unknown
  readonly error?: unknown
  readonly interrupts?: readonly unknown[]
}

function endOf({ error, interrupts = [] }: Task): string {
  if (error) return 'failed'
  return interrupts.length > 0 ? 'interrupted' : 'completed'
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asFields(values: unknown): unknown {
  if (values === null || values === undefined) return {}
  return typeof values === 'object' ? values : { value: values }
}

const UUID_6 = /^[0-9a-f]{8}-[0-9a-f]{4}-6[0-9a-f]{3}-/

/** When a checkpoint was made: its id is a UUID of version 6, which begins with the time in steps of 100 ns since 1582. */
function timeOf(id: string): number {
  if (!UUID_6.test(id)) return 0
  const [high = '', middle = '', low = ''] = id.split('-')
  const steps = BigInt(`0x${high}${middle}${low.slice(1)}`)
  return Number(steps / 10_000n) - 12_219_292_800_000
}

/** The calls that a task was started with: one that was sent to it, or those of the message it answers. */
function toolCallsOf(input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return []
  const { tool_call: sent, messages } = input as { tool_call?: unknown; messages?: unknown }
  const last = Array.isArray(messages) ? (messages.at(-1) as { tool_calls?: unknown } | undefined) : undefined
  const calls = [
    sent,
    ...(Array.isArray(last?.tool_calls) ? last.tool_calls : []),
    ...(Array.isArray(input) ? input : []),
  ]
  return calls.map((call) => (call as { id?: unknown } | null | undefined)?.id).filter((id) => typeof id === 'string')
}

type ToolEvent = Fields & { readonly tool_call_id: string }

/** What the mode `tools` tells, in the words of the protocol. */
function toolEvent({ event, toolCallId, name, input, output, data, error }: Fields): ToolEvent | undefined {
  const tool_call_id = String(toolCallId ?? '')
  switch (event) {
    case 'on_tool_start':
      return { event: 'tool-started', tool_call_id, tool_name: String(name ?? 'unknown'), input }
    case 'on_tool_event':
      return { event: 'tool-output-delta', tool_call_id, delta: typeof data === 'string' ? data : JSON.stringify(data) }
    case 'on_tool_end':
      return { event: 'tool-finished', tool_call_id, output: output ?? null }
    case 'on_tool_error':
      return { event: 'tool-error', tool_call_id, message: messageOf(error) }
    default:
      return undefined
  }
}

function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  return typeof message === 'string' ? message : 'The tool failed.'
}
