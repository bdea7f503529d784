/** One place where two answers differ. `undefined` stands for a key or an element that is not there. */
export interface Finding {
  readonly path: string
  readonly ours: unknown
  readonly peers: unknown
}

/** Every place where two values differ, as deep down as it can be told. */
export function compare(ours: unknown, peers: unknown, path: string): Finding[] {
  if (Object.is(ours, peers)) return []
  if (!isObject(ours) || !isObject(peers) || Array.isArray(ours) !== Array.isArray(peers)) {
    return [{ path, ours, peers }]
  }
  // A refusal and an answer have no parts in common.
  if (isRefusal(ours) !== isRefusal(peers)) return [{ path, ours, peers }]
  if (isStream(ours) && isStream(peers)) return compareStreams(ours, peers, path)
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(peers)])]
  return keys.flatMap((key) =>
    compare(ours[key], peers[key], Array.isArray(ours) ? `${path}[${key}]` : `${path}.${key}`),
  )
}

interface Part {
  readonly event: string
  readonly data: unknown
}

/**
 * Streams are compared event by event: the second `values` of one with the second `values` of the other, so that an event
 * which only one of them has is one difference and not as many as there are events after it.
 */
function compareStreams(ours: readonly Part[], peers: readonly Part[], path: string): Finding[] {
  const names = [...new Set([...ours, ...peers].map(nameOf))]
  const findings = names.flatMap((name) => {
    const [left, right] = [ours, peers].map((parts) => parts.filter((part) => nameOf(part) === name))
    const length = Math.max(left?.length ?? 0, right?.length ?? 0)
    return Array.from({ length }, (_, nth) => compare(left?.[nth], right?.[nth], `${path}[${name} ${nth}]`)).flat()
  })
  const order = (parts: readonly Part[]) => parts.map(nameOf).join(', ')
  if (ours.length !== peers.length || order(ours) === order(peers)) return findings
  return [...findings, { path: `${path}.order`, ours: order(ours), peers: order(peers) }]
}

/** What an event is about: those of `events`, `debug` and `tasks` have a kind and a name of their own. */
function nameOf({ event, data }: Part): string {
  const { event: kind, type = kind, name } = isObject(data) ? data : {}
  return event === 'events' || event === 'debug' ? [event, type, name].filter(Boolean).join(' ') : event
}

function isStream(value: unknown): value is Part[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((part) => typeof part?.event === 'string' && 'data' in part)
  )
}

/** A value as it stands in a list of differences: JSON, cut off where it gets long. */
export function brief(value: unknown, length = 100): string {
  if (value === undefined) return 'absent'
  const text = JSON.stringify(value)
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** Whether a text is what a pattern says, where `*` stands for anything. */
export function matches(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(text)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isRefusal(value: Record<string, unknown>): boolean {
  return 'refused' in value || 'raised' in value || 'unarranged' in value
}
