type Fields = Record<string, unknown>

/** A message as it stands in the events of a run: whole, or a chunk of one that is being written. */
export interface WireMessage extends Fields {
  readonly id?: string
  readonly type: string
  readonly content: unknown
}

export interface MessageEvent {
  readonly namespace: readonly string[]
  readonly node: string | undefined
  readonly data: Fields
}

/** A message that has begun and has not ended. */
interface OpenMessage {
  readonly id: string
  readonly namespace: readonly string[]
  readonly node: string | undefined
  /** By what tells which of the message's blocks a chunk goes on with. */
  readonly blocks: Map<string, Block>
  usage: Fields | undefined
  metadata: Fields
}

interface Block {
  readonly index: number
  content: Fields
  finished: boolean
}

const ROLES: Readonly<Record<string, string>> = { human: 'human', system: 'system' }

/** Blocks in which providers repeat what `tool_call_chunks` says. */
const REPEATS_TOOL_CALLS = new Set(['tool_use', 'input_json_delta', 'tool_call', 'tool_call_chunk', 'functionCall'])

/**
 * Turns messages and their chunks, as the mode `messages-tuple` tells them, into the events of the second protocol: a
 * message begins, its blocks are written one after the other, and it ends.
 *
 * The mode does not tell when a message ends. It has ended when the node that writes it has, so whoever knows of that says it
 * here.
 */
export function createMessageEvents() {
  const open = new Map<string, OpenMessage>()
  const ended = new Set<string>()

  function* told(message: WireMessage, metadata: Fields): Generator<MessageEvent> {
    // The results of tools are told as such, and stand in the state.
    if (message.type === 'tool') return
    const id = message.id ?? ''
    if (ended.has(id)) return
    let known = open.get(id)
    if (!known) {
      known = {
        id,
        namespace: namespaceOf(metadata),
        node: text(metadata['langgraph_node']),
        blocks: new Map(),
        usage: undefined,
        metadata: {},
      }
      open.set(id, known)
      yield* say(known, [{ event: 'message-start', id, ...roleOf(message), ...modelOf(metadata) }])
    }
    yield* say(known, written(known, message))
    known.usage = added(known.usage, message['usage_metadata'])
    known.metadata = { ...known.metadata, ...(message['response_metadata'] as Fields | undefined) }
    if (!isChunk(message)) yield* finish(known)
  }

  function* finish(message: OpenMessage): Generator<MessageEvent> {
    open.delete(message.id)
    ended.add(message.id)
    const { usage, metadata } = message
    yield* say(message, finishBlocks(message))
    const reason = text(metadata['finish_reason']) ?? text(metadata['stop_reason']) ?? 'stop'
    const about = Object.keys(metadata).length > 0 ? { metadata } : {}
    yield* say(message, [{ event: 'message-finish', reason, ...(usage ? { usage } : {}), ...about }])
  }

  return {
    /** The events for one item of the mode. */
    told,
    /** Ends the messages that were written in these places. */
    *end(isWithin: (namespace: readonly string[]) => boolean): Generator<MessageEvent> {
      for (const message of [...open.values()]) if (isWithin(message.namespace)) yield* finish(message)
    },
  }
}

/** The path of the task that speaks: the modes call it by the graph it is in, the protocol by itself. */
function namespaceOf(metadata: Fields): readonly string[] {
  const path = text(metadata['langgraph_checkpoint_ns'])
  return path ? path.split('|') : []
}

function* say({ id, namespace, node }: OpenMessage, events: Iterable<Fields>): Generator<MessageEvent> {
  // `run_id` tells apart what is written at the same place at the same time. It is no run of ours.
  for (const event of events) yield { namespace, node, data: { ...event, run_id: id } }
}

/** Chunks have this list, even where it is empty. */
function isChunk(message: WireMessage): boolean {
  return Array.isArray(message['tool_call_chunks'])
}

function* written(message: OpenMessage, wire: WireMessage): Generator<Fields> {
  const { content } = wire
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? content : []
  for (const [position, part] of parts.entries()) {
    if (typeof part !== 'object' || part === null) continue
    const { type, index, ...fields } = part as Fields
    if (REPEATS_TOOL_CALLS.has(String(type))) continue
    yield* contentPart(message, `${type} ${index ?? (isChunk(wire) ? '' : position)}`, String(type), fields)
  }
  const calls = isChunk(wire) ? wire['tool_call_chunks'] : wire['tool_calls']
  for (const call of (Array.isArray(calls) ? calls : []) as Fields[]) yield* toolCall(message, call)
}

