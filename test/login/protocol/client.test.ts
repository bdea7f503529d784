import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClientSecretBasic, clientCredentialsGrant } from 'openid-client'
import { afterEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../src/login/protocol/client.js'
import { providerNamed } from '../../../src/providers/index.js'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server that answers as it is told; returns its origin. */
async function serve(handle: RequestListener): Promise<string> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Document = Record<string, unknown>

/** A provider of which there is nothing but a discovery document. */
function documented(change: (document: Document, origin: string) => unknown = (document) => document): Promise<string> {
  return serve((request, response) => {
    const origin = `http://${request.headers.host}`
    const document = {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(change(document, origin)))
  })
}

const oidc = providerNamed('oidc')
const open = (issuer: string) => openClient({ provider: oidc, issuer, clientId: 'cli' })

describe('openClient', () => {
  it('reads the discovery document of the issuer', async () => {
    const issuer = await documented()
    const client = await open(issuer)
    expect(client.serverMetadata()).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })
  })

  it.each<[string, (document: Document, origin: string) => unknown, (origin: string) => string]>([
    ['has no slash, and is asked for with one', (document) => document, (origin) => `${origin}/`],
    ['has a slash, and is asked for without', (d, origin) => ({ ...d, issuer: `${origin}/` }), (origin) => origin],
    ['is another', (d) => ({ ...d, issuer: 'https://evil.example.com' }), (origin) => origin],
    ['has another path', (d, origin) => ({ ...d, issuer: `${origin}/realms/a` }), (origin) => `${origin}/realms/b`],
    ['is localhost by its name', (d, origin) => ({ ...d, issuer: origin.replace('127.0.0.1', 'localhost') }), (o) => o],
  ])('refuses an issuer that %s, and shows both', async (_, change, asked) => {
    const origin = await documented(change)
    const named = (change({ issuer: origin }, origin) as { issuer: string }).issuer
    await expect(open(asked(origin))).rejects.toMatchObject({
      code: 'issuer_mismatch',
      message: expect.stringMatching(new RegExp(`"${named}".*"${asked(origin)}"`)),
    })
  })

  it('says to name the tenant where the document stands for every tenant', async () => {
    const template = 'https://login.microsoftonline.com/{tenantid}/v2.0'
    const entra: typeof fetch = async () => Response.json({ issuer: template })
    const opening = openClient({
      provider: providerNamed('entra'),
      issuer: 'https://login.microsoftonline.com/common/v2.0',
      clientId: 'cli',
      fetch: entra,
    })
    await expect(opening).rejects.toMatchObject({
      code: 'issuer_mismatch',
      hint: expect.stringContaining('Name yours'),
    })
  })

  it.each<[string, RequestListener, string]>([
    ['404', (_, response) => response.writeHead(404).end(), 'provider_misconfigured'],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'provider_misconfigured',
    ],
    ['a page', (_, response) => response.end('<html>'), 'provider_misconfigured'],
    ['a list', (_, response) => response.end('[]'), 'provider_misconfigured'],
    ['a document without an issuer', (_, response) => response.end('{}'), 'provider_misconfigured'],
    ['500', (_, response) => response.writeHead(500).end(), 'provider_unavailable'],
    ['no answer', (request) => request.socket.destroy(), 'provider_unavailable'],
  ])('says so where discovery gives %s', async (_, handle, code) => {
    await expect(open(await serve(handle))).rejects.toMatchObject({ code })
  })

  it('gives up on a provider that takes too long', async () => {
    const late: typeof fetch = () => Promise.reject(new DOMException('', 'TimeoutError'))
    const opening = openClient({ provider: oidc, issuer: 'https://login.example.com', clientId: 'cli', fetch: late })
    await expect(opening).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringContaining('took too long'),
    })
  })

  it('says so where nobody is there', async () => {
    const issuer = await documented()
    for (const close of closers.splice(0)) close()
    await expect(open(issuer)).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it.each([
    'http://login.example.com',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    'http://[::2]',
    'http://0.0.0.0',
  ])('asks nobody at %s, which is plain http', async (issuer) => {
    const nobody: typeof fetch = () => Promise.reject(new Error('asked'))
    const opening = openClient({ provider: oidc, issuer, clientId: 'cli', fetch: nobody })
    await expect(opening).rejects.toMatchObject({ code: 'issuer_insecure' })
  })

  it.each(['ftp://login.example.com', 'file:///etc/passwd', 'https://user:secret@login.example.com', 'nothing'])(
    'takes %s for no issuer',
    async (issuer) => {
      const error = await open(issuer).catch((failed: Error) => failed)
      expect(error).toMatchObject({ code: 'provider_misconfigured' })
      expect(String(error)).not.toContain('secret')
    },
  )

  it.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'revocation_endpoint'])(
    'sends nothing to a %s that is plain http elsewhere',
    async (endpoint) => {
      const issuer = await documented((document) => ({ ...document, [endpoint]: 'http://evil.example.com/' }))
      await expect(open(issuer)).rejects.toMatchObject({ code: 'issuer_insecure' })
    },
  )

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'authkit-app://x', '//evil.example.com'])(
    'sends no browser to %s',
    async (url) => {
      const issuer = await documented((document) => ({ ...document, authorization_endpoint: url }))
      await expect(open(issuer)).rejects.toMatchObject({ code: 'provider_misconfigured' })
    },
  )

  it('takes the endpoints of a provider without discovery from its preset, and asks nobody', async () => {
    const nobody: typeof fetch = () => Promise.reject(new Error('asked'))
    const client = await openClient({ provider: providerNamed('github'), clientId: 'cli', fetch: nobody })
    expect(client.serverMetadata()).toMatchObject({
      token_endpoint: 'https://github.com/login/oauth/access_token',
      device_authorization_endpoint: 'https://github.com/login/device/code',
    })
  })

  it('asks for the issuer where every customer has one', async () => {
    await expect(openClient({ provider: oidc, clientId: 'cli' })).rejects.toMatchObject({
      code: 'login_not_configured',
    })
  })

  it.each([
    [undefined, 'basic'],
    [['client_secret_basic', 'client_secret_post'], 'basic'],
    [['client_secret_post'], 'post'],
    [['private_key_jwt'], 'basic'],
  ])('shows the secret in the way that the provider takes: %j', async (offered, way) => {
    const issuer = await documented((document) => ({ ...document, token_endpoint_auth_methods_supported: offered }))
    let sent: RequestInit | undefined
    const client = await openClient({
      provider: oidc,
      issuer,
      clientId: 'cli',
      clientSecret: 'of the app',
      fetch: async (url, init) => {
        if (!String(url).endsWith('/token')) return fetch(url, init)
        sent = init
        return Response.json({ access_token: 'a', token_type: 'bearer' })
      },
    })
    await clientCredentialsGrant(client)
    const { authorization } = (sent?.headers ?? {}) as Record<string, string>
    expect(authorization === undefined ? 'post' : 'basic').toBe(way)
    expect(new URLSearchParams(String(sent?.body)).get('client_secret')).toBe(way === 'post' ? 'of the app' : null)
  })

  it('takes the secret as form and header have it, whatever is in it', () => {
    const headers = new Headers()
    ClientSecretBasic('a:b c%')({ issuer: 'x' }, { client_id: 'cli' }, new URLSearchParams(), headers)
    expect(atob(headers.get('authorization')?.slice(6) as string)).toBe('cli:a%3Ab+c%25')
  })
})
