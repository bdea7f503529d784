import type { SignInRequest } from '../sign-in.js'

/**
 * The parameters that both flows begin with: scopes in the provider's way, the service that the token is for, and whatever
 * the provider wants besides.
 */
export function requestParameters({ provider, scopes, audience }: SignInRequest): Record<string, string> {
  const { audienceParam } = provider
  return {
    ...(scopes.length > 0 && { scope: scopes.join(provider.scopes.separator) }),
    ...(audience !== undefined && audienceParam !== undefined && { [audienceParam]: audience }),
  }
}

/**
 * Those of an authorization request in a browser. It makes the provider ask who signs in, although the browser may be signed
 * in already: a profile of its own is there for a user of its own.
 */
export function authorizationParameters(request: SignInRequest): Record<string, string> {
  const { authorizationParams = {}, oidc, accountPrompt = oidc ? 'login' : undefined } = request.provider
  const prompts = new Set([accountPrompt, ...(authorizationParams['prompt'] ?? '').split(' ')])
  const prompt = [...prompts].filter((value) => value).join(' ')
  return { ...requestParameters(request), ...authorizationParams, ...(prompt !== '' && { prompt }) }
}
