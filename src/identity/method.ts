import type { HTTPException } from '../engine/http-exception.js'
import type { AuthError } from './auth-error.js'

/**
 * A method of authentication: pass it to `.authenticate()`, call it in an `authenticate` of your own, or put it beside
 * others with `firstOf()`.
 */
export interface AuthMethod<U> {
  /**
   * The user of the request.
   *
   * @throws HTTPException, mostly an AuthError, for everything else.
   */
  (request: Request): Promise<U>
  /**
   * The user of the request, or undefined where it holds no credential of this kind.
   *
   * @throws HTTPException, mostly an AuthError, where the credential is of this kind, and bad.
   */
  claim(request: Request): Promise<U | undefined>
}

/** Where the users of a method come from. */
export interface UserSource {
  /** Who vouches for them; `local` stands for the issuer of `authkit dev`. */
  readonly issuers: readonly string[]
  /** Whether the identity is `sub` as it is, which is one person's within one issuer only. */
  readonly bySub: boolean
  /** The scopes that it asks for. */
  readonly scopes: readonly string[]
  /** Where the RFC 9728 document stands that tells clients of it, if there is one. */
  readonly resourceMetadata: (request: Request) => string | undefined
  /** Why a request holds no credential of this kind. */
  readonly refusal: (request: Request) => AuthError
}

/** In the list of issuers: the one that `authkit dev` serves, whatever its address. */
export const LOCAL = 'local'

/** On the function itself and under a name that both know: the bundle of auth.ts has a copy of this module of its own. */
const SOURCES = Symbol.for('authkit.userSources')

export interface MethodSpec<U> {
  readonly claim: (request: Request) => Promise<U | undefined>
  /** What to say to a request that holds no credential of this kind. */
  readonly refusal: (request: Request) => HTTPException
  readonly sources: readonly UserSource[]
}

export function createMethod<U>({ claim, refusal, sources }: MethodSpec<U>): AuthMethod<U> {
  async function authenticate(request: Request): Promise<U> {
    const user = await claim(request)
    if (user === undefined) throw refusal(request)
    return user
  }
  return Object.assign(authenticate, { claim, [SOURCES]: sources })
}

/** Where the users of a function come from: nothing for one that is not from here. */
export function sourcesOf(authenticate: unknown): readonly UserSource[] {
  if (typeof authenticate !== 'function') return []
  return (authenticate as { [SOURCES]?: readonly UserSource[] })[SOURCES] ?? []
}
