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
