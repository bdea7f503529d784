import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  type ServerMetadata,
} from 'openid-client'
import { printable } from '../../cli/printable.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Endpoints, Provider } from '../../providers/provider.js'
import { discoveryError } from './errors.js'
import { providerFetch } from './provider-fetch.js'
import { isLoopback, secureUrl } from './secure-url.js'

/** How long a provider has to answer, in seconds. */
const DISCOVERY_SECONDS = 10
const REQUEST_SECONDS = 15

export interface ClientOptions {
  readonly provider: Provider
  /** The one of the preset, where there is one for everybody. */
  readonly issuer?: string | undefined
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly fetch?: typeof fetch | undefined
  /** Ends every request of this client. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A provider as openid-client knows it: from its discovery document, or from the preset where it has none. ID tokens are
 * taken with a good signature only, which is not what openid-client does by itself.
 *
 * @throws AuthkitError `issuer_mismatch` where the document names another issuer than the one asked for, to the letter;
 *   `issuer_insecure` for plain http that leaves this machine; `provider_unavailable` and `provider_misconfigured`.
 * @example
 * const client = await openClient({ provider, issuer: 'https://id.example.com/', clientId: 'cli' })
 */
export async function openClient(options: ClientOptions): Promise<Configuration> {
  const { provider, clientId, clientSecret, signal } = options
  const send = withSignal(options.fetch ?? fetch, signal)
  const issuer = options.issuer ?? provider.issuer
  const metadata = provider.endpoints ? fixed(provider, provider.endpoints) : await discovered(provider, issuer, send)
  for (const [name, url] of Object.entries(metadata)) {
    if (typeof url === 'string' && (name === 'jwks_uri' || name.endsWith('_endpoint')))
      secureUrl(url, `the ${name} of ${provider.title}`)
  }
  const client = new Configuration(metadata, clientId, undefined, clientAuth(provider, metadata, clientSecret))
  enableNonRepudiationChecks(client)
  if (Object.values(metadata).some((url) => typeof url === 'string' && url.startsWith('http:')))
    allowInsecureRequests(client)
  client.timeout = REQUEST_SECONDS
  client[customFetch] = providerFetch({
    provider,
    fetch: send,
    endpoints: { token: metadata.token_endpoint, device: metadata.device_authorization_endpoint },
  })
  return client
}

function withSignal(send: typeof fetch, signal: AbortSignal | undefined): typeof fetch {
  if (!signal) return send
  return (url, init) => send(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal })
}

/** openid-client wants an issuer. Where none is known, nothing is compared with it. */
function fixed({ callbackIssuer }: Provider, endpoints: Endpoints): ServerMetadata {
  const { authorization, token, userinfo, revocation, device } = endpoints
  return {
    issuer: callbackIssuer ?? new URL(token).origin,
    authorization_endpoint: authorization,
    token_endpoint: token,
    ...(userinfo !== undefined && { userinfo_endpoint: userinfo }),
    ...(revocation !== undefined && { revocation_endpoint: revocation }),
    ...(device !== undefined && { device_authorization_endpoint: device }),
  }
}

async function discovered(provider: Provider, issuer: string | undefined, send: typeof fetch): Promise<ServerMetadata> {
  if (issuer === undefined) {
    const example = provider.issuerExample ? `, such as --issuer ${provider.issuerExample}` : ' with --issuer URL'
    throw new AuthkitError('login_not_configured', `${provider.title} has no issuer for everybody.`, {
      hint: `Name yours${example}.`,
    })
  }
  const url = secureUrl(issuer, 'the issuer')
  try {
    const client = await discovery(url, 'discovery', undefined, None(), {
      timeout: DISCOVERY_SECONDS,
      [customFetch]: providerFetch({ provider, fetch: send, endpoints: {} }),
      ...(isLoopback(url) && { execute: [allowInsecureRequests] }),
    })
    const metadata = client.serverMetadata()
    assertSameIssuer(metadata.issuer, issuer)
    return metadata
  } catch (error) {
    const named = namedIssuer(error)
    if (named !== undefined) assertSameIssuer(named, issuer)
    throw discoveryError(error, issuer)
  }
}

/** OpenID Connect Discovery 4.3: to the letter, so a slash at the end makes another issuer. */
function assertSameIssuer(named: string, issuer: string): void {
  if (named === issuer) return
  throw new AuthkitError(
    'issuer_mismatch',
    `The provider calls itself "${printable(named)}", and was asked for as "${printable(issuer)}".`,
    named.includes('{tenantid}')
      ? { hint: 'This address stands for every tenant. Name yours: https://login.microsoftonline.com/<tenant id>/v2.0' }
      : {},
  )
}

/** The issuer in a document that openid-client refuses for it. */
function namedIssuer(error: unknown): string | undefined {
  const { cause } = (error ?? {}) as { cause?: { attribute?: string; body?: { issuer?: unknown } } }
  const named = cause?.attribute === 'issuer' ? cause.body?.issuer : undefined
  return typeof named === 'string' ? named : undefined
}

/** What the preset says, unless the provider's own document lists only the other. */
function clientAuth(
  { clientAuth: preferred }: Provider,
  { token_endpoint_auth_methods_supported: offered }: ServerMetadata,
  secret: string | undefined,
) {
  if (secret === undefined) return None()
  const other = preferred === 'client_secret_post' ? 'client_secret_basic' : 'client_secret_post'
  const method = offered && !offered.includes(preferred) && offered.includes(other) ? other : preferred
  return method === 'client_secret_post' ? ClientSecretPost(secret) : ClientSecretBasic(secret)
}
