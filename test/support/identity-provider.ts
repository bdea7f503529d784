import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type ClientMetadata, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
} from 'openid-client'
import type { TokenSet } from '../../src/login/login.js'
import { openClient } from '../../src/login/protocol/client.js'
import { tokenSetOf } from '../../src/login/protocol/tokens.js'
import { providerNamed } from '../../src/providers/index.js'

export interface IdentityProviderOptions {
  readonly clients?: readonly ClientMetadata[]
  /** Changes an answer on its way out, as a forger or a broken provider would. The route is oidc-provider's: `token`. */
  readonly tamper?: (route: string, context: KoaContextWithOIDC) => void | Promise<void>
  readonly configuration?: Configuration
}

export interface IdentityProvider {
  readonly issuer: string
  readonly provider: Provider
  /** The private key that ID tokens are signed with. */
  readonly key: JWK
  /** How often each route was asked: `token`, `userinfo`. */
  readonly asked: (route: string) => number
  close(): Promise<void>
}

/** In seconds. */
const TTL = {
  AccessToken: 3600,
  AuthorizationCode: 60,
  DeviceCode: 600,
  Grant: 86_400,
  IdToken: 3600,
  Interaction: 3600,
  RefreshToken: 86_400,
  Session: 86_400,
}

/** The application of `authkit login`: public, with a callback on any port, and the device flow. */
export const CLI_CLIENT: ClientMetadata = {
  client_id: 'cli',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
}

/**
 * A real OpenID provider (oidc-provider) on a free port, with a page that signs in whoever is named on it. Refresh tokens
 * rotate; using one twice revokes everything.
 */
export async function startIdentityProvider(options: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'first', use: 'sig', alg: 'RS256' }
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { features, ...configuration } = options.configuration ?? {}
  const provider = new Provider(issuer, {
    clients: [...(options.clients ?? [CLI_CLIENT])],
    jwks: { keys: [key] },
    cookies: { keys: ['only for tests'] },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    // The claims of a scope stand in the ID token too.
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    clientBasedCORS: () => false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: nameOf(id), email: `${id}@example.com`, email_verified: true }),
    }),
    ttl: TTL,
    ...configuration,
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: false },
      ...features,
    },
  })
  const counts = new Map<string, number>()
  provider.use(async (context, next) => {
    await next()
    const route = context.oidc?.route ?? ''
    counts.set(route, (counts.get(route) ?? 0) + 1)
    if (context.oidc) await options.tamper?.(route, context as KoaContextWithOIDC)
  })
  server.on('request', provider.callback())
  return {
    issuer,
    provider,
    key,
    asked: (route) => counts.get(route) ?? 0,
    close: () => close(server),
  }
}

function nameOf(id: string): string {
  return id.charAt(0).toUpperCase() + id.slice(1)
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Tokens for a user, as a sign-in by `authkit login` gives them. */
export async function signedIn(
  { issuer }: IdentityProvider,
  user: string,
  { clientId = 'cli', scope = 'openid profile email offline_access' } = {},
): Promise<TokenSet> {
  const client = await openClient({ provider: providerNamed('oidc'), issuer, clientId })
  const verifier = randomPKCECodeVerifier()
  const url = buildAuthorizationUrl(client, {
    redirect_uri: 'http://127.0.0.1:47821/callback',
    scope,
    prompt: 'consent',
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const answer = await authorizationCodeGrant(client, await consent(url, user), { pkceCodeVerifier: verifier })
  return tokenSetOf(answer, scope.split(' '), Date.now())
}

/**
 * What a browser and a person do with an authorization URL, without a browser: signs in, consents, and returns the
 * callback, which is not visited.
 */
export async function consent(authorizationUrl: string | URL, user: string): Promise<URL> {
  const left = await browse(new URL(authorizationUrl), user)
  if (left instanceof URL) return left
  throw new Error(`No way on: ${left}`)
}

/** What they do with a device code; without a user, the person says no. */
export async function approve({ completeUrl }: { completeUrl?: string }, user: string | undefined): Promise<void> {
  await browse(new URL(completeUrl as string), user)
}

/** Fills in every form until the provider sends the browser elsewhere, or shows a page without one: its text. */
async function browse(start: URL, user: string | undefined): Promise<URL | string> {
  const jar = new Map<string, string>()
  let url = start
  let form: URLSearchParams | undefined
  let aborted = false
  for (let step = 0; step < 20; step++) {
    const response: Response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) as unknown as [string, string, string]
      jar.set(name, value)
    }
    const location = response.headers.get('location')
    form = undefined
    if (location !== null) {
      url = new URL(location, url)
      if (url.origin !== start.origin) return url
      continue
    }
    const page = await response.text()
    if (aborted) return page
    const abort = user === undefined ? /href="([^"]+\/abort)"/.exec(page)?.[1] : undefined
    if (abort !== undefined) {
      aborted = true
      url = new URL(abort, url)
      continue
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
    if (action === undefined) return page
    const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    form = new URLSearchParams(hidden.map(([, name, value]) => [name as string, value as string]))
    if (form.get('prompt') === 'login') {
      form.set('login', String(user))
      form.set('password', 'any')
    }
    url = new URL(action, url)
  }
  throw new Error('The provider never came to an end.')
}
