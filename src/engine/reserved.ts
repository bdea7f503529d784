/** Keys of a configuration that only the server may set: who the user is, and LangGraph's own machinery. */
const RESERVED = ['langgraph_auth_', '__pregel_']

/**
 * A copy of what a client sent, without any key that only the server may set, at any depth. Graphs read who the user is
 * from `config.configurable.langgraph_auth_user`, so a client that could set it could be anyone.
 */
export function withoutReserved<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutReserved) as T
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !isReserved(key))
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutReserved(inner)])) as T
}

export function isReserved(key: string): boolean {
  return RESERVED.some((prefix) => key.startsWith(prefix))
}
