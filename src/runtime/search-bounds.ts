/** A database looks for all of it in row after row, and answers nobody else meanwhile. */
const MAX_DEPTH = 16
const MAX_PARTS = 100
/** Each is compared with every element of a list. */
const MAX_COMPOUND_ELEMENTS = 10
const MAX_TEXT = 100_000

const MAX_QUERY_TEXT = 1000
const MAX_QUERY_WORDS = 32

/**
 * Why nobody may search for this object: it is too deep, too long, or of too many parts. Undefined where anybody may.
 *
 * @example
 * problemWithSearch({ team: { name: 'red' } }) // undefined
 */
export function problemWithSearch(wanted: object): string | undefined {
  let parts = 0
  let elements = 0
  let level: unknown[] = [wanted]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`
    const compound = level.filter(isCompound)
    level = compound.flatMap((value) => Object.values(value))
    parts += level.length
    if (parts > MAX_PARTS) return `must not have more than ${MAX_PARTS} parts`
    for (const list of compound) if (Array.isArray(list)) elements += list.filter(isCompound).length
    if (elements > MAX_COMPOUND_ELEMENTS) {
      return `must not have more than ${MAX_COMPOUND_ELEMENTS} objects or lists in lists`
    }
  }
  if (JSON.stringify(wanted).length > MAX_TEXT) return `must not be longer than ${MAX_TEXT} characters`
  return undefined
}

function isCompound(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Why nobody may search for the words of this text. */
export function problemWithQuery(query: string): string | undefined {
  if (query.length > MAX_QUERY_TEXT) return `must not be longer than ${MAX_QUERY_TEXT} characters`
  const words = query.split(/\s+/).filter(Boolean).length
  return words > MAX_QUERY_WORDS ? `must not have more than ${MAX_QUERY_WORDS} words` : undefined
}
