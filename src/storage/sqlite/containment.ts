import type Database from 'better-sqlite3'

/** How many parts stay parsed: one query looks for its parts in row after row. */
const PARSED_BOUND = 64

/**
 * Gives SQL the function `authkit_contains(json, part)`: 1 where one JSON text contains another, as `@>` of PostgreSQL, and
 * 0 elsewhere. Written in SQL, each level would read the JSON anew, and SQLite answers nobody else meanwhile.
 *
 * @example
 * registerContains(connection)
 * connection.prepare(`select authkit_contains('[1,{"a":2,"b":3}]', '[{"a":2}]')`).pluck().get() // 1
 */
export function registerContains(connection: Database.Database): void {
  const parsed = new Map<string, unknown>()

  function partOf(text: string): unknown {
    if (parsed.has(text)) return parsed.get(text)
    const part: unknown = JSON.parse(text)
    if (parsed.size >= PARSED_BOUND) parsed.delete(parsed.keys().next().value as string)
    parsed.set(text, part)
    return part
  }

  connection.function('authkit_contains', { deterministic: true }, (json: string | null, part: string) =>
    json !== null && contains(JSON.parse(json), partOf(part)) ? 1 : 0,
  )
}

/** Recurses as deep as the part is, whatever was stored. Plain loops: a long list may be compared with many parts. */
function contains(json: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return json === part
  if (typeof json !== 'object' || json === null || Array.isArray(json) !== Array.isArray(part)) return false
  if (Array.isArray(part)) {
    for (const wanted of part) if (!hasElement(json as unknown[], wanted)) return false
    return true
  }
  for (const [key, wanted] of Object.entries(part)) {
    if (!Object.hasOwn(json, key) || !contains((json as Record<string, unknown>)[key], wanted)) return false
  }
  return true
}

function hasElement(list: readonly unknown[], wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return list.includes(wanted)
  for (const element of list) if (contains(element, wanted)) return true
  return false
}
