import { AuthkitError } from '../errors/authkit-error.js'

export type JsonScalar = string | number | boolean | null

/**
 * What a handler returned to narrow access, understood: every condition is spelled out, so whoever evaluates it (memory,
 * SQLite, PostgreSQL) has nothing left to interpret.
 */
export type Filter =
  | { readonly kind: 'equals'; readonly key: string; readonly value: JsonScalar }
  | { readonly kind: 'contains'; readonly key: string; readonly values: readonly JsonScalar[] }
  | { readonly kind: 'and'; readonly of: readonly Filter[] }
  | { readonly kind: 'or'; readonly of: readonly Filter[] }

/** `$and` and `$or` may nest this deep, as on LangGraph Platform. */
const MAX_DEPTH = 2

/**
 * Reads the filter that a handler returned. Whatever is not understood stops the request: a malformed filter must never
 * match everything.
 *
 * @param returned `{ key: scalar }`, `{ key: { $eq } }`, `{ key: { $contains: scalar | scalar[] } }`, `{ $and: [...] }`,
 *   `{ $or: [...] }`; several keys, and several operators of one key, must all hold.
 * @throws AuthkitError `filter_invalid`, naming what is wrong.
 * @example
 * parseFilter({ owner: 'user1', tags: { $contains: 'shared' } })
 */
export function parseFilter(returned: unknown, depth = 0): Filter {
  if (!isPlainObject(returned)) throw invalid('a filter must be a plain object')
  const entries = Object.entries(returned)
  if (entries.length === 0) throw invalid('an empty filter {} would match everything')
  return all(entries.map(([key, condition]) => parseEntry(key, condition, depth)))
}

function parseEntry(key: string, condition: unknown, depth: number): Filter {
  if (key === '$and' || key === '$or') {
    if (depth >= MAX_DEPTH) throw invalid(`${key} is nested deeper than ${MAX_DEPTH} levels`)
    if (!Array.isArray(condition) || condition.length < 2) throw invalid(`${key} takes a list of at least two filters`)
    return { kind: key === '$and' ? 'and' : 'or', of: condition.map((one) => parseFilter(one, depth + 1)) }
  }
  if (key.startsWith('$')) throw invalid(`unknown operator ${key}`)
  if (key.includes('\0')) throw invalid('a key contains a NUL character')
  if (!isPlainObject(condition)) return { kind: 'equals', key, value: scalar(condition, key) }

  const operators = Object.entries(condition)
  if (operators.length === 0) throw invalid(`the condition on "${key}" is empty and would match everything`)
  return all(operators.map(([operator, operand]) => parseOperator(key, operator, operand)))
}

function parseOperator(key: string, operator: string, operand: unknown): Filter {
  switch (operator) {
    case '$eq':
      return { kind: 'equals', key, value: scalar(operand, key) }
    case '$contains': {
      const values = Array.isArray(operand) ? operand : [operand]
      if (values.length === 0) throw invalid(`$contains on "${key}" has an empty list and would match every list`)
      return { kind: 'contains', key, values: values.map((one) => scalar(one, key)) }
    }
    default:
      throw invalid(`unknown operator ${operator} on "${key}"; there are $eq and $contains`)
  }
}

function all(conditions: readonly Filter[]): Filter {
  return conditions.length === 1 ? (conditions[0] as Filter) : { kind: 'and', of: conditions }
}

function scalar(value: unknown, key: string): JsonScalar {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) throw invalid(`the value of "${key}" is a list; use { $contains: [...] }`)
  if (value === undefined) throw invalid(`the value of "${key}" is undefined`)
  throw invalid(`the value of "${key}" is neither a string, a finite number, a boolean nor null`)
}

function invalid(problem: string): AuthkitError {
  return new AuthkitError('filter_invalid', `The handler returned an unusable filter: ${problem}.`)
}

/** Whether the metadata of a resource satisfies a filter. A key counts only where the metadata itself has it. */
export function matches(filter: Filter, metadata: Readonly<Record<string, unknown>>): boolean {
  switch (filter.kind) {
    case 'equals':
      return Object.hasOwn(metadata, filter.key) && metadata[filter.key] === filter.value
    case 'contains': {
      const list = Object.hasOwn(metadata, filter.key) ? metadata[filter.key] : undefined
      return Array.isArray(list) && filter.values.every((value) => list.includes(value))
    }
    case 'and':
      return filter.of.every((one) => matches(one, metadata))
    case 'or':
      return filter.of.some((one) => matches(one, metadata))
  }
}

/** The filter as one line for logs and pages: `owner=user1`. */
export function filterText(filter: Filter): string {
  switch (filter.kind) {
    case 'equals':
      return `${filter.key}=${word(filter.value)}`
    case 'contains':
      return filter.values.map((value) => `${filter.key} contains ${word(value)}`).join(' and ')
    case 'and':
      return filter.of.map(filterText).join(' and ')
    case 'or':
      return `(${filter.of.map(filterText).join(' or ')})`
  }
}

function word(value: JsonScalar): string {
  return typeof value === 'string' && /^[\w.@-]+$/.test(value) ? value : JSON.stringify(value)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
