import type { Credentials } from './actor.js'

/** Takes every token out of a text. */
export type Redact = (text: string) => string

const JWT_SHAPED = /\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g

/** One function for everything that is shown or written: tokens become `$ALICE` and `$BOB`, JWT-shaped strings `***`. */
export function createRedact(credentials: Credentials): Redact {
  let forms: (readonly [spelling: string, label: string])[] = []
  let known = 0
  const refresh = () => {
    const secrets = credentials.secrets()
    if (secrets.length === known) return
    known = secrets.length
    forms = secrets.flatMap(([secret, label]) => {
      const spellings = [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64'),
        JSON.stringify(secret).slice(1, -1),
      ]
      return [...new Set(spellings)].map((spelling) => [spelling, label] as const)
    })
  }
  return (text) => {
    refresh()
    let clean = text
    for (const [spelling, label] of forms) clean = clean.replaceAll(spelling, label)
    return clean.replace(JWT_SHAPED, '***')
  }
}

/** The same for a value of any shape; keys are redacted as well. */
export function redactDeep<T>(value: T, redact: Redact): T {
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') return redact(item)
    if (Array.isArray(item)) return item.map(walk)
    if (item === null || typeof item !== 'object') return item
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [redact(key), walk(inner)]))
  }
  return walk(value) as T
}
