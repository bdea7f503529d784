import { AuthkitError } from '../errors/authkit-error.js'
import type { AuthEvent } from './events.js'

type Value = Record<string, unknown>

/** What a value looked like before its handler ran, as far as changes are reported. */
export type Snapshot = ReadonlyMap<string, unknown>

/** Remembers the top two levels of a value: where handlers make their changes. */
export function snapshotOf(value: object): Snapshot {
  return new Map(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
}

/** What differs from the snapshot, as paths: `metadata.owner`, `namespace`. */
export function changesSince(before: Snapshot, value: object): string[] {
  const changes: string[] = []
  const after = value as Value
  for (const key of new Set([...before.keys(), ...Object.keys(after)])) {
    const [old, now] = [before.get(key), after[key]]
    if (isObject(old) || isObject(now)) {
      const [left, right] = [isObject(old) ? old : {}, isObject(now) ? now : {}]
      for (const inner of new Set([...Object.keys(left), ...Object.keys(right)])) {
        if (!same(left[inner], right[inner])) changes.push(`${key}.${inner}`)
      }
    } else if (!same(old, now)) changes.push(key)
  }
  return changes
}

/**
 * Checks what a handler left in `value`, because the server is about to use it: a namespace must still be one, metadata
 * must be JSON.
 *
 * @throws AuthkitError `value_invalid`, naming the part.
 */
export function checkValue(event: AuthEvent, value: object): void {
  const { metadata, namespace, key, value: item, filter, kwargs, limit, offset } = value as Value
  const wrong = (part: string, expected: string) =>
    new AuthkitError('value_invalid', `The handler of ${event} left a value.${part} that is not ${expected}.`)

  for (const [part, object] of Object.entries({ metadata, filter, kwargs })) {
    if (object !== undefined && object !== null && !isObject(object)) throw wrong(part, 'an object')
    if (part !== 'kwargs' && !isJson(object)) throw wrong(part, 'JSON (undefined, NaN, dates and functions are not)')
  }
  if (!event.startsWith('store:')) return

  if (namespace !== undefined && namespace !== null && !(Array.isArray(namespace) && namespace.every(isLabel))) {
    throw wrong('namespace', 'a list of non-empty strings')
  }
  if (key !== undefined && (typeof key !== 'string' || key === '')) throw wrong('key', 'a non-empty string')
  if (event === 'store:put') {
    if (!Array.isArray(namespace) || namespace.length === 0) throw wrong('namespace', 'a non-empty list')
    if (!isObject(item) || !isJson(item)) throw wrong('value', 'a JSON object')
  }
  for (const [part, number] of Object.entries({ limit, offset })) {
    if (number !== undefined && number !== null && !(Number.isInteger(number) && (number as number) >= 0)) {
      throw wrong(part, 'a whole number')
    }
  }
}

/** Whether JSON carries a value unchanged. An absent value (undefined, at the top) is fine, inside an object it is not. */
function isJson(value: unknown, top = true): boolean {
  if (value === undefined) return top
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((one) => isJson(one, false))
  return isObject(value) && Object.values(value).every((one) => isJson(one, false))
}

function isLabel(label: unknown): boolean {
  return typeof label === 'string' && label !== ''
}

function isObject(value: unknown): value is Value {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...value]
  return isObject(value) ? { ...value } : value
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b))
}
