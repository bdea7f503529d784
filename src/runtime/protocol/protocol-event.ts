/** What the second protocol says of a run: a method, the place in the graph it is about, and its data. */
export interface ProtocolEvent {
  readonly method: string
  /** The path through graphs inside graphs; empty for the graph of the run. */
  readonly namespace: readonly string[]
  /** The node that said it, where one did. */
  readonly node?: string | undefined
  /** JSON on one line. It may be large, and is mostly passed on as it is. */
  readonly data: string
}

/** What a subscriber asks for. */
export interface Subscription {
  readonly channels: readonly string[]
  /** Places in the graph, each with what is below it; absent for all. */
  readonly namespaces?: readonly (readonly string[])[] | undefined
  /** How far below those places. */
  readonly depth?: number | undefined
}

/** Methods whose channel is called otherwise. */
const CHANNELS: Readonly<Record<string, string>> = { 'input.requested': 'input', 'input.answered': 'input' }

/** Whether a subscriber gets an event. Channels that do not exist here never have one. */
export function isSubscribed({ channels, namespaces, depth }: Subscription, event: ProtocolEvent): boolean {
  const channel = CHANNELS[event.method] ?? event.method
  if (!channels.includes(channel) && !(channel === 'custom' && isNamed(channels, event.data))) return false
  if (!namespaces || namespaces.length === 0) return true
  return namespaces.some(
    (place) => isBelow(event.namespace, place) && event.namespace.length - place.length <= (depth ?? Infinity),
  )
}

/** `custom:a` is the part of `custom` that its writer called `a`. */
function isNamed(channels: readonly string[], data: string): boolean {
  const names = channels.filter((channel) => channel.startsWith('custom:')).map((channel) => channel.slice(7))
  return names.length > 0 && names.includes(String((JSON.parse(data) as { name?: unknown }).name))
}

/** Segments are `node:task`; a subscriber that does not know the task names the node alone. */
function isBelow(namespace: readonly string[], place: readonly string[]): boolean {
  return place.every((wanted, index) => {
    const segment = namespace[index]
    return segment === wanted || (!wanted.includes(':') && segment?.split(':')[0] === wanted)
  })
}
