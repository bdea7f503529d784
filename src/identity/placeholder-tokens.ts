import { createHash, timingSafeEqual } from 'node:crypto'
import { HTTPException } from '../engine/http-exception.js'

/** A user behind a placeholder token. Anything beyond the three known fields reaches handlers as `user.<field>`. */
export interface PlaceholderUser {
  readonly identity: string
  /** The identity, where absent. */
  readonly display_name?: string
  /** None, where absent. */
  readonly permissions?: readonly string[]
  readonly [extra: string]: unknown
}

/** Tokens and their users. A string is short for `{ identity }`. */
export type PlaceholderTable = Readonly<Record<string, string | PlaceholderUser>>

export interface PlaceholderOptions {
  /**
   * Accepts the tokens on every server, where whoever has read the file can be any of its users. For demonstrations that
   * hold nothing worth protecting; it warns at each start.
   */
  readonly dangerouslyAllowOutsideDev?: true
}

/** What a placeholder token stands for, as far as it may be shown: the token is known to everyone by design. */
export interface PublicToken {
  readonly token: string
  readonly identity: string
  readonly display_name: string
}

type KnownField = 'identity' | 'display_name' | 'permissions'
type Entry<T> = T extends string ? Record<never, never> : T
type FieldOf<E> = E extends unknown ? Exclude<keyof E, KnownField | number | symbol> : never
type ValueOf<E, K extends string> = E extends { [key in K]: infer V } ? V : undefined

/** The user that a table produces: the three known fields, and those that any of its entries adds. */
export type UserOfTable<T extends PlaceholderTable> = {
  identity: string
  display_name: string
  permissions: string[]
} & { [K in FieldOf<Entry<T[keyof T]>>]: ValueOf<Entry<T[keyof T]>, K> }

/** What `placeholderTokens()` returns: pass it to `.authenticate()`, or call it in an `authenticate` of your own. */
export type PlaceholderAuthenticate<T extends PlaceholderTable> = (request: Request) => Promise<UserOfTable<T>>

/** Where the development variant carries its tokens for the banner of `authkit dev`, on whichever copy of this module. */
const PUBLIC_TOKENS = Symbol.for('authkit.placeholderTokens')

const REFUSED_OUTSIDE_DEV =
  'Placeholder tokens work only inside `authkit dev`. This server has to verify real tokens: replace placeholderTokens() in auth.ts.'

/**
 * Users for development, each behind a token that everyone may know. They work inside `authkit dev` alone: there, this
 * name stands for {@link devPlaceholderTokens}. Everywhere else every token is refused with 401 and a message that says
 * why, so a forgotten placeholder locks a server instead of opening it. No environment variable changes that.
 *
 * Reads only the `Authorization: Bearer <token>` header.
 *
 * @throws TypeError where the table has an empty identity, or a token that no Authorization header can carry.
 * @example
 * export const auth = new Auth().authenticate(
 *   placeholderTokens({
 *     'user1-token': { identity: 'user1', display_name: 'Alice' },
 *     'user2-token': { identity: 'user2', display_name: 'Bob', permissions: ['threads:read'] },
 *   }),
 * )
 */
export function placeholderTokens<const T extends PlaceholderTable>(
  users: T,
  { dangerouslyAllowOutsideDev }: PlaceholderOptions = {},
): PlaceholderAuthenticate<T> {
  const authenticate = authenticateWith(entriesOf(users))
  if (dangerouslyAllowOutsideDev !== true) return () => Promise.reject(unauthorized(REFUSED_OUTSIDE_DEV))
  process.emitWarning(
    'placeholderTokens() accepts well-known tokens on this server: dangerouslyAllowOutsideDev is set.',
    {
      code: 'AUTHKIT_PLACEHOLDER_TOKENS',
    },
  )
  return authenticate as PlaceholderAuthenticate<T>
}

/**
 * The variant that `authkit dev` puts in the place of {@link placeholderTokens}: it accepts its tokens, and says through
 * {@link placeholderTokensOf} which they are.
 *
 * @throws TypeError as {@link placeholderTokens}.
 */
export function devPlaceholderTokens<const T extends PlaceholderTable>(
  users: T,
  _options: PlaceholderOptions = {},
): PlaceholderAuthenticate<T> {
  const entries = entriesOf(users)
  const tokens: readonly PublicToken[] = Object.freeze(
    entries.map(({ token, user: { identity, display_name } }) => Object.freeze({ token, identity, display_name })),
  )
  return Object.defineProperty(authenticateWith(entries) as PlaceholderAuthenticate<T>, PUBLIC_TOKENS, {
    value: tokens,
  })
}

/**
 * The tokens behind an `authenticate` function, in the order of its table. Undefined where there are none to show: it is
 * not from {@link devPlaceholderTokens}, or wrapped in a function of the developer's.
 */
export function placeholderTokensOf(authenticate: unknown): readonly PublicToken[] | undefined {
  if (typeof authenticate !== 'function') return undefined
  return (authenticate as { [PUBLIC_TOKENS]?: readonly PublicToken[] })[PUBLIC_TOKENS]
}

interface TokenEntry {
  readonly token: string
  readonly digest: Buffer
  readonly user: { identity: string; display_name: string; permissions: string[]; [extra: string]: unknown }
}

// RFC 6750 2.1: credentials = "Bearer" 1*SP b64token. The scheme is case-insensitive (RFC 9110 11.1). Two headers arrive
// joined by a comma, which no token contains.
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i

function entriesOf(users: PlaceholderTable): readonly TokenEntry[] {
  return Object.entries(users).map(([token, entry]) => {
    const given: PlaceholderUser = typeof entry === 'string' ? { identity: entry } : entry
    if (!BEARER.test(`Bearer ${token}`)) {
      throw new TypeError('A placeholder token may hold only letters, digits and - . _ ~ + / (and = at its end).')
    }
    if (typeof given?.identity !== 'string' || given.identity.trim() === '') {
      throw new TypeError('Every placeholder token needs a user with an identity.')
    }
    const { identity, display_name = identity, permissions = [] } = given
    return { token, digest: sha256(token), user: { ...given, identity, display_name, permissions: [...permissions] } }
  })
}

function authenticateWith(entries: readonly TokenEntry[]): (request: Request) => Promise<TokenEntry['user']> {
  return async (request) => {
    const header = request.headers.get('authorization')
    if (header === null) throw unauthorized('There is no Authorization header. Send: Authorization: Bearer <token>')
    const token = BEARER.exec(header)?.[1]
    if (token === undefined) throw unauthorized('The Authorization header is not of the form: Bearer <token>')

    // Digests have one length, and every entry is looked at: the time tells neither which token came close nor how close.
    const digest = sha256(token)
    let user: TokenEntry['user'] | undefined
    for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) user = entry.user
    if (!user) throw unauthorized('The token is unknown.')
    return { ...user, permissions: [...user.permissions] }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unauthorized(message: string): HTTPException {
  return new HTTPException(401, { message, headers: { 'WWW-Authenticate': 'Bearer' } })
}
