import { AuthkitError } from '../errors/authkit-error.js'
import type { Setup } from './setup.js'
import type { Target } from './target.js'

/** A client that may have a secret. */
type Client = Target & { readonly clientId: string; readonly clientSecret: string | undefined }

/**
 * Redeems a code that nobody ever got, as RFC 6749 4.1.3 has it.
 *
 * @returns `accepted` where the provider finds fault with the code alone; the error where it finds another; undefined where
 *   the provider can't be asked at all, which other checks report.
 */
export async function tryCode(
  { provider, issuer, clientId, clientSecret }: Client,
  { fetch }: Pick<Setup, 'fetch'>,
): Promise<'accepted' | AuthkitError | undefined> {
  const [{ genericGrantRequest }, { openClient }, { providerError }] = await Promise.all([
    import('openid-client'),
    import('../login/protocol/client.js'),
    import('../login/protocol/errors.js'),
  ])
  const client = await openClient({ provider, issuer, clientId, clientSecret, fetch }).catch((error: unknown) => {
    if (error instanceof AuthkitError) return undefined
    throw error
  })
  if (!client) return undefined
  try {
    await genericGrantRequest(client, 'authorization_code', {
      code: 'authkit-doctor',
      redirect_uri: 'http://127.0.0.1/callback',
      code_verifier: 'authkit-doctor-never-began-this-sign-in-and-has-no-code',
    })
  } catch (error) {
    if ((error as { error?: unknown }).error === 'invalid_grant') return 'accepted'
    const problem = providerError(error, { provider, doing: 'sign-in', secrets: [clientSecret] })
    if (problem instanceof AuthkitError) return problem
    throw error
  }
  return new AuthkitError('provider_misconfigured', 'The token endpoint gave tokens for a code that it never issued.', {
    hint: 'Do not use this provider: anybody can be any of its users.',
  })
}