/** Blocks that grow by their text, and the field it stands in. */
const GROWING: Readonly<Record<string, { field: string; type: string }>> = {
  text: { field: 'text', type: 'text' },
  reasoning: { field: 'reasoning', type: 'reasoning' },
  thinking: { field: 'thinking', type: 'reasoning' },
}

function* contentPart(message: OpenMessage, key: string, type: string, fields: Fields): Generator<Fields> {
  const growing = GROWING[type]
  const { [growing?.field ?? '']: more, ...others } = fields
  const name = growing?.type ?? type
  const begun = message.blocks.has(key)
  if (!begun && (!growing || text(more)))
    yield* begin(message, key, { type: name, ...(growing ? { [name]: '' } : {}), ...others })
  const block = message.blocks.get(key)
  if (!block) return
  if (begun && Object.keys(others).length > 0) {
    yield delta(block, { type: 'block-delta', fields: { type: name, ...others } }, others)
  }
  if (growing && text(more)) {
    yield delta(block, { type: `${name}-delta`, [name]: more }, { [name]: `${block.content[name]}${more}` })
  }
}

/** A call of a tool: the arguments of a chunk are a piece of JSON text, those of a whole one a value. */
function* toolCall(message: OpenMessage, { id, name, args, index }: Fields): Generator<Fields> {
  const last = [...message.blocks.keys()].findLast((key) => key.startsWith('call '))
  const key = index === undefined && id === undefined ? (last ?? 'call ') : `call ${index ?? id}`
  if (!message.blocks.has(key)) {
    yield* begin(message, key, { type: 'tool_call_chunk', id: id ?? null, name: name ?? null, args: '' })
  }
  const block = message.blocks.get(key) as Block
  const { content } = block
  block.content = { ...content, id: content['id'] ?? id ?? null, name: content['name'] ?? name ?? null }
  const more = typeof args === 'string' ? args : args === undefined || args === null ? '' : JSON.stringify(args)
  if (more === '') return
  yield delta(block, { type: 'tool-call-delta', args: more }, { args: `${block.content['args']}${more}` })
}

/** One block is written at a time, so the one before is finished. */
function* begin(message: OpenMessage, key: string, content: Fields): Generator<Fields> {
  yield* finishBlocks(message)
  const block: Block = { index: message.blocks.size, content, finished: false }
  message.blocks.set(key, block)
  yield { event: 'content-block-start', index: block.index, content }
}

function delta(block: Block, change: Fields, fields: Fields): Fields {
  block.content = { ...block.content, ...fields }
  block.finished = false
  return { event: 'content-block-delta', index: block.index, delta: change }
}

function* finishBlocks({ blocks }: OpenMessage): Generator<Fields> {
  for (const block of blocks.values()) {
    if (block.finished) continue
    block.finished = true
    yield { event: 'content-block-finish', index: block.index, content: finalContent(block.content) }
  }
}

function finalContent(content: Fields): Fields {
  if (content['type'] !== 'tool_call_chunk') return content
  const { id, name, args } = content
  try {
    return { type: 'tool_call', id, name, args: JSON.parse(String(args) || '{}') }
  } catch {
    return { type: 'invalid_tool_call', id, name, args, error: 'The arguments are not JSON.' }
  }
}

function roleOf({ type }: WireMessage): Fields {
  return { role: ROLES[type] ?? 'ai' }
}

function modelOf(metadata: Fields): Fields {
  const about = {
    provider: metadata['ls_provider'],
    model: metadata['ls_model_name'],
    model_type: metadata['ls_model_type'],
  }
  const known = Object.entries(about).filter(([, value]) => typeof value === 'string')
  return known.length > 0 ? { metadata: Object.fromEntries(known) } : {}
}

/** Counts of tokens come in pieces. */
function added(usage: Fields | undefined, more: unknown): Fields | undefined {
  if (typeof more !== 'object' || more === null) return usage
  const sum = { ...(more as Fields) }
  for (const [name, value] of Object.entries(usage ?? {})) {
    const other = sum[name]
    if (typeof value === 'number') sum[name] = value + (typeof other === 'number' ? other : 0)
    else sum[name] = { ...(value as Fields), ...(other as Fields | undefined) }
  }
  return sum
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
