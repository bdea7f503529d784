import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Profile, Secrets } from '../../../src/login/login.js'
import { refreshTokens } from '../../../src/login/protocol/refresh.js'
import { revokeTokens } from '../../../src/login/protocol/revoke.js'
import { type IdentityProvider, signedIn, startIdentityProvider } from '../../support/identity-provider.js'

let idp: IdentityProvider
beforeAll(async () => {
  idp = await startIdentityProvider()
})
afterAll(() => idp.close())

function profileAt(issuer: string): Profile {
  return {
    name: 'default',
    provider: 'oidc',
    issuer,
    clientId: 'cli',
    scopes: ['openid', 'offline_access'],
    user: { subject: 'alice' },
    signedInAt: 0,
  }
}

async function alice(): Promise<[Profile, Secrets]> {
  return [profileAt(idp.issuer), { tokens: await signedIn(idp, 'alice') }]
}

/** The provider of the test, with one kind of answer changed on its way. */
function answering(change: (url: string, send: () => Promise<Response>) => Promise<Response>): typeof fetch {
  return (url, init) => change(String(url), () => fetch(url, init))
}

const atTokenEndpoint = (answer: () => Response | Promise<Response>) =>
  answering((url, send) => (url.endsWith('/token') ? Promise.resolve(answer()) : send()))

describe('refreshTokens', () => {
  it('gives new tokens, and the refresh token that comes next', async () => {
    const [profile, secrets] = await alice()
    const before = Date.now()
    const renewed = await refreshTokens(profile, secrets)
    expect(renewed.accessToken).not.toBe(secrets.tokens.accessToken)
    expect(renewed.refreshToken).not.toBe(secrets.tokens.refreshToken)
    expect(renewed.issuedAt).toBeGreaterThanOrEqual(before)
    expect(renewed.expiresAt).toBe(renewed.issuedAt + 3_600_000)
    expect(renewed.scopes).toEqual(['openid', 'profile', 'email', 'offline_access'])
    await expect(refreshTokens(profile, { tokens: renewed })).resolves.toBeDefined()
  })

  it('keeps the refresh token and the scopes that an answer leaves out', async () => {
    const [profile, secrets] = await alice()
    const bare = atTokenEndpoint(() => Response.json({ access_token: 'new', token_type: 'Bearer' }))
    const renewed = await refreshTokens(profile, secrets, { fetch: bare })
    expect(renewed).toEqual({
      accessToken: 'new',
      issuedAt: renewed.issuedAt,
      refreshToken: secrets.tokens.refreshToken,
      idToken: secrets.tokens.idToken,
      scopes: secrets.tokens.scopes,
    })
  })

  it('says that it is over when a refresh token is used twice, and the thief gets nothing either', async () => {
    const [profile, secrets] = await alice()
    const renewed = await refreshTokens(profile, secrets)
    await expect(refreshTokens(profile, secrets)).rejects.toMatchObject({ code: 'login_expired' })
    await expect(refreshTokens(profile, { tokens: renewed })).rejects.toMatchObject({ code: 'login_expired' })
  })

  it('says that it is over without a refresh token, and asks nobody', async () => {
    const [profile, { tokens }] = await alice()
    const { refreshToken: _, ...without } = tokens
    const nobody: typeof fetch = () => Promise.reject(new Error('asked'))
    await expect(refreshTokens(profile, { tokens: without }, { fetch: nobody })).rejects.toMatchObject({
      code: 'login_expired',
    })
  })

  it('refuses a renewed ID token about somebody else', async () => {
    const [profile, secrets] = await alice()
    const bob = await signedIn(idp, 'bob')
    const swapped = atTokenEndpoint(() =>
      Response.json({ access_token: 'a', token_type: 'Bearer', id_token: bob.idToken }),
    )
    await expect(refreshTokens(profile, secrets, { fetch: swapped })).rejects.toMatchObject({
      code: 'id_token_invalid',
    })
  })

  const oauthError = (error: string, status = 400) => Response.json({ error }, { status })

  it.each<[string, () => Response | Promise<Response>, string]>([
    ['invalid_grant', () => oauthError('invalid_grant'), 'login_expired'],
    ['a wish to see the person', () => oauthError('interaction_required'), 'login_expired'],
    ['a client that is not known', () => oauthError('invalid_client', 401), 'provider_credentials_rejected'],
    ['too many requests', () => oauthError('slow_down', 429), 'provider_unavailable'],
    ['too many requests, in HTML', () => new Response('<p>', { status: 429 }), 'provider_unavailable'],
    ['503', () => new Response('', { status: 503 }), 'provider_unavailable'],
    ['500', () => new Response('', { status: 500 }), 'refresh_uncertain'],
    ['200 that is no JSON', () => new Response('<html>'), 'refresh_uncertain'],
    ['a connection that broke', () => broken('ECONNRESET'), 'refresh_uncertain'],
    ['no answer in time', () => Promise.reject(new DOMException('', 'TimeoutError')), 'refresh_uncertain'],
    ['nobody there', () => broken('ECONNREFUSED'), 'provider_unavailable'],
    ['a host that is not found', () => broken('ENOTFOUND'), 'provider_unavailable'],
  ])('answers %s', async (_, answer, code) => {
    const [profile, secrets] = await alice()
    await expect(refreshTokens(profile, secrets, { fetch: atTokenEndpoint(answer) })).rejects.toMatchObject({ code })
  })

  it('is unavailable, and has certainly not asked, where discovery fails', async () => {
    const [profile, secrets] = await alice()
    const off = answering(() => broken('ECONNRESET'))
    await expect(refreshTokens(profile, secrets, { fetch: off })).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
  })

  it('ends at the signal', async () => {
    const [profile, secrets] = await alice()
    const signal = AbortSignal.timeout(50)
    const hanging: typeof fetch = (url, init) =>
      String(url).endsWith('/token')
        ? new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
        : fetch(url, init)
    await expect(refreshTokens(profile, secrets, { signal, fetch: hanging })).rejects.toMatchObject({
      code: 'refresh_uncertain',
    })
  })

  it('repeats no token, whatever the provider says', async () => {
    const [profile, secrets] = await alice()
    const { refreshToken, accessToken } = secrets.tokens
    for (const error of ['invalid_grant', 'invalid_scope', 'weird']) {
      const echo = atTokenEndpoint(() =>
        Response.json({ error, error_description: `${refreshToken} ${accessToken}` }, { status: 400 }),
      )
      const refused = await refreshTokens(profile, secrets, { fetch: echo }).catch((failed: Error) => failed)
      expect(refused).toBeInstanceOf(Error)
      expect(inspect(refused)).not.toContain(refreshToken)
      expect(inspect(refused)).not.toContain(accessToken)
    }
  })
})

