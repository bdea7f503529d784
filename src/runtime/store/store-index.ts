import type { Json } from '../../storage/storage.js'

/** What is indexed of an item where nobody names fields: all of it. */
export const WHOLE = ['$'] as const

/**
 * What a text search looks at: the texts, numbers and booleans that the paths lead to, without the names of fields. Each
 * stands on a line of its own, so no word reaches from one into the next.
 *
 * @example
 * searchTextOf({ title: 'Trip', tags: ['a', 'b'] }, ['title', 'tags[*]']) // 'Trip\na\nb'
 */
export function searchTextOf(value: Json, paths: readonly string[]): string {
  const texts = new Set<string>()
  for (const part of partsOf(value, paths)) collectTexts(part, texts)
  return [...texts].join('\n')
}

/** The texts to embed, one for each part that the paths lead to. A part that is an object or a list is given as JSON. */
export function textsToEmbed(value: Json, paths: readonly string[]): string[] {
  const texts = partsOf(value, paths).flatMap((part) => {
    if (typeof part === 'object') return part === null ? [] : [JSON.stringify(part, null, 2)]
    return [String(part)]
  })
  return [...new Set(texts)].filter((text) => text.trim() !== '')
}

/**
 * The parts of a value that paths lead to, read as LangGraph does: `title`, `meta.title`, `tags[*]`, `chapters[0].content`,
 * `chapters[-1]`, `*` for every member, `{title,meta.author}` for several at once, and `$` for the whole.
 */
function partsOf(value: Json, paths: readonly string[]): unknown[] {
  return [...new Set(paths)].flatMap((path) => {
    const [first, ...rest] = tokensOf(path)
    if (first === undefined) return []
    return first === '$' ? follow(value, rest) : follow(value, [first, ...rest])
  })
}

/** `chapters[*].content` is three steps: `chapters`, `[*]`, `content`. */
function tokensOf(path: string): string[] {
  return path.match(/\[[^\]]*\]?|\{[^}]*\}?|[^.[{]+/g) ?? []
}

function follow(value: unknown, [token, ...rest]: readonly string[]): unknown[] {
  if (token === undefined) return [value]
  if (token === '*') return isObject(value) ? Object.values(value).flatMap((inner) => follow(inner, rest)) : []
  if (token.startsWith('[')) {
    if (!Array.isArray(value)) return []
    const index = token.slice(1, -1)
    if (index === '*') return value.flatMap((inner) => follow(inner, rest))
    const at = /^-?\d+$/.test(index) ? value.at(Number(index)) : undefined
    return at === undefined ? [] : follow(at, rest)
  }
  if (token.startsWith('{')) {
    const names = token.slice(1, -1).split(',')
    return [...new Set(names.map((name) => name.trim()))]
      .filter(Boolean)
      .flatMap((name) => follow(value, name.split('.')))
  }
  return isObject(value) && !Array.isArray(value) && Object.hasOwn(value, token) ? follow(value[token], rest) : []
}

function collectTexts(part: unknown, texts: Set<string>): void {
  if (isObject(part)) for (const inner of Object.values(part)) collectTexts(inner, texts)
  else if (part !== null && part !== undefined) texts.add(String(part))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null
}
