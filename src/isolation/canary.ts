import { randomBytes, randomInt } from 'node:crypto'
import type { ActorName, Owner } from './actor.js'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const CANARY = /iso[a-z2-7]{26}/g
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const BARE_UUID = /\b([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\b/gi

/**
 * A marker of 128 random bits that survives every place a server may put it: no wildcard, no separator, no capital,
 * shorter than any limit.
 */
export function newCanary(): string {
  let canary = 'iso'
  for (let index = 0; index < 26; index++) canary += ALPHABET[randomInt(ALPHABET.length)]
  return canary
}

/** A well-formed token of the shape of another: letters stay letters, digits stay digits. */
export function lookalike(token: string): string {
  const pick = (from: string) => from.charAt(randomInt(from.length))
  const altered = [...token].map((character) => {
    if (/[a-z]/.test(character)) return pick('abcdefghijklmnopqrstuvwxyz')
    if (/[A-Z]/.test(character)) return pick('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    return /\d/.test(character) ? pick('0123456789') : character
  })
  const made = altered.join('')
  return made === token ? `${token}${randomBytes(4).toString('hex')}` : made
}

/** One string that only its owner may see. */
export interface PlantedSecret {
  readonly value: string
  /** What it is, in the words of the report: `thread.metadata`, `assistant.config`, `thread id`. */
  readonly slot: string
  readonly owner: Owner | 'nobody'
  /** The check it was planted for, when it was planted for one. */
  readonly check?: string | undefined
  /** A planted random value is hard. An id is soft: it proves as much, but people send ids back and forth. */
  readonly hard: boolean
}

/** Everything that was planted in this run, and the search for it. */
export interface Secrets {
  plant(secret: PlantedSecret): void
  /** Secrets of others than `actor` in what he received, without those he sent himself: the echo rule. */
  foreign(actor: ActorName, received: readonly string[], sent: readonly string[]): PlantedSecret[]
  /** Secrets of `owner` in what anybody received, again without what was sent. The positive controls ask this. */
  of(owner: Owner, received: readonly string[], sent: readonly string[]): PlantedSecret[]
  /** Ids that this actor stored himself in a body he wrote come back to him later, and that proves nothing. */
  storedBy(actor: ActorName, texts: readonly string[]): void
}

export function createSecrets(): Secrets {
  const planted = new Map<string, PlantedSecret>()
  const oddIds = new Set<string>()
  const stored = new Map<ActorName, Set<string>>()

  const known = (text: string): Set<string> => {
    const found = new Set<string>()
    for (const form of spellings(text)) {
      const lower = form.toLowerCase()
      for (const [token] of lower.matchAll(CANARY)) found.add(token)
      for (const [token] of lower.matchAll(UUID)) found.add(token)
      for (const id of oddIds) if (lower.includes(id)) found.add(id)
    }
    return found
  }

  /** What counts in what was received. What was sent is looked at only where something does. */
  const received = (
    texts: readonly string[],
    sent: readonly string[],
    counts: (secret: PlantedSecret) => boolean,
  ): PlantedSecret[] => {
    const values = new Set(texts.flatMap((text) => [...known(text)]))
    const found = [...values].flatMap((value) => planted.get(value) ?? []).filter(counts)
    if (found.length === 0) return found
    const echoed = new Set(sent.flatMap((text) => [...known(text)]))
    return found.filter(({ value }) => !echoed.has(value))
  }

  return {
    plant(secret) {
      const value = secret.value.toLowerCase()
      if (planted.has(value)) return
      planted.set(value, { ...secret, value })
      if (!value.match(CANARY) && !value.match(UUID)) oddIds.add(value)
    },
    foreign(actor, texts, sent) {
      const own = stored.get(actor)
      return received(texts, sent, ({ value, owner, hard }) => owner !== actor && (hard || !own?.has(value)))
    },
    of: (owner, texts, sent) => received(texts, sent, (secret) => secret.owner === owner),
    storedBy(actor, texts) {
      const own = stored.get(actor) ?? new Set()
      for (const text of texts) for (const value of known(text)) own.add(value)
      stored.set(actor, own)
    },
  }
}

/** A cursor may be base64 in JSON in base64; nothing honest goes deeper. */
const DEEPEST = 3

/**
 * The ways a secret may be written in an answer: as it is, JSON-escaped, percent-encoded, inside base64, and these inside
 * each other; and a UUID without its hyphens.
 */
export function spellings(text: string, depth = 0): string[] {
  if (depth === DEEPEST) return [text]
  const character = (_: string, code: string) => String.fromCharCode(Number.parseInt(code, 16))
  const plainer = [
    ...(text.includes('\\')
      ? [text.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, code, one) => (code ? character(_, code) : one))]
      : []),
    ...[...text.matchAll(BARE_UUID)].map(([, ...parts]) => parts.slice(0, 5).join('-')),
    ...(text.includes('%') ? [text.replace(/%([0-9a-f]{2})/gi, character)] : []),
  ]
  return [
    text,
    ...plainer.flatMap((form) => (form === text ? [] : spellings(form, depth + 1))),
    ...base64Runs(text).flatMap((form) => (NOT_PRINTABLE.test(form) ? [form] : spellings(form, depth + 1))),
  ]
}

/** What is no base64 but looks like it: most of all that stands in answers. */
const PLAIN = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|iso[a-z2-7]{26})$/
const NOT_PRINTABLE = /[^\t\n\r\x20-\x7e]/
const BASE64 = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_'))

/**
 * What stands in runs of base64, each read from its first four characters: a prefix may stand in front, as in `v1_aXNv`.
 * Not by a pattern: a run of megabytes is too much for the stack of one.
 */
function base64Runs(text: string): string[] {
  const found: string[] = []
  let from = 0
  for (let at = 0; at <= text.length; at++) {
    if (BASE64.has(text.charCodeAt(at))) continue
    if (at - from >= 24 && !PLAIN.test(text.slice(from, at))) {
      for (const start of [0, 1, 2, 3]) {
        found.push(Buffer.from(text.slice(from + start, at), 'base64').toString('latin1'))
      }
    }
    from = at + 1
  }
  return found
}
