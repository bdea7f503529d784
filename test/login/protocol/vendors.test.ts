import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { signInWithBrowser } from '../../../src/login/browser/sign-in-with-browser.js'
import { openClient } from '../../../src/login/protocol/client.js'
import type { SignedIn } from '../../../src/login/sign-in.js'
import { providerNamed } from '../../../src/providers/index.js'
import type { Provider } from '../../../src/providers/provider.js'

/** The shapes of identity providers that leave the standards, each replayed by a server of its own. */
interface Vendor {
  readonly preset: string
  /** The answer of the token endpoint to a good code. */
  readonly tokens: (c: Context) => Response
  readonly user: unknown
  readonly emails?: unknown
  /** Answers to bad codes, and the code of ours that each becomes. */
  readonly refusals: readonly (readonly [name: string, answer: (c: Context) => Response, code: string])[]
  readonly expected: { readonly person: object; readonly scopes: readonly string[]; readonly refresh?: string }
  /** What has to be in the request for tokens. */
  readonly auth: 'basic' | 'post'
}

const ACCESS = 'planted-access-token-0123456789'
const REFRESH = 'planted-refresh-token-0123456789'
const form = (c: Context, fields: Record<string, string>) =>
  c.body(new URLSearchParams(fields).toString(), 200, { 'content-type': 'application/x-www-form-urlencoded' })

const VENDORS: readonly Vendor[] = [
  {
    preset: 'github',
    tokens: (c) =>
      form(c, {
        access_token: ACCESS,
        token_type: 'bearer',
        scope: 'read:user,user:email',
        expires_in: '28800',
        refresh_token: REFRESH,
        refresh_token_expires_in: '15897600',
      }),
    user: { id: 583231, login: 'octocat', name: 'The Octocat', email: null },
    emails: [{ email: 'octocat@github.com', primary: true, verified: true }],
    refusals: [
      [
        'a bad code, with 200',
        (c) => c.json({ error: 'bad_verification_code', error_description: 'The code is incorrect' }),
        'provider_refused',
      ],
      ['the same as a form', (c) => form(c, { error: 'bad_verification_code' }), 'provider_refused'],
      [
        'a wrong secret, with 200',
        (c) => c.json({ error: 'incorrect_client_credentials' }),
        'provider_credentials_rejected',
      ],
      ['a wrong callback, with 200', (c) => c.json({ error: 'redirect_uri_mismatch' }), 'provider_redirect_mismatch'],
      ['a page', (c) => c.html('<p>Not found', 404), 'provider_misconfigured'],
    ],
    expected: {
      person: { subject: '583231', name: 'The Octocat', email: 'octocat@github.com', emailVerified: true },
      scopes: ['read:user', 'user:email'],
      refresh: REFRESH,
    },
    auth: 'post',
  },
  {
    preset: 'bitbucket',
    tokens: (c) =>
      c.json({
        access_token: ACCESS,
        token_type: 'bearer',
        scopes: 'account email',
        expires_in: 7200,
        refresh_token: REFRESH,
      }),
    user: { uuid: '{c788b2da-b7a2-404c-9e26-d3f077557007}', display_name: 'Tutorials Account' },
    emails: { values: [{ email: 'a@example.com', is_primary: true, is_confirmed: true }] },
    refusals: [
      [
        'a bad code',
        (c) => c.json({ error: 'invalid_grant', error_description: 'The specified code is not valid.' }, 400),
        'provider_refused',
      ],
      ['a wrong secret', (c) => c.json({ error: 'unauthorized_client' }, 400), 'provider_permission_missing'],
    ],
    expected: {
      person: { subject: '{c788b2da-b7a2-404c-9e26-d3f077557007}', name: 'Tutorials Account', email: 'a@example.com' },
      scopes: ['account', 'email'],
      refresh: REFRESH,
    },
    auth: 'basic',
  },
  {
    preset: 'feishu',
    tokens: (c) =>
      c.json({
        code: 0,
        access_token: ACCESS,
        expires_in: 7200,
        refresh_token: REFRESH,
        refresh_token_expires_in: 604800,
        token_type: 'Bearer',
        scope: 'offline_access auth:user.id:read',
      }),
    user: {
      code: 0,
      msg: 'success',
      data: { name: '张三', open_id: 'ou_1', union_id: 'on_1', email: 'zs@example.com' },
    },
    refusals: [
      [
        'a used code',
        (c) => c.json({ code: 20065, error: 'invalid_grant', error_description: 'used' }, 400),
        'provider_refused',
      ],
      [
        'a scope that is not enabled',
        (c) => c.json({ code: 20027, error: 'invalid_scope' }, 400),
        'provider_scope_invalid',
      ],
      [
        'a scope of OpenID Connect',
        (c) => c.json({ code: 20043, error: 'invalid_scope' }, 400),
        'provider_scope_invalid',
      ],
      ['another callback', (c) => c.json({ code: 20071, error: 'invalid_grant' }, 400), 'provider_redirect_mismatch'],
      [
        'a wrong secret, in its own shape',
        (c) => c.json({ code: 20002, msg: 'invalid client secret' }),
        'provider_credentials_rejected',
      ],
      ['trouble of its own', (c) => c.json({ code: 20050, error: 'server_error' }, 500), 'provider_unavailable'],
    ],
    expected: {
      person: { subject: 'on_1', name: '张三', email: 'zs@example.com', emailVerified: false },
      scopes: ['offline_access', 'auth:user.id:read'],
      refresh: REFRESH,
    },
    auth: 'post',
  },
]

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Double {
  readonly provider: Provider
  /** What the token endpoint was sent. */
  readonly asked: { body: URLSearchParams; authorization: string | undefined }[]
}

