import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'

/** A key pair of an issuer, and its public half as it is published. */
export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function createKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A real OpenID provider, behind a door that counts who comes and can be shut. */
export interface TestIssuer {
  readonly issuer: string
  /** The key that it signs with. */
  readonly key: SigningKey
  /** The paths that were asked for, oldest first. */
  readonly requests: string[]
  /** What it answers in the place of the provider, by path. */
  readonly answers: Map<string, (response: ServerResponse) => void>
  /** An access token as the provider makes it (RFC 9068). */
  accessToken(subject: string, options?: { audience?: string; client?: string; scope?: string }): Promise<string>
  /** Tokens that only the provider can read. */
  opaqueToken(subject: string): Promise<string>
  refreshToken(subject: string): Promise<string>
  /** Takes an opaque token back. */
  revoke(token: string): Promise<void>
  /** How often something was asked for. */
  count(path: string): number
  close(): Promise<void>
}

export const DISCOVERY = '/.well-known/openid-configuration'
export const JWKS = '/jwks'
export const INTROSPECTION = '/token/introspection'

/** The service that the tokens of these tests are for, and the application that they are issued to. */
export const AUDIENCE = 'https://agent.example.com'
export const CLIENT = 'my-app'
export const SECRET = 'a-secret-of-the-test'

export async function startIssuer(): Promise<TestIssuer> {
  const key = await createKey('first')
  const requests: string[] = []
  const answers: TestIssuer['answers'] = new Map()
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
    requests.push(path)
    const answer = answers.get(path)
    if (answer) answer(response)
    else handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const clientOf = (client_id: string) => ({
    client_id,
    client_secret: SECRET,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    ...(client_id === 'post-app' ? { token_endpoint_auth_method: 'client_secret_post' as const } : {}),
  })
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(key.privateKey)), kid: key.kid, alg: key.alg, use: 'sig' }] },
    clients: [CLIENT, 'other-app', 'post-app'].map(clientOf),
    scopes: ['openid', 'offline_access', 'threads:read', 'threads:write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  })
  const handler = provider.callback()
  const grantTo = async (accountId: string) => {
    const grant = new provider.Grant({ accountId, clientId: CLIENT })
    grant.addOIDCScope('openid threads:read')
    return await grant.save()
  }

  return {
    issuer,
    key,
    requests,
    answers,
    count: (path) => requests.filter((one) => one === path).length,
    async accessToken(subject, { audience = AUDIENCE, client = CLIENT, scope = 'threads:read' } = {}) {
      const found = await provider.Client.find(client)
      const token = new provider.AccessToken({
        accountId: subject,
        client: found,
        scope,
        gty: 'authorization_code',
      } as never)
      token.resourceServer = new provider.ResourceServer(audience, {
        scope: 'threads:read threads:write',
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
      } as never)
      return await token.save()
    },
    async opaqueToken(subject) {
      const grantId = await grantTo(subject)
      const client = await provider.Client.find(CLIENT)
      const made = new provider.AccessToken({ accountId: subject, client, grantId, gty: 'authorization_code' } as never)
      made.scope = 'threads:read'
      return await made.save()
    },
    async refreshToken(subject) {
      const grantId = await grantTo(subject)
      const client = await provider.Client.find(CLIENT)
      const made = { accountId: subject, client, grantId, gty: 'authorization_code', scope: 'openid' }
      return await new provider.RefreshToken(made as never).save()
    },
    async revoke(token) {
      await (await provider.AccessToken.find(token))?.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The claims of an access token that gets in, as of now. */
export function goodClaims(issuer: string): JWTPayload & Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: 'alice',
    aud: AUDIENCE,
    client_id: CLIENT,
    scope: 'threads:read',
    jti: 'a-token-id',
    iat: now,
    exp: now + 3600,
  }
}

export async function sign(
  { kid, alg, privateKey }: SigningKey,
  claims: JWTPayload,
  header: Record<string, unknown> = {},
): Promise<string> {
  const wanted = { alg, kid, typ: 'at+jwt', ...header }
  const present = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  return await new SignJWT(claims).setProtectedHeader(present as never).sign(privateKey)
}

/** Compact parts of anything, whether a library would sign it or not. */
export function raw(header: unknown, claims: unknown, signature = ''): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

export function bearing(authorization?: string | readonly string[], url = 'http://agent.example/threads'): Request {
  const headers = new Headers()
  for (const one of authorization === undefined ? [] : [authorization].flat()) headers.append('authorization', one)
  return new Request(url, { headers })
}
