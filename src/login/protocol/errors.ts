import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { printable } from '../../cli/printable.js'
import { withoutCredentials } from '../../cli/redact.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import { problemOf } from '../../providers/problem.js'
import type { Json, Provider } from '../../providers/provider.js'

export interface Attempt {
  readonly provider: Provider
  /** What was attempted. `invalid_grant` ends a sign-in that lasts, and is a bug or an attack in one that begins. */
  readonly doing: 'sign-in' | 'refresh' | 'revocation'
  /** What must not be repeated, should the provider do so. */
  readonly secrets?: readonly (string | undefined)[]
}

/** What ends a sign-in when it is to be renewed: only a person can help. */
const OVER = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required', 'access_denied']

/**
 * Why a request to a provider failed, for people. The error of openid-client is not kept as the cause: it carries the
 * answer, and with it tokens.
 *
 * @returns An AuthkitError; the error itself where it is one, or is a bug and none of the provider's doing.
 */
export function providerError(error: unknown, attempt: Attempt): unknown {
  const known = authkitError(error)
  if (known) return known
  if (error instanceof ResponseBodyError) return refusal(error, error.response.status, attempt)
  if (error instanceof AuthorizationResponseError) return refusal(error, undefined, attempt)
  const title = nameOf(attempt.provider)
  if (error instanceof WWWAuthenticateChallengeError) return statusError(error.status, title)
  const unreached = networkProblem(error)
  if (unreached !== undefined) return new AuthkitError('provider_unavailable', `${title} did not answer: ${unreached}.`)
  if (!(error instanceof ClientError)) return error
  const { cause } = error
  if (cause instanceof Response) return statusError(cause.status, title)
  return invalidAnswer(error, title)
}

/** A provider at the beginning of a sentence. */
export function nameOf({ name, title }: Provider): string {
  if (name === 'oidc') return 'The provider'
  return name === 'local' ? 'The local issuer' : title
}

/** Why a discovery document could not be used. */
export function discoveryError(error: unknown, issuer: string): unknown {
  const known = authkitError(error)
  if (known) return known
  const shown = printable(issuer)
  const unreached = networkProblem(error)
  if (unreached !== undefined) {
    return new AuthkitError('provider_unavailable', `${shown} can't be reached: ${unreached}.`, {
      hint: 'Check the address and the network. The local issuer runs while `authkit dev` does.',
    })
  }
  if (!(error instanceof ClientError)) return error
  const { cause } = error
  if (cause instanceof Response && cause.status >= 500) return statusError(cause.status, shown)
  const answer =
    cause instanceof Response && cause.status !== 200 ? `answers ${cause.status}` : 'is no discovery document'
  return new AuthkitError(
    'provider_misconfigured',
    `There is no OpenID provider at ${shown}: its /.well-known/openid-configuration ${answer}.`,
    { hint: 'Check the issuer. Providers without discovery, such as GitHub, are named with --provider.' },
  )
}

/** What a fetch of ours threw comes back wrapped. */
function authkitError(error: unknown): AuthkitError | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown }
  return [error, cause].find((one) => one instanceof AuthkitError)
}

interface OAuthError {
  readonly error: string
  readonly error_description?: string | undefined
  readonly cause?: unknown
}

function refusal(refused: OAuthError, status: number | undefined, attempt: Attempt): AuthkitError {
  const { provider, doing } = attempt
  const { error, cause } = refused
  const answer = cause instanceof URLSearchParams ? Object.fromEntries(cause) : ((cause ?? { error }) as Json)
  const problem = problemOf(provider, answer)
  const says = `${nameOf(provider)} says ${saidBy(refused, attempt.secrets ?? [])}.`
  if (doing === 'refresh' && OVER.includes(error)) {
    return new AuthkitError('login_expired', `The sign-in is over: ${says}`)
  }
  if (error === 'access_denied') return new AuthkitError('login_denied', `The sign-in was refused. ${says}`)
  if (error === 'expired_token') return new AuthkitError('device_code_expired', 'The code was not entered in time.')
  if (problem) return new AuthkitError(problem.code, `${problem.message} ${says}`, { hint: problem.hint })
  if (status === 429 || (status !== undefined && status >= 500)) return statusError(status, nameOf(provider))
  return new AuthkitError('provider_refused', `${says}`)
}

/** The provider's own words, on one line, with nothing in them that is secret. */
function saidBy({ error, error_description }: OAuthError, secrets: readonly (string | undefined)[]): string {
  const said = error_description ? `${error} (${error_description})` : error
  const kept = secrets
    .filter((secret) => secret !== undefined && secret !== '')
    .reduce<string>((text, secret) => text.replaceAll(secret as string, '[secret]'), said)
  return printable(withoutCredentials(kept))
    .slice(0, LONGEST)
    .replace(/[.\s]+$/, '')
}

const LONGEST = 500

function statusError(status: number, who: string): AuthkitError {
  if (status === 429) return new AuthkitError('provider_unavailable', `${who} has had too many requests.`)
  if (status >= 500) return new AuthkitError('provider_unavailable', `${who} answers ${status}.`)
  if (status === 401 || status === 403) return new AuthkitError('provider_refused', `${who} answers ${status}.`)
  return new AuthkitError('provider_misconfigured', `${who} gave an unexpected answer: ${status}.`)
}

/** The library's sentences name a claim or a field and never its value. */
function invalidAnswer({ code, message, cause }: ClientError, title: string): AuthkitError {
  if (code === 'OAUTH_MISSING_SERVER_METADATA')
    return new AuthkitError('provider_misconfigured', `${title} lacks what is needed: ${sentenceOf(cause, message)}.`)
  const sentence = sentenceOf(cause, message)
  return ABOUT_JWT.test(sentence)
    ? new AuthkitError('id_token_invalid', `${title} gave an ID token that can't be trusted: ${sentence}.`)
    : new AuthkitError('provider_misconfigured', `${title} gave an answer that can't be used: ${sentence}.`)
}

const ABOUT_JWT = /\b(jwt|jws|jwe|id[_ ]token)\b|algorithm|curve|modulus/i

function sentenceOf(cause: unknown, message: string): string {
  return cause instanceof Error ? cause.message.replaceAll('"response" ', 'the ') : message
}

/** What kept a request from being answered: the code of the system, such as `ECONNREFUSED`. */
export function networkProblem(error: unknown): string | undefined {
  const { name, code, cause } = (error ?? {}) as { name?: string; code?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError' || code === 'OAUTH_TIMEOUT') return 'it took too long'
  if (!(error instanceof TypeError)) return undefined
  if (typeof cause?.code === 'string') return cause.code
  return error.message === 'fetch failed' || error.message === 'terminated' ? 'the connection broke' : undefined
}
