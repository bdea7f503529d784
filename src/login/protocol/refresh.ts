import { ClientError, ResponseBodyError, refreshTokenGrant } from 'openid-client'
import { AuthkitError } from '../../errors/authkit-error.js'
import { providerNamed } from '../../providers/index.js'
import type { Profile, Secrets, TokenSet } from '../login.js'
import { openClient } from './client.js'
import { nameOf, networkProblem, providerError } from './errors.js'
import { assertSameUser } from './id-token.js'
import { tokenSetOf } from './tokens.js'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly fetch?: typeof fetch | undefined
}

/**
 * Asks the provider for new tokens with the refresh token (RFC 6749 6). It asks once: where refresh tokens rotate, the
 * second use of one ends the sign-in.
 *
 * @returns What the provider sent, with what it left out taken over from before.
 * @throws AuthkitError `login_expired` where the provider refused the refresh token, or there is none;
 *   `provider_unavailable` where it certainly did not use it; `refresh_uncertain` where it may have; and others for a
 *   provider that is set up wrongly.
 */
export async function refreshTokens(
  profile: Profile,
  { tokens, clientSecret }: Secrets,
  { signal, fetch }: RequestOptions = {},
): Promise<TokenSet> {
  const provider = providerNamed(profile.provider)
  const { refreshToken, idToken } = tokens
  if (refreshToken === undefined) {
    throw new AuthkitError('login_expired', `${nameOf(provider)} gave no refresh token, so the sign-in is over.`)
  }
  const { issuer, clientId } = profile
  const client = await openClient({ provider, issuer, clientId, clientSecret, signal, fetch })
  const issuedAt = Date.now()
  try {
    const answer = await refreshTokenGrant(client, refreshToken)
    assertSameUser(answer.id_token, idToken)
    return {
      refreshToken,
      ...(idToken !== undefined && { idToken }),
      ...tokenSetOf(answer, tokens.scopes, issuedAt),
    }
  } catch (error) {
    if (mayHaveBeenUsed(error)) {
      throw new AuthkitError(
        'refresh_uncertain',
        `${nameOf(provider)} may have renewed the tokens, but they did not arrive.`,
      )
    }
    const secrets = [refreshToken, clientSecret, tokens.accessToken, idToken]
    throw providerError(error, { provider, doing: 'refresh', secrets })
  }
}

/** The codes of Node.js for a request that never left. */
const NEVER_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES|UND_ERR_CONNECT_TIMEOUT|CERT_.*|ERR_TLS_.*|.*_CERT.*)$/

/** Whether the provider may have taken the refresh token although no tokens came back. */
function mayHaveBeenUsed(error: unknown): boolean {
  const lost = networkProblem(error)
  if (lost !== undefined) return !NEVER_SENT.test(lost)
  if (error instanceof ResponseBodyError) return error.status >= 500 && error.status !== 503
  if (!(error instanceof ClientError)) return false
  const { cause, code } = error
  if (cause instanceof Response) return cause.status < 300 || (cause.status >= 500 && cause.status !== 503)
  return code === 'OAUTH_PARSE_ERROR' || code === 'OAUTH_ABORT'
}
