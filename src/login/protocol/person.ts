import {
  type Configuration,
  fetchProtectedResource,
  fetchUserInfo,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Json, Person, Provider } from '../../providers/provider.js'
import { nameOf, providerError } from './errors.js'
import { assertSameAnswer } from './id-token.js'

/** What a terminal or a page would do something with: control characters, line ends, changes of direction. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** OpenID Connect Core 2. */
const LONGEST_SUBJECT = 255
const LONGEST_NAME = 100

/**
 * Who has signed in: by the ID token and what the userinfo endpoint adds to it, or by that endpoint alone where the
 * provider is none of OpenID Connect.
 *
 * @throws AuthkitError `id_token_invalid` where the two name different users, or the ID token belongs to another access
 *   token; `provider_refused` where nobody is named.
 */
export async function identify(
  client: Configuration,
  provider: Provider,
  answer: TokenEndpointResponse & TokenEndpointResponseHelpers,
): Promise<Person> {
  const claims = provider.oidc
    ? await openIdClaims(client, provider, answer)
    : await accountClaims(client, provider, answer.access_token)
  const person = provider.person(claims)
  if (!person) throw new AuthkitError('provider_refused', `${nameOf(provider)} does not say who has signed in.`)
  return presentable(person)
}

async function openIdClaims(
  client: Configuration,
  provider: Provider,
  answer: TokenEndpointResponse & TokenEndpointResponseHelpers,
): Promise<Json> {
  const claims = answer.claims()
  if (!claims || answer.id_token === undefined) {
    throw new AuthkitError('id_token_invalid', `${nameOf(provider)} gave no ID token.`, {
      hint: 'Ask for the scope openid, and check that the application may use OpenID Connect.',
    })
  }
  assertSameAnswer(answer.id_token, answer.access_token)
  if (client.serverMetadata().userinfo_endpoint === undefined) return claims
  try {
    return { ...(await fetchUserInfo(client, answer.access_token, claims.sub)), ...claims }
  } catch (error) {
    if ((error as { code?: string }).code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') {
      throw new AuthkitError('id_token_invalid', 'The userinfo endpoint names another user than the ID token.')
    }
    // A token for another service may not ask there. The ID token has said who it is.
    return claims
  }
}

async function accountClaims(client: Configuration, provider: Provider, accessToken: string): Promise<Json> {
  const { userinfo, emails } = provider.endpoints ?? {}
  if (userinfo === undefined) throw new AuthkitError('provider_refused', `${nameOf(provider)} tells nobody's name.`)
  const ask = (url: string): Promise<unknown> => askAbout(client, provider, accessToken, url)
  const [account, addresses] = await Promise.all([
    ask(userinfo),
    emails === undefined ? undefined : ask(emails).catch(() => undefined),
  ])
  return { ...(account as Json), ...(addresses !== undefined && { emails: addresses }) }
}

async function askAbout(client: Configuration, provider: Provider, accessToken: string, url: string): Promise<unknown> {
  try {
    const headers = new Headers({ accept: 'application/json', ...provider.headers })
    const response = await fetchProtectedResource(client, accessToken, new URL(url), 'GET', null, headers)
    if (response.ok) return await response.json()
    throw new AuthkitError('provider_refused', `${nameOf(provider)} answers ${response.status} when asked who this is.`)
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new AuthkitError('provider_misconfigured', `${nameOf(provider)} gave an answer that is no JSON.`)
    }
    throw providerError(error, { provider, doing: 'sign-in', secrets: [accessToken] })
  }
}

/** Names go to terminals, files and pages. A subject is compared, so it is taken as it is or not at all. */
function presentable({ subject, name, email, emailVerified }: Person): Person {
  if (subject.length > LONGEST_SUBJECT || subject.search(UNPRINTABLE) >= 0) {
    throw new AuthkitError('provider_misconfigured', 'The provider gives its users ids that no provider may give.')
  }
  const [shownName, shownEmail] = [shown(name), shown(email)]
  return {
    subject,
    ...(shownName !== undefined && { name: shownName }),
    ...(shownEmail !== undefined && { email: shownEmail }),
    emailVerified,
  }
}

function shown(text: string | undefined): string | undefined {
  const line = text?.replace(UNPRINTABLE, ' ').trim()
  return line ? [...line].slice(0, LONGEST_NAME).join('') : undefined
}