/** The vendor's preset, with the endpoints of a double on this machine. */
async function startDouble({ preset, tokens, user, emails }: Vendor, answer = tokens): Promise<Double> {
  const asked: Double['asked'] = []
  const app = new Hono()
  app.post('/token', async (c) => {
    asked.push({ body: new URLSearchParams(await c.req.text()), authorization: c.req.header('authorization') })
    return answer(c)
  })
  const ifKnown = (c: Context, body: unknown) =>
    c.req.header('authorization') === `Bearer ${ACCESS}` ? c.json(body as object) : c.json({ message: 'no' }, 401)
  app.get('/user', (c) => ifKnown(c, user))
  app.get('/emails', (c) => ifKnown(c, emails))
  const origin = await new Promise<string>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    )
    closers.push(() => server.close())
  })
  const real = providerNamed(preset)
  const endpoints = {
    authorization: `${origin}/authorize`,
    token: `${origin}/token`,
    userinfo: `${origin}/user`,
    ...(emails !== undefined && { emails: `${origin}/emails` }),
  }
  return { asked, provider: { ...real, endpoints, loopback: { rule: 'any-port', host: '127.0.0.1' } } }
}

/** Signs in as the vendor would have it: its callback carries what it carries. */
async function signIn(
  provider: Provider,
  callback: Record<string, string> = {},
): Promise<{ signedIn?: SignedIn; url: URL }> {
  const client = await openClient({ provider, clientId: 'app', clientSecret: 'planted-client-secret' })
  let url: URL | undefined
  const signedIn = await signInWithBrowser(
    { client, provider, scopes: provider.scopes.login },
    {
      save: async (found) => found,
      signal: AbortSignal.timeout(10_000),
      onEvent: (event) => {
        if (event.kind !== 'url') return
        url = new URL(event.url)
        const back = new URL(url.searchParams.get('redirect_uri') as string)
        const state = url.searchParams.get('state') as string
        back.search = new URLSearchParams({ code: 'planted-code', state, ...callback }).toString()
        void fetch(back)
      },
    },
  )
  return { signedIn, url: url as URL }
}

