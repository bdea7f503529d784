import type { AuthEventValueMap } from '../../engine/event-values.js'
import type { AuthEvent } from '../../engine/events.js'
import { problemWithQuery, problemWithSearch } from '../search-bounds.js'

export type StoreEvent = Extract<AuthEvent, `store:${string}`>

const MAX_INDEX_PATHS = 50
const MAX_PATH_LENGTH = 200

/**
 * What the store can't work with in the value of an event, whoever put it there: a client, a graph, or a handler. Undefined
 * where it is sound.
 *
 * @example
 * problemWith({ namespace: ['a.b'], key: 'k' }) // 'namespace: labels of a namespace must not contain "."'
 */
export function problemWith<E extends StoreEvent>(value: AuthEventValueMap[E]): string | undefined {
  for (const [part, inner] of Object.entries(value)) {
    const problem = Object.hasOwn(CHECKS, part) ? CHECKS[part]?.(inner) : undefined
    if (problem) return `${part}: ${problem}`
  }
  return undefined
}

type Check = (value: unknown) => string | undefined

const CHECKS: Readonly<Record<string, Check>> = {
  namespace: or(isAbsent, labels),
  suffix: or(isAbsent, labels),
  key: (value) => (isText(value) && value !== '' ? undefined : 'must be a non-empty text without NUL characters'),
  value: (value) => (isObject(value) && isJson(value) ? undefined : NO_JSON),
  filter: or(isAbsent, (value) => {
    return isObject(value) && isJson(value) ? problemWithSearch(value) : NO_JSON
  }),
  query: or(isAbsent, (value) => (typeof value === 'string' ? problemWithQuery(value) : 'must be a text')),
  limit: or(isAbsent, (value) => (isWhole(value, 0) ? undefined : 'must be a whole number')),
  offset: or(isAbsent, (value) => (isWhole(value, 0) ? undefined : 'must be a whole number')),
  max_depth: or(isAbsent, (value) => (isWhole(value, 1) ? undefined : 'must be a whole number above 0')),
  ttl: or(isAbsent, (value) => {
    return typeof value === 'number' && value > 0 && value < Infinity
      ? undefined
      : 'must be a number of minutes above 0'
  }),
  index: or(isAbsent, (value) => {
    if (value === false) return undefined
    if (!Array.isArray(value) || value.length > MAX_INDEX_PATHS)
      return `must be false or up to ${MAX_INDEX_PATHS} paths`
    const sound = value.every((path) => isText(path) && path !== '' && path.length <= MAX_PATH_LENGTH)
    return sound ? undefined : `paths must be texts of 1 to ${MAX_PATH_LENGTH} characters`
  }),
  refresh_ttl: or(isAbsent, (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')),
}

const NO_JSON = 'must be a JSON object of well-formed text without NUL characters'

function or(absent: (value: unknown) => boolean, check: Check): Check {
  return (value) => (absent(value) ? undefined : check(value))
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

/** Dots separate labels in queries, so they can't be in one. */
function labels(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of labels'
  for (const label of value) {
    if (typeof label !== 'string' || label === '') return 'labels of a namespace must not be empty'
    if (label.includes('.')) return 'labels of a namespace must not contain "."'
    if (label.includes('\0')) return 'labels of a namespace must not contain NUL'
  }
  return undefined
}

/** Whether a database can keep a value and find it again. */
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return isText(value)
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isJson)
      return isObject(value) && Object.keys(value).every((key) => isText(key) && isJson(value[key]))
    default:
      return false
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !/\0|\p{Surrogate}/u.test(value)
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
