import type { TokenEndpointResponse } from 'openid-client'
import type { TokenSet } from '../login.js'

/** What a scope may consist of (RFC 6749 3.3). Anything else is no scope and is not shown to anybody. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * The tokens of an answer, as they are kept.
 *
 * @param asked - The scopes that were asked for: what an answer that names none has granted (RFC 6749 5.1).
 * @param issuedAt - When they were asked for, in milliseconds since 1970: they never end later than is said here.
 */
export function tokenSetOf(answer: TokenEndpointResponse, asked: readonly string[], issuedAt: number): TokenSet {
  const { access_token, refresh_token, id_token, expires_in, scope } = answer
  const refreshSeconds = secondsOf(answer['refresh_token_expires_in']) ?? secondsOf(answer['refresh_expires_in'])
  return {
    accessToken: access_token,
    issuedAt,
    ...(expires_in !== undefined && { expiresAt: issuedAt + expires_in * 1000 }),
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(refreshSeconds !== undefined && { refreshExpiresAt: issuedAt + refreshSeconds * 1000 }),
    ...(id_token !== undefined && { idToken: id_token }),
    scopes: scope === undefined ? asked : scope.split(' ').filter((word) => SCOPE.test(word)),
  }
}

/** Keycloak's 0 says that it does not end. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}
