import type { Json, TokenAnswer } from './provider.js'
import { text } from './values.js'

/** Fields of a token answer that are seconds, which a form gives as text. */
const SECONDS = ['expires_in', 'refresh_token_expires_in', 'refresh_expires_in'] as const

/** What a refusal must not bring along. */
const TOKENS = ['access_token', 'refresh_token', 'id_token'] as const

/** Words of vendors for the errors of RFC 6749 5.2: `{ bad_refresh_token: 'invalid_grant' }`. */
export type ErrorNames = Readonly<Record<string, string>>

/**
 * A refusal in the words of RFC 6749 5.2. The vendor's own word stays in `error_description`, where it can be looked up.
 * A status that says success becomes 400, and whatever tokens came along are dropped.
 */
export function refusal(word: string, body: Json, status: number, names: ErrorNames = {}): TokenAnswer {
  const said = text(body['error_description']) ?? text(body['msg']) ?? text(body['message'])
  const error = Object.hasOwn(names, word) ? (names[word] as string) : (text(body['error']) ?? 'invalid_request')
  const description = [word === error ? undefined : word, said].filter((part) => part !== undefined).join(': ')
  const rest = Object.fromEntries(
    Object.entries(body).filter(([key]) => !(TOKENS as readonly string[]).includes(key) && key !== 'error_description'),
  )
  return {
    status: status >= 400 ? status : 400,
    body: { ...rest, error, ...(description !== '' && { error_description: description }) },
  }
}

/** The answer with seconds as numbers, which a form gives as text. */
export function withNumbers(body: Json): Json {
  const changed = SECONDS.filter((key) => typeof body[key] === 'string' && /^\d{1,12}$/.test(body[key] as string))
  return changed.length === 0
    ? body
    : { ...body, ...Object.fromEntries(changed.map((key) => [key, Number(body[key])])) }
}

/** The answer with the granted scopes as RFC 6749 3.3 writes them: between spaces, under `scope`. */
export function withScope(body: Json, key: string, separator: string | RegExp): Json {
  const granted = body[key]
  const list = Array.isArray(granted) ? granted : typeof granted === 'string' ? granted.split(separator) : undefined
  if (list === undefined) return body
  return { ...body, scope: list.filter((scope) => text(scope) !== undefined).join(' ') }
}
