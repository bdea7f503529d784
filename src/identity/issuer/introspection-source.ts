import type { Configuration } from 'openid-client'
import type { AskProvider } from '../asking-method.js'
import type { Claims } from '../token/claims.js'
import { boundedFetch, ProviderProblem } from './fetch-json.js'

export interface IntrospectionClient {
  /** Whose tokens they are: openid-client wants to know. */
  readonly issuer: string
  readonly endpoint: () => Promise<string>
  readonly clientId: string
  readonly clientSecret: string
  readonly clientAuth: ClientAuth
}

export type ClientAuth = 'client_secret_basic' | 'client_secret_post'

/** A provider's word on a token (RFC 7662). */
export function askIntrospection(options: IntrospectionClient): AskProvider {
  let known: { readonly endpoint: string; readonly client: Promise<Configuration> } | undefined

  return async (token) => {
    const endpoint = await options.endpoint()
    if (known?.endpoint !== endpoint) known = { endpoint, client: openClient(options, endpoint) }
    const { tokenIntrospection } = await import('openid-client')
    try {
      const { active, username, ...claims } = await tokenIntrospection(await known.client, token, {
        token_type_hint: 'access_token',
      })
      return active ? withoutToken({ preferred_username: username, ...claims }, token) : undefined
    } catch (error) {
      // What anybody can send must not shut the door on everybody.
      if (isAboutToken(error)) return undefined
      throw problemOf(error, endpoint)
    }
  }
}

async function openClient(options: IntrospectionClient, endpoint: string): Promise<Configuration> {
  const { issuer, clientId, clientSecret, clientAuth } = options
  const library = await import('openid-client')
  const secret = clientAuth === 'client_secret_post' ? library.ClientSecretPost : library.ClientSecretBasic
  const metadata = { issuer, introspection_endpoint: endpoint }
  const client = new library.Configuration(metadata, clientId, undefined, secret(clientSecret))
  client[library.customFetch] = (url, init) => boundedFetch(url, init as RequestInit)
  if (endpoint.startsWith('http:')) library.allowInsecureRequests(client)
  return client
}

/** Some providers repeat the token. It must not get into a user, who is stored. */
export function withoutToken(claims: Readonly<Record<string, unknown>>, token: string): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== token))
}

/** Whether the provider refuses the question, and not who asks (RFC 6749 5.2). */
function isAboutToken(error: unknown): boolean {
  const { status, error: code } = error as { status?: unknown; error?: unknown }
  return status === 400 && code !== 'invalid_client' && code !== 'unauthorized_client'
}

/** Of the error itself, or of the answer that it could not read. */
function statusOf(error: unknown): unknown {
  const { status, cause } = error as { status?: unknown; cause?: unknown }
  return status ?? (cause instanceof Response ? cause.status : undefined)
}

/** openid-client wraps what it can't read; what our own fetch says stands somewhere below. */
function problemOf(error: unknown, endpoint: string): ProviderProblem {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof ProviderProblem) return at
  const status = statusOf(error)
  if (status === 400 || status === 401 || status === 403) {
    return new ProviderProblem(
      'misconfigured',
      `${endpoint} answered ${status}: it does not let this client introspect`,
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new ProviderProblem('unavailable', `${endpoint} gave no answer that could be read: ${reason}`)
}
