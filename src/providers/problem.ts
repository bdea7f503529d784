import type { Json, Provider, ProviderProblem } from './provider.js'
import { text } from './values.js'

/** What the errors of the standards (RFC 6749 4.1.2.1 and 5.2, RFC 8707) mean at any provider. */
const STANDARD: Readonly<Record<string, ProviderProblem>> = {
  invalid_client: {
    code: 'provider_credentials_rejected',
    message: 'The provider does not accept the client id and the secret.',
    hint: 'Check --client-id, and AUTHKIT_CLIENT_SECRET if the application has a secret.',
  },
  unauthorized_client: {
    code: 'provider_permission_missing',
    message: 'The application may not sign in this way.',
    hint: 'Allow the authorization code flow, or the device flow for --device, where the application is registered.',
  },
  unsupported_grant_type: {
    code: 'provider_permission_missing',
    message: 'The provider does not know this way to sign in.',
    hint: 'Sign in without --device, or allow the device flow where the application is registered.',
  },
  invalid_scope: {
    code: 'provider_scope_invalid',
    message: 'The provider does not know a scope that was asked for, or does not grant it to this application.',
    hint: 'Name the scopes with --scope, or add them where the application is registered.',
  },
  invalid_target: {
    code: 'provider_audience_invalid',
    message: 'The provider does not know the service that the token was asked for.',
    hint: 'Correct --audience: it has to be the identifier of an API that is registered at the provider.',
  },
  redirect_uri_mismatch: {
    code: 'provider_redirect_mismatch',
    message: 'The callback is not the one that is registered.',
    hint: 'Register the callback exactly as `authkit login` printed it.',
  },
  temporarily_unavailable: {
    code: 'provider_unavailable',
    message: 'The provider is unavailable at the moment.',
    hint: 'Try again in a minute.',
  },
  server_error: {
    code: 'provider_unavailable',
    message: 'The provider failed.',
    hint: 'Try again in a minute.',
  },
}

/**
 * What an error answer of a provider means, and what to do about it: by its own codes, then by those of the standard. It
 * looks at `code`, `error`, `error_codes` and the words of `error_description`.
 *
 * @returns undefined where nothing is known about it.
 * @example
 * problemOf(feishu, { error: 'invalid_request', code: 20043 })?.code // 'provider_scope_invalid'
 */
export function problemOf(provider: Provider, answer: Json): ProviderProblem | undefined {
  const { errors = {} } = provider
  const own = wordsOf(answer).find((word) => Object.hasOwn(errors, word))
  if (own !== undefined) return errors[own]
  const error = text(answer['error'])
  return error !== undefined && Object.hasOwn(STANDARD, error) ? STANDARD[error] : undefined
}

function wordsOf(answer: Json): string[] {
  const listed = Array.isArray(answer['error_codes']) ? answer['error_codes'] : []
  const codes = [answer['code'], ...listed].filter((code) => typeof code === 'string' || typeof code === 'number')
  return [
    ...codes.map(String),
    text(answer['error']) ?? '',
    ...(text(answer['error_description'])?.match(/\w+/g) ?? []),
  ]
}
