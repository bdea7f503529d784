import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { NamespaceSearch } from '../storage.js'
import type { Schema } from './schema.js'

const eb = expressionBuilder<Schema, 'items'>()

/** The texts between which all namespaces lie that begin with the same labels, these two included. */
export interface NamespaceRange {
  readonly from: string
  readonly to: string
}

/**
 * Namespaces that begin with these labels, as one range of the primary key: after the text `["a","b"` only a comma or the
 * closing bracket can follow, and the comma sorts first. Labels are compared whole, so `user1` is no prefix of `user10`.
 * Undefined where that is all of them.
 */
export function rangeOf(labels: readonly string[]): NamespaceRange | undefined {
  if (labels.length === 0) return undefined
  const whole = JSON.stringify(labels)
  return { from: `${whole.slice(0, -1)},`, to: whole }
}

/** Rows whose namespace lies in a range. */
export function under({ from, to }: NamespaceRange): Expression<SqlBool> {
  return eb.and([eb('items.namespace', '>=', from), eb('items.namespace', '<=', to)])
}

/**
 * Rows whose namespace ends with these labels. A quote inside a label is escaped, so what follows a bare comma or bracket
 * and a quote is the beginning of a label.
 */
export function endsWith(labels: readonly string[]): Expression<SqlBool> {
  const whole = JSON.stringify(labels)
  const tail = `,${whole.slice(1)}`
  return eb.or([
    eb('items.namespace', '=', whole),
    sql<SqlBool>`substr(${sql.ref('items.namespace')}, ${-[...tail].length}) = ${tail}`,
  ])
}

/** What of a prefix a range can find. */
export function untilWildcard(pattern: readonly string[]): readonly string[] {
  const wildcard = pattern.indexOf('*')
  return wildcard < 0 ? pattern : pattern.slice(0, wildcard)
}

/** What of a suffix the end of a text can find. */
export function afterWildcard(pattern: readonly string[]): readonly string[] {
  return pattern.slice(pattern.lastIndexOf('*') + 1)
}

/** Whether labels are as a search wants them: `*` stands for any one label. */
export function fits(labels: readonly string[], { prefix, suffix }: NamespaceSearch): boolean {
  if (labels.length < prefix.length || labels.length < suffix.length) return false
  const tail = labels.slice(labels.length - suffix.length)
  const equal = (wanted: string, label: string | undefined) => wanted === '*' || wanted === label
  return (
    prefix.every((wanted, index) => equal(wanted, labels[index])) &&
    suffix.every((wanted, index) => equal(wanted, tail[index]))
  )
}
