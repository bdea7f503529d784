import { isReserved } from '../engine/reserved.js'

interface Message {
  toDict(): { type: string; data: Record<string, unknown> }
}

/**
 * JSON as LangGraph's servers send it: messages are flat objects with a `type`, not LangChain's constructor records.
 *
 * @param withoutAuth Leaves out what only the server may know of the caller, for values that LangGraph filled with the
 *   configuration of the run.
 */
export function wireText(value: unknown, { withoutAuth = false } = {}): string {
  // A function, because `this[key]` is the value before its toJSON was called.
  return JSON.stringify(value ?? null, function (this: Record<string, unknown>, key: string, shown: unknown) {
    if (withoutAuth && isReserved(key)) return undefined
    const raw = this[key]
    if (isMessage(raw)) {
      const { type, data } = raw.toDict()
      return { ...data, type }
    }
    if (raw instanceof Error) return { error: raw.name, message: raw.message }
    if (raw instanceof Set) return [...raw]
    if (raw instanceof Map) return Object.fromEntries(raw)
    return typeof shown === 'bigint' ? shown.toString() : shown
  })
}

/** A copy that holds only JSON, as {@link wireText} writes it. */
export function toWire(value: unknown, options?: { withoutAuth?: boolean }): unknown {
  return JSON.parse(wireText(value, options))
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'toDict' in value && typeof value.toDict === 'function'
}
