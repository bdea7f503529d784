import { createHash, timingSafeEqual } from 'node:crypto'
import { HTTPException } from '../engine/http-exception.js'
import { AuthError } from './auth-error.js'
import { bearerToken, credentialOf } from './bearer.js'
import { type AuthMethod, createMethod } from './method.js'

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
export type PlaceholderAuthenticate<T extends PlaceholderTable> = AuthMethod<UserOfTable<T>>

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
  const entries = entriesOf(users)
  if (dangerouslyAllowOutsideDev !== true) return refuseAll(entries) as PlaceholderAuthenticate<T>
  process.emitWarning(
    'placeholderTokens() accepts well-known tokens on this server: dangerouslyAllowOutsideDev is set.',
    {
      code: 'AUTHKIT_PLACEHOLDER_TOKENS',
    },
  )
  return methodOf(entries) as PlaceholderAuthenticate<T>
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
  return withPublicTokens(methodOf(entries) as PlaceholderAuthenticate<T>, tokens)
}

/** Puts tokens where {@link placeholderTokensOf} finds them. */
export function withPublicTokens<F extends object>(authenticate: F, tokens: readonly PublicToken[]): F {
  if (tokens.length === 0) return authenticate
  return Object.defineProperty(authenticate, PUBLIC_TOKENS, { value: tokens })
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
  readonly user: TokenUser
}

type TokenUser = { identity: string; display_name: string; permissions: string[]; [extra: string]: unknown }

function entriesOf(users: PlaceholderTable): readonly TokenEntry[] {
  return Object.entries(users).map(([token, entry]) => {
    const given: PlaceholderUser = typeof entry === 'string' ? { identity: entry } : entry
    if (bearerToken(`Bearer ${token}`) === undefined) {
      throw new TypeError('A placeholder token may hold only letters, digits and - . _ ~ + / (and = at its end).')
    }
    if (typeof given?.identity !== 'string' || given.identity.trim() === '') {
      throw new TypeError('Every placeholder token needs a user with an identity.')
    }
    const { identity, display_name = identity, permissions = [] } = given
    return { token, digest: sha256(token), user: { ...given, identity, display_name, permissions: [...permissions] } }
  })
}

function methodOf(entries: readonly TokenEntry[]): AuthMethod<TokenUser> {
  return methodFrom({
    claim: async (request) => {
      const user = userIn(entries, request)
      return user && { ...user, permissions: [...user.permissions] }
    },
    refusal: messageFor,
  })
}

/** Outside dev: no token of the table is let in, and a method beside it never sees one. */
function refuseAll(entries: readonly TokenEntry[]): AuthMethod<TokenUser> {
  return methodFrom({
    claim: async (request) => {
      if (userIn(entries, request)) throw unauthorized(REFUSED_OUTSIDE_DEV)
      return undefined
    },
    refusal: () => REFUSED_OUTSIDE_DEV,
  })
}

interface PlaceholderMethod {
  readonly claim: (request: Request) => Promise<TokenUser | undefined>
  /** What to say where nothing stands beside it. */
  readonly refusal: (request: Request) => string
}

function methodFrom({ claim, refusal }: PlaceholderMethod): AuthMethod<TokenUser> {
  return createMethod({
    claim,
    refusal: (request) => unauthorized(refusal(request)),
    sources: [
      {
        issuers: [],
        authorizationServers: [],
        bySub: false,
        scopes: [],
        resourceMetadata: () => undefined,
        refusal: () => new AuthError('token_invalid', { problem: 'it is no placeholder token' }),
      },
    ],
  })
}

function userIn(entries: readonly TokenEntry[], request: Request): TokenUser | undefined {
  const credential = credentialOf(request)
  if (credential.kind !== 'token') return undefined
  // Digests have one length, and every entry is looked at: the time tells neither which token came close nor how close.
  const digest = sha256(credential.token)
  let user: TokenUser | undefined
  for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) user = entry.user
  return user
}

function messageFor(request: Request): string {
  const { kind } = credentialOf(request)
  if (kind === 'none') return 'There is no Authorization header. Send: Authorization: Bearer <token>'
  return kind === 'malformed' ? 'The Authorization header is not of the form: Bearer <token>' : 'The token is unknown.'
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unauthorized(message: string): HTTPException {
  return new HTTPException(401, { message, headers: { 'WWW-Authenticate': 'Bearer' } })
}