function broken(code: string): Promise<Response> {
  return Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }))
}

describe('revokeTokens', () => {
  it('takes back the refresh token and the access token', async () => {
    const [profile, secrets] = await alice()
    await expect(revokeTokens(profile, secrets)).resolves.toBe('revoked')
    await expect(refreshTokens(profile, secrets)).rejects.toMatchObject({ code: 'login_expired' })
    const { status } = await fetch(`${idp.issuer}/me`, {
      headers: { authorization: `Bearer ${secrets.tokens.accessToken}` },
    })
    expect(status).toBe(401)
  })

  it('asks for the refresh token first, and is content without the access token', async () => {
    const [profile, secrets] = await alice()
    const hints: unknown[] = []
    const jwt: typeof fetch = async (url, init) => {
      if (!String(url).endsWith('/revocation')) return fetch(url, init)
      const hint = new URLSearchParams(String(init?.body)).get('token_type_hint')
      hints.push(hint)
      return hint === 'access_token'
        ? Response.json({ error: 'unsupported_token_type' }, { status: 400 })
        : new Response(null, { status: 200 })
    }
    await expect(revokeTokens(profile, secrets, { fetch: jwt })).resolves.toBe('partly')
    expect(hints).toEqual(['refresh_token', 'access_token'])
  })

  it('is unsupported where the provider has no endpoint for it', async () => {
    const bare = await startIdentityProvider({ configuration: { features: { revocation: { enabled: false } } } })
    try {
      const secrets = { tokens: await signedIn(bare, 'alice') }
      await expect(revokeTokens(profileAt(bare.issuer), secrets)).resolves.toBe('unsupported')
    } finally {
      await bare.close()
    }
  })

  it('gives up on a provider that hangs', async () => {
    const [profile, secrets] = await alice()
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const hanging: typeof fetch = (url, init) =>
      fetch(String(url).endsWith('/revocation') ? `http://127.0.0.1:${port}/` : url, init)
    const startedAt = performance.now()
    await expect(revokeTokens(profile, secrets, { fetch: hanging })).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
    expect(performance.now() - startedAt).toBeLessThan(7000)
    server.closeAllConnections()
    server.close()
  })

  it.each<[string, () => Response, string]>([
    ['github', () => new Response(null, { status: 204 }), 'revoked'],
    ['github', () => new Response(null, { status: 404 }), 'provider_refused'],
    ['slack', () => Response.json({ ok: true, revoked: true }), 'revoked'],
    ['slack', () => Response.json({ ok: false, error: 'token_revoked' }), 'provider_refused'],
  ])('goes the way of %s', async (provider, answer, outcome) => {
    const asked: string[] = []
    const vendor: typeof fetch = async (url, init) => {
      asked.push(`${init?.method} ${url}`)
      return answer()
    }
    const { issuer: _, ...profile } = { ...profileAt(''), provider }
    const secrets = { tokens: { accessToken: 'token', issuedAt: 0, scopes: [] }, clientSecret: 'secret' }
    const result = await revokeTokens(profile, secrets, { fetch: vendor }).catch(({ code }) => code)
    expect(result).toBe(outcome)
    expect(asked).toHaveLength(1)
  })
})
