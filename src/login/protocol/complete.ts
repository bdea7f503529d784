import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client'
import type { SignedIn, SignInRequest } from '../sign-in.js'
import { identify } from './person.js'
import { tokenSetOf } from './tokens.js'

/**
 * Makes a sign-in of a token answer that openid-client has verified.
 *
 * @param askedAt - When the tokens were asked for, in milliseconds since 1970.
 */
export async function complete(
  { client, provider, scopes }: SignInRequest,
  answer: TokenEndpointResponse & TokenEndpointResponseHelpers,
  askedAt: number,
): Promise<SignedIn> {
  const person = await identify(client, provider, answer)
  return { person, tokens: tokenSetOf(answer, scopes, askedAt) }
}
