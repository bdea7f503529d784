import { HTTPException } from '../engine/http-exception.js'
import { ERRORS } from '../errors/codes.js'

/** What an application is told besides the status: the `error` of `WWW-Authenticate` (RFC 6750 3.1, RFC 9470 3). */
type Challenge =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  /** Nothing was sent, so nothing is wrong with it (RFC 6750 3). */
  | 'no-error'
  /** Another token would not help. */
  | 'none'

/** What clients are told. It says nothing of what was expected, nor which part of a credential was wrong. */
const REFUSALS = {
  no_credentials: { challenge: 'no-error', message: 'Sign in, or send a token' },
  token_malformed: { challenge: 'invalid_request', message: 'The Authorization header is not a bearer token' },
  token_invalid: { challenge: 'invalid_token', message: 'The token was not accepted' },
  token_expired: { challenge: 'invalid_token', message: 'The token has expired' },
  token_audience: { challenge: 'invalid_token', message: 'The token is for another service' },
  token_issuer_unknown: { challenge: 'invalid_token', message: 'The issuer of the token is not trusted' },
  token_client_denied: { challenge: 'insufficient_scope', message: 'This application may not call here' },
  scope_missing: { challenge: 'insufficient_scope', message: 'The token lacks a scope' },
  step_up_required: { challenge: 'insufficient_user_authentication', message: 'A stronger or newer sign-in is needed' },
  email_not_verified: { challenge: 'none', message: 'The email address is not verified' },
  provider_unavailable: { challenge: 'none', message: 'The identity provider can not be reached; try again later' },
  provider_misconfigured: { challenge: 'none', message: 'Sign-in is not set up correctly on this server' },
} as const satisfies Partial<Record<keyof typeof ERRORS, { challenge: Challenge; message: string }>>

/** The codes of an {@link AuthError}. They stay the same from version to version. */
export type AuthErrorCode = keyof typeof REFUSALS

export interface AuthErrorOptions {
  /**
   * What is wrong, for the developer: the claim, what was expected and what came. It never holds a credential. `authkit dev`
   * shows it in its log and its answers; no other server does.
   */
  readonly problem?: string | undefined
  /** What to do about it, where more is known than the table of codes says. */
  readonly hint?: string | undefined
  /** Where the RFC 9728 document of this server stands: `resource_metadata` of the challenge. */
  readonly resourceMetadata?: string | undefined
  /** The scopes that would do: `scope` of the challenge. */
  readonly scopes?: readonly string[] | undefined
  /** The authentication contexts that would do: `acr_values` of the challenge (RFC 9470 3). */
  readonly acrValues?: readonly string[] | undefined
  /** How old a sign-in may be, in seconds: `max_age` of the challenge (RFC 9470 3). */
  readonly maxAge?: number | undefined
  /** When it is worth another attempt, in seconds. */
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}

/**
 * Refuses a credential: an {@link HTTPException} with a stable `code`, the status and the `WWW-Authenticate` challenge that
 * RFC 6750 gives it. The message is for clients and says nothing telling; `problem` and `hint` are for the developer.
 *
 * @example
 * try {
 *   return await oidc(options)(request)
 * } catch (error) {
 *   if (error instanceof AuthError) console.warn(error.code, error.problem)
 *   throw error
 * }
 */
export class AuthError extends HTTPException {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  readonly problem: string | undefined
  readonly hint: string

  constructor(code: AuthErrorCode, options: AuthErrorOptions = {}) {
    const { message, challenge } = REFUSALS[code]
    super(ERRORS[code].status, { message, headers: headersOf(challenge, options), cause: options.cause })
    this.code = code
    this.problem = options.problem
    this.hint = options.hint ?? ERRORS[code].hint
  }
}

function headersOf(challenge: Challenge, options: AuthErrorOptions): Record<string, string> {
  const retry = options.retryAfter === undefined ? {} : { 'Retry-After': String(options.retryAfter) }
  if (challenge === 'none') return retry
  const parameters: Record<string, string | undefined> = {
    realm: 'authkit',
    resource_metadata: options.resourceMetadata,
    error: challenge === 'no-error' ? undefined : challenge,
    scope: options.scopes?.join(' '),
    acr_values: options.acrValues?.join(' '),
  }
  const quoted = Object.entries(parameters).flatMap(([name, value]) => (value ? [`${name}="${value}"`] : []))
  if (options.maxAge !== undefined) quoted.push(`max_age=${options.maxAge}`)
  return { 'WWW-Authenticate': `Bearer ${quoted.join(', ')}`, ...retry }
}
