import { isStudioUser } from '../../engine/user.js'
import type { Provider } from '../../providers/provider.js'
import type { Refuse } from '../method.js'
import { type Claims, scopesIn, shown, stringsIn } from './claims.js'

/** A user as a token describes them, before the project adds to it. */
export type TokenUser = {
  identity: string
  display_name: string
  /** The scopes of the token, then the roles. */
  permissions: string[]
  /** Only where the provider has made sure that it is theirs. */
  email?: string
}

/** What a project says about its users besides: further fields, which handlers get as `user.<field>`. */
export type UserFields = {
  /** `identity` has an option of its own. */
  readonly identity?: never
  readonly display_name?: string
  readonly permissions?: readonly string[]
  readonly [field: string]: unknown
}

/** How claims become a user. */
export interface UserOptions<F extends UserFields = UserFields> {
  /**
   * Who it is: names of claims whose values are joined by a colon, or a function of the claims. Every claim that is named has
   * to be there. `sub`, where absent, which is one person's within one issuer only.
   */
  readonly identity?: string | readonly string[] | ((claims: Claims) => string) | undefined
  /**
   * Roles, which go to `permissions` beside the scopes: the name of a claim that lists them, or a function of the claims,
   * such as `keycloakRoles('my-agent')`.
   */
  readonly roles?: string | ((claims: Claims) => readonly string[]) | undefined
  /** Further fields of the user. Nothing else of the token gets there: users are stored with what they run. */
  readonly user?: ((claims: Claims) => F) | undefined
  /**
   * Whether `email_verified` of this issuer means that it has made sure of the address itself. Not needed where
   * docs/providers.md says so of the provider.
   */
  readonly trustEmail?: boolean | undefined
  /** Refuse users without a verified email address, with 403. */
  readonly requireVerifiedEmail?: boolean | undefined
}

/** The names of {@link UserOptions}. */
export const USER_OPTIONS = [
  'identity',
  'roles',
  'user',
  'trustEmail',
  'requireVerifiedEmail',
] as const satisfies readonly (keyof UserOptions)[]

/** The user that a method with these fields produces. */
export type UserWith<F> = Omit<TokenUser, keyof F | 'identity'> & { identity: string } & Omit<F, 'identity'>

/**
 * Turns verified claims into a user.
 *
 * @param provider Whose claims they are: its rule decides what an email address is worth. Undefined where none is known.
 * @throws AuthError where the claims name nobody, or the email address has to be verified and is not.
 */
export function userFromClaims<F extends UserFields>(
  claims: Claims,
  provider: Provider | undefined,
  options: UserOptions<F>,
  refuse: Refuse,
): UserWith<F> {
  const identity = identityIn(claims, options.identity ?? 'sub', refuse)
  const email = verifiedEmail(claims, provider, options.trustEmail ?? false)
  if (options.requireVerifiedEmail && email === undefined) {
    const problem = `email is ${shown(claims['email'])}, email_verified is ${shown(claims['email_verified'])}`
    throw refuse('email_not_verified', { problem })
  }
  const { roles } = options
  const held = stringsIn(typeof roles === 'string' ? claims[roles] : roles?.(claims))
  const user: TokenUser = {
    identity,
    display_name: firstText(claims['name'], claims['preferred_username']) ?? identity,
    permissions: [...new Set([...scopesIn(claims), ...held])],
    ...(email === undefined ? {} : { email }),
  }
  // What a function of JavaScript returns is what it is: the identity stays ours.
  return { ...user, ...options.user?.(claims), identity } as unknown as UserWith<F>
}

function identityIn(claims: Claims, rule: NonNullable<UserOptions['identity']>, refuse: Refuse): string {
  // A claim that is not there is `undefined` in a template string, and everybody without it would be one user.
  if (typeof rule === 'function') return usable(rule(claims), refuse, /\bundefined\b|\bnull\b|\bNaN\b|\[object /)
  const parts = [rule].flat().map((claim) => {
    const value = claims[claim]
    if (typeof value === 'string' && value.trim() !== '') return value
    throw refuse('token_invalid', { problem: `${claim} is ${shown(value)}, expected who the user is` })
  })
  return usable(parts.join(':'), refuse)
}

/** An identity that is empty would own what has no owner, and that of Studio is let in everywhere. */
function usable(identity: unknown, refuse: Refuse, mistake?: RegExp): string {
  const named = typeof identity === 'string' && identity.trim() !== '' && !mistake?.test(identity)
  if (named && !isStudioUser({ identity })) return identity
  throw refuse('token_invalid', { problem: `the identity is ${shown(identity)}, which no user may have` })
}

/**
 * The address, where the provider has made sure that it is the user's. Many pass on what a user or an administrator typed, so
 * that of a provider without a preset is believed only where the project says so.
 */
function verifiedEmail(claims: Claims, provider: Provider | undefined, trustEmail: boolean): string | undefined {
  const { email, email_verified: verified } = claims
  if (trustEmail && verified === true) return firstText(email)
  const person = provider?.person(claims)
  return person?.emailVerified ? person.email : undefined
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}
