/** The keys whose values are told apart: the first thread of an answer, the second one, and so on. */
const KEPT_APART = new Set(['thread_id', 'run_id', 'assistant_id', 'checkpoint_id', 'cron_id'])
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)/g
const HASH = /\b[0-9a-f]{32}\b/g
const HOST = /127\.0\.0\.1:\d+/g

/** What names the caller. Whether a server shows it is its own affair, and no part of the API. */
const CALLER = /^(langgraph_auth_|user_id$)/

/** A request or a header: ids are not told apart, because an answer may not name them. */
export function plain<T>(value: T): T {
  return normal(value, new Map(), new Set()) as T
}

/**
 * The same value with everything that differs from run to run replaced by a placeholder: ids, times, the address of the
 * server. Two servers that do the same give the same.
 *
 * @param constant Ids that are the same everywhere, such as those of the graphs' own assistants.
 */
export function normal(
  value: unknown,
  constant: ReadonlyMap<string, string> = new Map(),
  keptApart: ReadonlySet<string> = KEPT_APART,
): unknown {
  const names = new Map(constant)
  const counts = new Map<string, number>()
  function name(key: string, id: string): void {
    if (!keptApart.has(key) || names.has(id) || id.match(UUID)?.[0] !== id) return
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    names.set(id, `<${key} ${count}>`)
  }
  function learn(inner: unknown): void {
    if (typeof inner !== 'object' || inner === null) return
    for (const key of Object.keys(inner).sort(byNumber)) {
      const part = (inner as Record<string, unknown>)[key]
      if (typeof part === 'string') name(key, part)
      else learn(part)
    }
  }
  function replace(inner: unknown): unknown {
    if (typeof inner === 'string') {
      return inner
        .replace(UUID, (id) => names.get(id) ?? '<uuid>')
        .replace(TIME, '<time>')
        .replace(HASH, '<hash>')
        .replace(HOST, '<host>')
    }
    if (Array.isArray(inner)) return inner.map(replace)
    if (typeof inner !== 'object' || inner === null) return inner
    // The ids of events count them, and not every server sends the same events.
    const counted = 'event' in inner && 'data' in inner
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([key]) => !CALLER.test(key))
        .map(([key, part]) => [
          replace(key),
          counted && key === 'id' && part !== undefined ? '<event id>' : replace(part),
        ]),
    )
  }
  learn(value)
  return replace(value)
}

function byNumber(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true })
}
