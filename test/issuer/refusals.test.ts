import { request } from 'node:http'
import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { beginSignIn, CALLBACK, createPerson, signIn, test } from './issuer.js'

describe('an authorization request', () => {
  for (const [what, overrides] of [
    ['another host as its callback', { redirect_uri: 'https://evil.example/callback' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:54321/other' }],
    ['a query behind the path', { redirect_uri: `${CALLBACK}?next=evil` }],
    ['a name before the host', { redirect_uri: 'http://127.0.0.1:1@evil.example/callback' }],
    ['localhost, which is a name', { redirect_uri: 'http://localhost:54321/callback' }],
    ['another client', { client_id: 'unknown' }],
    ['no client', { client_id: '' }],
    ['an answer in a form, which takes a script', { response_mode: 'form_post' }],
  ] as const)
    test(`with ${what} goes nowhere`, async ({ dev }) => {
      const { status, url, heading } = await createPerson().open((await beginSignIn(await dev.client(), overrides)).url)
      expect([status, heading]).toEqual([400, "This can't go on"])
      expect(url.startsWith(dev.issuer)).toBe(true)
    })

  for (const [what, overrides, error] of [
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'invalid_request'],
    ['an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['another server as the audience', { resource: 'https://api.example' }, 'invalid_target'],
    ['no question to the user', { prompt: 'none' }, 'login_required'],
  ] as const)
    test(`with ${what} is refused`, async ({ dev }) => {
      const page = await createPerson().open((await beginSignIn(await dev.client(), overrides)).url)
      const parameters = new URL(page.url.replace('#', '?')).searchParams
      const refused = page.url.startsWith(CALLBACK) ? parameters.get('error') : page.text
      expect(refused).toContain(error)
      expect(parameters.get('code')).toBeNull()
    })

  test('of a page that may only ask from where it is registered, exactly', async ({ dev }) => {
    for (const redirect_uri of [
      'http://localhost:3001/callback',
      'http://127.0.0.1:3000/callback',
      'http://localhost:3000/',
    ])
      expect(
        (await createPerson().open((await beginSignIn(await dev.client('web'), { redirect_uri })).url)).heading,
      ).toBe("This can't go on")
  })
})

describe('a code', () => {
  test('is refused with another verifier, and without any', async ({ dev }) => {
    const config = await dev.client()
    for (const pkceCodeVerifier of ['x'.repeat(43), undefined]) {
      const { url, checks } = await beginSignIn(config)
      const callback = new URL(await createPerson().answer(url, 'user1'))
      const grant = oidc.authorizationCodeGrant(config, callback, { ...checks, pkceCodeVerifier } as typeof checks)
      await expect(grant).rejects.toMatchObject({ error: 'invalid_grant' })
    }
  })

  test('that is used again ends what its first use gave', async ({ dev }) => {
    const config = await dev.client()
    const { url, checks } = await beginSignIn(config)
    const callback = new URL(await createPerson().answer(url, 'user1'))
    const { refresh_token, access_token } = await oidc.authorizationCodeGrant(config, callback, checks)
    const again = oidc.authorizationCodeGrant(config, callback, checks)
    await expect(again).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(oidc.refreshTokenGrant(config, refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    await expect(oidc.fetchUserInfo(config, access_token, 'user1')).rejects.toMatchObject({ status: 401 })
  })
})

describe('the userinfo endpoint', () => {
  test('takes no token that was not issued here for this server', async ({ dev }) => {
    const config = await dev.client()
    const { access_token, id_token, refresh_token } = await signIn(config, 'user1')
    const [header = '', payload = '', signature = ''] = access_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const forgeries = [
      `${header}.${encode({ ...claims, sub: 'user2' })}.${signature}`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.${signature}`,
      `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      id_token,
      refresh_token,
      // What a log or a page may show of a token must not be one.
      claims.jti,
      '',
    ]
    for (const token of forgeries) {
      const answer = await fetch(`${dev.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })
      expect([answer.status, token]).toEqual([expect.toBeOneOf([400, 401]), token])
      expect(await answer.text()).not.toContain('user')
    }
  })
})

describe('who may ask at all', () => {
  /** fetch sends no Host header of one's choice. */
  function statusFor(origin: string, host: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const asked = request(`${origin}/_authkit/oidc/.well-known/openid-configuration`, { headers: { host } })
      asked
        .on('response', (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
  }

  test('is nobody under a name that was pointed at this machine (DNS rebinding)', async ({ dev }) => {
    expect(await statusFor(dev.origin, 'evil.example')).toBe(403)
    expect(await statusFor(dev.origin, new URL(dev.origin).host)).toBe(200)
  })

  test('is led to the one address that its cookies and tokens belong to', async ({ dev }) => {
    const { port } = new URL(dev.origin)
    const asHtml = { headers: { accept: 'text/html' }, redirect: 'manual' } as const
    const led = await fetch(`http://localhost:${port}/_authkit/oidc/device?user_code=A`, asHtml)
    expect([led.status, led.headers.get('location')]).toEqual([307, `${dev.issuer}/device?user_code=A`])
    const document = await fetch(`http://localhost:${port}/_authkit/oidc/.well-known/openid-configuration`)
    expect(JSON.stringify(await document.json())).not.toContain('localhost')
  })

  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ] as Record<string, string>[])
    test(`is no other page through a form of its own: ${JSON.stringify(headers)}`, async ({ dev }) => {
      const person = createPerson()
      const page = await person.open((await beginSignIn(await dev.client())).url)
      const cookie = [...person.cookies.values()].map(({ name, value }) => `${name}=${value}`).join('; ')
      const answer = await fetch(page.url, {
        method: 'POST',
        headers: { cookie, ...headers },
        body: new URLSearchParams({ identity: 'user1' }),
        redirect: 'manual',
      })
      expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
    })

  test('is no browser that did not begin the sign-in', async ({ dev }) => {
    const page = await createPerson().open((await beginSignIn(await dev.client())).url)
    const other = await createPerson().open(page.url)
    expect([other.status, other.heading]).toEqual([400, "This can't go on"])
  })

  test('is nobody with a form of megabytes', async ({ dev }) => {
    const person = createPerson()
    const page = await person.open((await beginSignIn(await dev.client())).url)
    const { status } = await person.submit(page, { identity: 'x'.repeat(20_000) })
    expect(status).toBe(413)
    expect(dev.events.filter(({ kind }) => kind === 'problem')).toEqual([])
  })
})
