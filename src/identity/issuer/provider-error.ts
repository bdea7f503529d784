import type { AuthError } from '../auth-error.js'
import type { Refuse } from '../method.js'
import type { ProviderProblem } from './fetch-json.js'

/** What to answer while the provider can't be asked: nobody gets in, and nobody is told that the token is bad. */
export function providerError(
  { kind, message, cause }: ProviderProblem,
  closedForMs: number,
  refuse: Refuse,
): AuthError {
  if (kind === 'misconfigured') {
    const hint = 'Correct what auth.ts says of the provider, or what the provider says of itself.'
    return refuse('provider_misconfigured', { problem: message, cause, hint })
  }
  const retryAfter = Math.max(1, Math.ceil(closedForMs / 1000))
  const hint = 'Check that this server reaches the provider.'
  return refuse('provider_unavailable', { problem: message, cause, hint, retryAfter })
}
