import { type Expression, type SqlBool, sql } from 'kysely'
import type { JsonScalar } from '../../engine/filter.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Json } from '../storage.js'
import type { Comparison, Dialect } from './dialect.js'

const COMPARISONS: Record<string, Comparison> = { $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' }

/**
 * What a caller filters items by, as conditions on their values.
 *
 * @throws AuthkitError `invalid_request` for an operator that is not known.
 */
export function itemFilter(dialect: Dialect, filter: Json): Expression<SqlBool>[] {
  return Object.entries(filter).flatMap(([key, wanted]) => condition(dialect, key, wanted))
}

/** One entry of a filter: a value to equal, or operators that must all hold. */
function condition(dialect: Dialect, key: string, wanted: unknown): Expression<SqlBool>[] {
  const value = sql.ref('items.value')
  if (!isOperators(wanted)) return [dialect.contains(value, wanted, [key])]
  return Object.entries(wanted).map(([operator, operand]) => {
    if (operator === '$eq') return dialect.contains(value, operand, [key])
    if (operator === '$ne')
      return sql<SqlBool>`not coalesce(${dialect.contains(value, operand, [key])}, ${sql.lit(false)})`
    const comparison = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined
    if (comparison && isScalar(operand)) return dialect.compares(dialect.member(value, key), comparison, operand)
    throw new AuthkitError('invalid_request', `The filter on "${key}" has an operator that is not known: ${operator}.`)
  })
}

function isOperators(wanted: unknown): wanted is Json {
  return (
    typeof wanted === 'object' &&
    wanted !== null &&
    !Array.isArray(wanted) &&
    Object.keys(wanted).some((key) => key.startsWith('$'))
  )
}

function isScalar(value: unknown): value is JsonScalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}
