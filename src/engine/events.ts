/** The 21 events, by resource. There is no `runs` resource: runs are `threads:create_run`, `threads:read`, ... */
export const EVENTS = {
  threads: ['create', 'read', 'update', 'delete', 'search', 'create_run'],
  assistants: ['create', 'read', 'update', 'delete', 'search'],
  crons: ['create', 'read', 'update', 'delete', 'search'],
  store: ['put', 'get', 'search', 'list_namespaces', 'delete'],
} as const

export type Resource = keyof typeof EVENTS
export type Action = (typeof EVENTS)[Resource][number]

/** One of the 21 events, such as `threads:create`. */
export type AuthEvent = { [R in Resource]: `${R}:${(typeof EVENTS)[R][number]}` }[Resource]

/** What `.on()` takes: an event, a resource, `*:action`, or `*`. */
export type HandlerKey = '*' | Resource | `*:${Action}` | AuthEvent

/** All 21 events, in the order of the table. */
export const ALL_EVENTS: readonly AuthEvent[] = Object.entries(EVENTS).flatMap(([resource, actions]) =>
  actions.map((action) => `${resource}:${action}` as AuthEvent),
)

/** Every key that `.on()` understands. */
export const ALL_KEYS: readonly HandlerKey[] = [
  '*',
  ...(Object.keys(EVENTS) as Resource[]),
  ...[...new Set(Object.values(EVENTS).flat())].map((action) => `*:${action}` as HandlerKey),
  ...ALL_EVENTS,
]

/** The keys that can handle an event, most specific first. Exactly one handler runs: the first that is registered. */
export function keysFor(event: AuthEvent): readonly HandlerKey[] {
  const [resource, action] = event.split(':') as [Resource, Action]
  return [event, resource, `*:${action}`, '*']
}

/** The valid key that a misspelt one most resembles. */
export function nearestKey(wrong: string): HandlerKey {
  let nearest: HandlerKey = '*'
  let best = Number.POSITIVE_INFINITY
  for (const key of ALL_KEYS) {
    if (key === '*') continue
    const distance = editDistance(wrong.toLowerCase(), key)
    if (distance < best) [nearest, best] = [key, distance]
  }
  return nearest
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[column] as number) + 1, (current[column - 1] as number) + 1))
    }
    previous = current
  }
  return previous[b.length] as number
}
