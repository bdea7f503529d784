import type { HTTPException } from '../engine/http-exception.js'
import { AuthError, type AuthErrorCode, type AuthErrorOptions } from './auth-error.js'
import { credentialOf } from './bearer.js'

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
  /** Those of them that applications can find their way to (RFC 8414, OpenID Connect Discovery). */
  readonly authorizationServers: readonly string[]
  /** Whether the identity is `sub` as it is, which is one person's within one issuer only. */
  readonly bySub: boolean
  /** The scopes that it asks for. */
  readonly scopes: readonly string[]
  /** Where the RFC 9728 document stands that tells applications of it, if there is one. */
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

/** Makes the error of a refusal, with what the server says in all of them. */
export type Refuse = (code: AuthErrorCode, options?: AuthErrorOptions) => AuthError

/** A bearer token, and how to refuse it. */
export interface Presented {
  readonly token: string
  readonly request: Request
  readonly refuse: Refuse
}

export interface BearerSpec<U> extends Omit<UserSource, 'refusal'> {
  /** The user behind a token, or undefined where it is none of this kind. */
  readonly userOf: (presented: Presented) => Promise<U | undefined>
  /** Why a token is none of this kind. */
  readonly stranger: (presented: Presented) => AuthError
}

/** A method that reads one bearer token from the one place where it may stand. */
export function createBearerMethod<U>({ userOf, stranger, ...source }: BearerSpec<U>): AuthMethod<U> {
  const refuseFor =
    (request: Request): Refuse =>
    (code, options) =>
      new AuthError(code, { ...options, resourceMetadata: source.resourceMetadata(request) })

  async function claim(request: Request): Promise<U | undefined> {
    const credential = credentialOf(request)
    if (credential.kind !== 'token') return undefined
    return await userOf({ token: credential.token, request, refuse: refuseFor(request) })
  }

  function refusal(request: Request): AuthError {
    const refuse = refuseFor(request)
    const credential = credentialOf(request)
    if (credential.kind === 'none') return refuse('no_credentials')
    if (credential.kind === 'malformed') return refuse('token_malformed', { problem: credential.problem })
    return stranger({ token: credential.token, request, refuse })
  }

  return createMethod({ claim, refusal, sources: [{ ...source, refusal }] })
}
