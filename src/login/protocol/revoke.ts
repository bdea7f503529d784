import { type Configuration, ResponseBodyError, tokenRevocation } from 'openid-client'
import { AuthkitError } from '../../errors/authkit-error.js'
import { providerNamed } from '../../providers/index.js'
import type { Provider, RevocationRequest } from '../../providers/provider.js'
import type { Profile, Revocation, Secrets } from '../login.js'
import { openClient } from './client.js'
import { nameOf, providerError } from './errors.js'
import type { RequestOptions } from './refresh.js'
import { secureUrl } from './secure-url.js'

/** How long each token has, in seconds: signing out does not wait for a provider that hangs. */
const SECONDS = 5

/**
 * Asks the provider to take back the tokens (RFC 7009), the refresh token first: with it, most providers end the sign-in.
 *
 * @returns `unsupported` where the provider has no way to do so.
 * @throws AuthkitError where it could not be asked, or said no.
 */
export async function revokeTokens(
  profile: Profile,
  secrets: Secrets,
  { signal, fetch: send = fetch }: RequestOptions = {},
): Promise<Revocation> {
  const provider = providerNamed(profile.provider)
  const { tokens, clientSecret } = secrets
  const { accessToken, refreshToken } = tokens
  const { issuer, clientId } = profile
  const attempt = { provider, doing: 'revocation', secrets: [accessToken, refreshToken, clientSecret] } as const
  try {
    if (provider.revocation) {
      const request = provider.revocation({
        clientId,
        accessToken,
        ...(issuer !== undefined && { issuer }),
        ...(clientSecret !== undefined && { clientSecret }),
        ...(refreshToken !== undefined && { refreshToken }),
      })
      return request ? await ownRevocation(provider, request, send, signal) : 'unsupported'
    }
    const client = await openClient({ provider, issuer, clientId, clientSecret, signal, fetch: send })
    if (client.serverMetadata().revocation_endpoint === undefined) return 'unsupported'
    client.timeout = SECONDS
    if (refreshToken === undefined) return await revokeAccess(client, accessToken)
    await tokenRevocation(client, refreshToken, { token_type_hint: 'refresh_token' })
    if (provider.refresh.endsAccess) return 'revoked'
    const access = await revokeAccess(client, accessToken).catch(() => 'unsupported')
    return access === 'revoked' ? 'revoked' : 'partly'
  } catch (error) {
    throw providerError(error, attempt)
  }
}

/** Many providers can't take back an access token that verifies by itself (RFC 7009 2.2.1). */
async function revokeAccess(client: Configuration, accessToken: string): Promise<'revoked' | 'unsupported'> {
  try {
    await tokenRevocation(client, accessToken, { token_type_hint: 'access_token' })
    return 'revoked'
  } catch (error) {
    if (error instanceof ResponseBodyError && error.error === 'unsupported_token_type') return 'unsupported'
    throw error
  }
}

/** Where a provider has a request of its own for it. Its answers are read as those of its token endpoint are. */
async function ownRevocation(
  provider: Provider,
  { method, url, headers, body }: RevocationRequest,
  send: typeof fetch,
  signal: AbortSignal | undefined,
): Promise<Revocation> {
  const limit = AbortSignal.timeout(SECONDS * 1000)
  const response = await send(secureUrl(url, 'the provider'), {
    method,
    headers,
    redirect: 'manual',
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(body !== undefined && { body }),
  })
  const answer: unknown = await response.json().catch(() => undefined)
  const said = typeof answer === 'object' && answer !== null ? { ...answer } : {}
  const { status } = provider.tokenAnswer?.(said, response.status) ?? response
  if (status >= 200 && status < 300) return 'revoked'
  throw new AuthkitError('provider_refused', `${nameOf(provider)} answers ${status} and did not take back the tokens.`)
}
