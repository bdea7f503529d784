import { type Exchange, json } from '../probe.js'

/** A string of an answer that is particular enough to tell whose answer it was. */
export interface Telling {
  readonly value: string
  /** Where it stood, without positions: `items[].email`. */
  readonly at: string
}

/** What every string of a kind has, wherever it stands: ids, e-mail addresses, random words. */
const PARTICULAR = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  // Letters and digits mixed: `ord_8f3k29zq`, `67a1b2c3`. A word with a number at its end is none.
  /(?<![\w-])(?=[\w-]*\d[\w-]*[a-z]|[\w-]*[a-z][\w-]*\d)(?![a-z]+-?\d{1,4}(?![\w-]))[\w-]{8,64}(?![\w-])/gi,
  /(?<![\w.-])\d{8,}(?![\w.-])/g,
]

const DATE = /^\d{4}-\d{2}-\d{2}|^\w{3}, \d{1,2} \w{3} \d{4}|^\d{8}T/
/** Seconds and milliseconds since 1970. */
const EPOCH = /^1[5-9]\d{8}(\d{3})?$|^2[01]\d{8}(\d{3})?$/
/** It would be written differently in HTML and JSON. */
const UNESCAPED = /[^"\\<>&'\p{Cc}\u007f-\u{10ffff}]+/gu

const LISTS = new Set([
  'items',
  'data',
  'results',
  'objects',
  'rows',
  'records',
  'edges',
  'node',
  'nodes',
  'list',
  'hits',
])
/** Keys whose ids are the person's own. */
const PERSON = /^(user|owner|account|customer|profile|me|viewer)/i
const REFERENCE = /^(.+?)(?:_ids?|-id|Ids?|IDs?)$/

const MAX_SEARCHED = 1024 * 1024

/**
 * The strings of an answer that only its owner should know. Dates, single words and references to other objects are none:
 * a product that Alice has ordered is not Alice's.
 */
export function tellingStrings(exchange: Exchange, volatile: ReadonlySet<string> = new Set()): Telling[] {
  return strings(exchange, volatile, false)
}

/** All particular strings of an answer in lower case, references and embedded objects too. */
export function everyString(exchange: Exchange): Set<string> {
  return new Set(strings(exchange, new Set(), true).map(({ value }) => value.toLowerCase()))
}

function strings(exchange: Exchange, volatile: ReadonlySet<string>, everything: boolean): Telling[] {
  const body = exchange.body.length > MAX_SEARCHED ? '' : exchange.body
  const value = body === '' ? undefined : json(exchange)
  const path = exchange.probe.path.toLowerCase()
  const found = new Map<string, Telling>()
  const add = (text: string, at: string) => {
    for (const part of particular(text)) if (!found.has(part)) found.set(part, { value: part, at: at || 'body' })
  }
  const walk = (item: unknown, at: string, key: string, depth: number): void => {
    if (volatile.has(key) || volatile.has(at)) return
    if (typeof item === 'string' || typeof item === 'number') {
      if (!everything && isReference(key, path)) return
      add(String(item), at)
      return
    }
    if (item === null || typeof item !== 'object' || depth > 40) return
    if (Array.isArray(item)) {
      for (const one of item) walk(one, `${at}[]`, key, depth + 1)
      return
    }
    if (!everything && depth > 0 && isEmbedded(item, key, at)) return
    for (const [name, inner] of Object.entries(item)) walk(inner, at === '' ? name : `${at}.${name}`, name, depth + 1)
  }
  if (value !== undefined) walk(value, '', '', 0)
  else add(withoutBinary(body), '')
  return [...found.values()]
}

/** An object with an id of its own, inside another: a tag, a product. Rows of a list are none. */
function isEmbedded(item: object, key: string, at: string): boolean {
  if (!('id' in item || '_id' in item) || at === '[]' || PERSON.test(key)) return false
  return !LISTS.has(key.toLowerCase())
}

function isReference(key: string, path: string): boolean {
  const stem = REFERENCE.exec(key)?.[1]
  return stem !== undefined && !PERSON.test(stem) && !path.includes(stem.toLowerCase())
}

function particular(text: string): string[] {
  if (DATE.test(text)) return []
  const found = PARTICULAR.flatMap((shape) => text.match(shape) ?? [])
  const url = /^\w+:\/\//.test(text)
  for (const run of url ? [] : (text.match(UNESCAPED) ?? [])) {
    const sentence = run.trim().slice(0, 200)
    if (sentence.length >= 20 && sentence.length > text.length / 4 && sentence.split(/\s+/).length >= 3) {
      found.push(sentence)
    }
  }
  return [...new Set(found)].filter(
    (one) => one.length >= 8 && !EPOCH.test(one) && !DATE.test(one) && variety(one) >= 4,
  )
}

/** How many different characters it has: `00000000` tells nothing. */
function variety(text: string): number {
  return new Set(text.toLowerCase()).size
}

/** Text with NUL or broken characters is an image or an archive: nothing in it can be told from noise. */
function withoutBinary(text: string): string {
  return text.slice(0, 2000).includes('\u0000') || text.slice(0, 2000).includes('\ufffd') ? '' : text
}

/** The first value under a key, anywhere in a JSON answer. `account` finds `account` and `account_id`. */
export function valueUnder(exchange: Exchange, wanted: string): string | undefined {
  const names = new Set([wanted, `${wanted}_id`, `${wanted}id`].map((name) => name.toLowerCase()))
  const walk = (value: unknown, depth: number): string | undefined => {
    if (value === null || typeof value !== 'object' || depth > 8) return undefined
    for (const [key, inner] of Object.entries(value)) {
      if (names.has(key.toLowerCase()) && (typeof inner === 'string' || typeof inner === 'number')) return String(inner)
      const found = walk(inner, depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(json(exchange), 0)
}