describe.each(VENDORS.map((vendor) => [vendor.preset, vendor] as const))('%s', (_, vendor) => {
  it('signs in, though its answers are its own', async () => {
    const { provider, asked } = await startDouble(vendor)
    const { signedIn, url } = await signIn(provider)
    const { person, scopes, refresh } = vendor.expected
    expect(signedIn?.person).toMatchObject(person)
    expect(signedIn?.tokens).toMatchObject({ accessToken: ACCESS, scopes, refreshToken: refresh })
    expect(signedIn?.tokens.expiresAt).toBeGreaterThan(Date.now())
    expect(url.searchParams.get('code_challenge_method')).toBe(provider.pkce ? 'S256' : null)
    expect(url.searchParams.has('nonce')).toBe(false)
    const [{ body, authorization } = { body: new URLSearchParams() }] = asked
    expect(authorization === undefined ? 'post' : 'basic').toBe(vendor.auth)
    expect(body.has('client_secret')).toBe(vendor.auth === 'post')
    expect(body.has('code_verifier')).toBe(provider.pkce)
    expect(body.get('redirect_uri')).toBe(url.searchParams.get('redirect_uri'))
  })

  it.each(vendor.refusals)('says it in words when it answers %s', async (_name, answer, code) => {
    const { provider } = await startDouble(vendor, answer)
    const error = await signIn(provider).catch((failed: Error) => failed)
    expect(error).toMatchObject({ code })
    expect(String(error)).not.toContain('planted')
  })
})

describe('github', () => {
  const [vendor] = VENDORS as [Vendor]

  it('may say who it is in the callback', async () => {
    const { provider } = await startDouble(vendor)
    const { signedIn } = await signIn(provider, { iss: 'https://github.com/login/oauth' })
    expect(signedIn?.person.subject).toBe('583231')
  })

  it('may be nobody else there', async () => {
    const { provider, asked } = await startDouble(vendor)
    await expect(signIn(provider, { iss: 'https://evil.example.com' })).rejects.toMatchObject({
      code: 'issuer_mismatch',
    })
    expect(asked).toEqual([])
  })

  it('gives nobody a name with a token that it does not know', async () => {
    const { provider } = await startDouble(vendor, (c) => form(c, { access_token: 'other', token_type: 'bearer' }))
    await expect(signIn(provider)).rejects.toMatchObject({ code: 'provider_refused' })
  })
})

describe('slack', () => {
  it('nests the tokens of its users, and answers errors with 200', async () => {
    const nested = await startDouble({
      ...(VENDORS[0] as Vendor),
      preset: 'slack',
      user: { ok: true, 'https://slack.com/team_id': 'T1', 'https://slack.com/user_id': 'U1', name: 'Alice' },
      tokens: (c) =>
        c.json({
          ok: true,
          access_token: 'xoxb-of-the-bot',
          token_type: 'bot',
          scope: 'commands',
          authed_user: {
            id: 'U1',
            access_token: ACCESS,
            token_type: 'user',
            scope: 'identify,search:read',
            expires_in: 43200,
          },
        }),
    })
    // The Web API of Slack gives no ID token.
    const provider = { ...nested.provider, oidc: false }
    const { signedIn } = await signIn(provider)
    expect(signedIn?.person).toMatchObject({ subject: 'T1:U1', name: 'Alice' })
    expect(signedIn?.tokens).toMatchObject({ accessToken: ACCESS, scopes: ['identify', 'search:read'] })

    const refusing = await startDouble({ ...(VENDORS[0] as Vendor), preset: 'slack' }, (c) =>
      c.json({ ok: false, error: 'bad_client_secret' }),
    )
    await expect(signIn({ ...refusing.provider, oidc: false })).rejects.toMatchObject({
      code: 'provider_credentials_rejected',
    })
  })
})
