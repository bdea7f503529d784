import { basicAuth } from '../../providers/basic-auth.js'
import { github } from '../../providers/github.js'
import type { Provider } from '../../providers/provider.js'
import type { AskProvider } from '../asking-method.js'
import { stringsIn } from '../token/claims.js'
import { fetchJson, type JsonAnswer, objectFrom, ProviderProblem } from './fetch-json.js'
import { withoutToken } from './introspection-source.js'
import { createRemoteIssuer, discoveryUrlOf } from './remote-issuer.js'
import { isSecure } from './secure-url.js'

export interface GithubApp {
  readonly apiUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Look for the address that GitHub has verified too: one more question. */
  readonly withEmail: boolean
}

/**
 * GitHub's word on a token of one application. `GET /user` would take a token of any application; this is only answered for
 * those of the one whose secret is sent along.
 *
 * @see https://docs.github.com/en/rest/apps/oauth-applications#check-a-token
 */
export function askGithub({ apiUrl, clientId, clientSecret, withEmail }: GithubApp): AskProvider {
  const url = `${apiUrl}/applications/${encodeURIComponent(clientId)}/token`
  return async (token) => {
    const answer = await fetchJson(url, {
      method: 'POST',
      headers: {
        ...github.headers,
        authorization: basicAuth(clientId, clientSecret),
        'content-type': 'application/json',
      },
      body: JSON.stringify({ access_token: token }),
    })
    if (answer.status === 404 || answer.status === 422) return undefined
    const found = successOf(answer, url)
    const user = objectFrom(found['user'])
    if (!user || objectFrom(found['app'])?.['client_id'] !== clientId) return undefined
    const emails = withEmail ? await emailsOf(apiUrl, token) : undefined
    const subject = github.person(user)?.subject
    const { login } = user
    return {
      ...user,
      preferred_username: login,
      scope: stringsIn(found['scopes']).join(' '),
      ...(subject === undefined ? {} : { sub: subject }),
      ...(typeof found['expires_at'] === 'string' ? { exp: Date.parse(found['expires_at']) / 1000 } : {}),
      ...(emails ? { emails } : {}),
    }
  }
}

/** Undefined where the token may not read them. */
async function emailsOf(apiUrl: string, token: string): Promise<unknown> {
  const headers = { ...github.headers, authorization: `Bearer ${token}` }
  const { status, body } = await fetchJson(`${apiUrl}/user/emails`, { headers })
  return status === 200 ? body : undefined
}

/** A userinfo endpoint, as OpenID Connect Core 5.3 has it. */
export function askEndpoint(endpoint: string, headers: Readonly<Record<string, string>> = {}): AskProvider {
  return async (token) => {
    const answer = await fetchJson(endpoint, { headers: { ...headers, authorization: `Bearer ${token}` } })
    if (answer.status === 400 || answer.status === 401 || answer.status === 403) return undefined
    return withoutToken(successOf(answer, endpoint), token)
  }
}

/** The endpoint of a provider that is known, and its rule for who somebody is. */
export function askPreset(provider: Provider): AskProvider {
  const { issuer, endpoints, headers = {} } = provider
  const remote =
    issuer === undefined
      ? undefined
      : createRemoteIssuer({ issuer, discoveryUrl: discoveryUrlOf(issuer), allowHttp: false })

  async function endpointNow(): Promise<string> {
    const endpoint = endpoints?.userinfo ?? (await remote?.metadata())?.['userinfo_endpoint']
    if (typeof endpoint === 'string' && URL.canParse(endpoint) && isSecure(new URL(endpoint))) return endpoint
    throw new ProviderProblem('misconfigured', `${provider.title} names no userinfo_endpoint that is safe`)
  }

  return async (token) => {
    const claims = await askEndpoint(await endpointNow(), headers)(token)
    const person = claims && provider.person(claims)
    if (!person) return undefined
    const { subject: sub, name } = person
    return { ...claims, sub, ...(name === undefined ? {} : { name }) }
  }
}

function successOf({ status, body }: JsonAnswer, url: string): Readonly<Record<string, unknown>> {
  const found = objectFrom(body)
  if (status === 200 && found) return found
  if (status === 401) {
    throw new ProviderProblem('misconfigured', `${url} answered 401: it does not accept clientId and clientSecret`)
  }
  throw new ProviderProblem('unavailable', `${url} answered ${status}${status === 200 ? ' and no JSON object' : ''}`)
}
