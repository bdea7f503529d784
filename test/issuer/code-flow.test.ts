import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { beginSignIn, CALLBACK, createPerson, LANGGRAPH, partsOf, SCOPE, signIn, test } from './issuer.js'

describe('signing in by code', () => {
  test('gives an access token for this server, as RFC 9068 has it', async ({ dev }) => {
    const config = await dev.client()
    const { access_token, scope, expires_in } = await signIn(config, 'user1', { scope: `${SCOPE} threads:read` })
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri as string))
    const { payload, protectedHeader } = await jwtVerify(access_token, keys, {
      issuer: dev.issuer,
      audience: dev.origin,
      typ: 'at+jwt',
    })
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload).toEqual({
      iss: dev.issuer,
      aud: dev.origin,
      sub: 'user1',
      client_id: 'authkit-cli',
      scope: `${SCOPE} threads:read`,
      name: 'Alice',
      email: 'user1@example.test',
      email_verified: true,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: (payload.iat as number) + 900,
    })
    expect([scope, expires_in]).toEqual([`${SCOPE} threads:read`, 900])
  })

  test('says who it is in the ID token and at the userinfo endpoint alike', async ({ dev }) => {
    const config = await dev.client()
    const tokens = await signIn(config, 'user2')
    const person = { sub: 'user2', name: 'Bob', email: 'user2@example.test', email_verified: true }
    expect(tokens.claims()).toMatchObject({ iss: dev.issuer, aud: 'authkit-cli', ...person })
    expect(await oidc.fetchUserInfo(config, tokens.access_token, 'user2')).toEqual(person)
  })

  test('tells no more than the scopes allow', async ({ dev }) => {
    const config = await dev.client()
    const tokens = await signIn(config, 'user1', { scope: 'openid' })
    expect(Object.keys(tokens.claims() ?? {}).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'nonce', 'sub'])
    expect(await oidc.fetchUserInfo(config, tokens.access_token, 'user1')).toEqual({ sub: 'user1' })
    expect(partsOf(tokens.access_token).payload).not.toHaveProperty('name')
  })

  test('answers with `iss`, as the discovery document promises (RFC 9207)', async ({ dev }) => {
    const config = await dev.client()
    expect(config.serverMetadata().authorization_response_iss_parameter_supported).toBe(true)
    const { url } = await beginSignIn(config)
    expect(new URL(await createPerson().answer(url, 'user1')).searchParams.get('iss')).toBe(dev.issuer)
  })

  for (const redirect_uri of [CALLBACK, 'http://127.0.0.1:1/callback', 'http://[::1]:54321/callback'])
    test(`calls the command line back at ${redirect_uri}`, async ({ dev }) => {
      const tokens = await signIn(await dev.client(), 'user1', { redirect_uri })
      expect(tokens.claims()?.sub).toBe('user1')
    })

  test('works on IPv6 as well', async ({ start }) => {
    const dev = await start({ host: '::1', watch: false, database: ':memory:' })
    const tokens = await signIn(await dev.client(), 'user1')
    expect(partsOf(tokens.access_token).payload).toMatchObject({ aud: dev.origin, iss: dev.issuer })
    expect(dev.origin).toMatch(/^http:\/\/\[::1\]:\d+$/)
  })

  test('gives a command line a refresh token even where it asked for none', async ({ dev }) => {
    expect(await signIn(await dev.client(), 'user1', { scope: 'openid' })).toHaveProperty('refresh_token')
  })

  test('takes a pushed authorization request (RFC 9126)', async ({ dev }) => {
    const config = await dev.client()
    const { url, checks } = await beginSignIn(config)
    const pushed = await oidc.buildAuthorizationUrlWithPAR(config, new URL(url).searchParams)
    expect([...pushed.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const callback = await createPerson().answer(pushed.href, 'user1')
    expect((await oidc.authorizationCodeGrant(config, new URL(callback), checks)).claims()?.sub).toBe('user1')
  })
})

describe('who signs in', () => {
  test('is asked again in a browser that knows somebody, who is offered first', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    await signIn(config, 'carol', {}, person)
    const page = await person.open((await beginSignIn(config)).url)
    const offered = [...page.text.matchAll(/name="identity" value="([^"]+)"/g)].map(([, identity]) => identity)
    expect(offered).toEqual(['carol', 'user1', 'user2'])
    expect(page.text).toContain('signed in here')
  })

  test('may be somebody else: the tokens of whom was there stay good', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    const alice = await signIn(config, 'user1', {}, person)
    const bob = await signIn(config, 'user2', {}, person)
    expect([alice.claims()?.sub, bob.claims()?.sub]).toEqual(['user1', 'user2'])
    for (const { refresh_token } of [alice, bob])
      await expect(oidc.refreshTokenGrant(config, refresh_token as string)).resolves.toBeDefined()
    await expect(oidc.fetchUserInfo(config, alice.access_token, 'user1')).resolves.toBeDefined()
  })

  test('is whom the application expects, first', async ({ dev }) => {
    const { url } = await beginSignIn(await dev.client(), { login_hint: 'Bob' })
    const { text } = await createPerson().open(url)
    expect(/name="identity" value="([^"]+)"/.exec(text)?.[1]).toBe('user2')
  })

  test('may cancel, here and on the page of consent', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    const first = await person.open((await beginSignIn(config)).url)
    const consent = await person.submit(await person.open((await beginSignIn(config)).url), { identity: 'user1' })
    for (const page of [first, consent]) {
      const { searchParams } = new URL((await person.submit(page, { cancel: 'yes' })).url)
      expect([searchParams.get('error'), searchParams.get('code')]).toEqual(['access_denied', null])
    }
  })

  test('cannot be nobody, nor a name that no sub should be', async ({ dev }) => {
    const person = createPerson()
    const page = await person.open((await beginSignIn(await dev.client())).url)
    for (const identity of ['', ' ', 'a b', '-a', 'a/b', '<b>', 'ä', 'x'.repeat(65)]) {
      const refused = await person.submit(page, { identity })
      expect([refused.status, refused.heading]).toEqual([422, 'Who do you want to be?'])
      expect(refused.text).toContain('aria-invalid="true"')
      expect(refused.text).not.toContain('<b>')
    }
  })

  test('is who auth.ts names at that moment', async ({ start, project }) => {
    const dev = await start({ database: ':memory:' })
    const offered = async () => {
      const { text } = await createPerson().open((await beginSignIn(await dev.client())).url)
      return [...text.matchAll(/name="identity" value="([^"]+)"/g)].map(([, identity]) => identity)
    }
    expect(await offered()).toEqual(['user1', 'user2'])
    let reloaded = dev.reloaded()
    await project.write({
      'auth.ts': `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth().authenticate(placeholderTokens({ a: 'zoe', b: 'zoe', c: 'yan' }))`,
    })
    await reloaded
    expect(await offered()).toEqual(['zoe', 'yan'])
    reloaded = dev.reloaded('broken')
    await project.write({ 'auth.ts': 'export const auth = (' })
    await reloaded
    expect(await offered()).toEqual(['zoe', 'yan'])
    reloaded = dev.reloaded()
    await project.write({
      'auth.ts': `import { Auth } from 'authkit'
export const auth = new Auth().authenticate(async () => ({ identity: 'x', permissions: [] }))`,
    })
    await reloaded
    expect(await offered()).toEqual(['user1', 'user2'])
  })
})

describe("an application of the developer's", () => {
  test('signs people in with PKCE and no secret, and is remembered by the browser', async ({ dev }) => {
    const config = await dev.client('web')
    const person = createPerson()
    const redirect_uri = 'http://localhost:3000/callback'
    const tokens = await signIn(config, 'user1', { redirect_uri, scope: 'openid email', prompt: undefined }, person)
    expect(tokens.claims()).toMatchObject({ aud: 'web', email: 'user1@example.test' })
    expect(partsOf(tokens.id_token as string).header['alg']).toBe('RS256')
    expect(partsOf(tokens.access_token).payload).toMatchObject({ aud: dev.origin, client_id: 'web' })
    expect(tokens.refresh_token).toBeUndefined()

    const { url, checks } = await beginSignIn(config, { redirect_uri, scope: 'openid email', prompt: 'none' })
    const { url: silent } = await person.open(url)
    expect((await oidc.authorizationCodeGrant(config, new URL(silent), checks)).claims()?.sub).toBe('user1')
    const stranger = await createPerson().open(url)
    expect(new URL(stranger.url).searchParams.get('error')).toBe('login_required')
  })

  test('that is a page may call the token endpoint from where it is registered, and no other page', async ({ dev }) => {
    const { token_endpoint, jwks_uri } = (await dev.client()).serverMetadata()
    const ask = (origin: string, client_id: string) =>
      fetch(token_endpoint as string, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: 'x',
          client_id,
          code_verifier: 'x'.repeat(43),
        }),
      })
    const allowed = async (answer: Promise<Response>) => (await answer).headers.get('access-control-allow-origin')
    expect(await allowed(ask('http://localhost:3000', 'web'))).toBe('http://localhost:3000')
    expect(await allowed(ask('http://localhost:3001', 'web'))).toBeNull()
    expect(await allowed(ask('https://evil.example', 'web'))).toBeNull()
    expect(await allowed(ask('http://127.0.0.1', 'authkit-cli'))).toBeNull()
    // Keys and addresses are for everyone.
    expect(await allowed(fetch(jwks_uri as string, { headers: { origin: 'https://any.example' } }))).toBeTruthy()
  })

  test('is no concern of the CORS of the API', async ({ start, project }) => {
    const cors = { allow_origins: ['https://app.example'] }
    await project.write({ 'langgraph.json': JSON.stringify({ ...JSON.parse(LANGGRAPH), http: { cors } }) })
    const dev = await start({ watch: false, database: ':memory:' })
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'web' })
    const answer = await fetch(`${dev.issuer}/token`, {
      method: 'POST',
      headers: { origin: 'http://localhost:3000' },
      body,
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, 'http://localhost:3000'])
  })

  test('is known as soon as langgraph.json names it, and no longer than that', async ({ start, project }) => {
    const dev = await start({ database: ':memory:' })
    const named = (id: string) =>
      project.write({
        'langgraph.json': JSON.stringify({
          auth: { path: './auth.ts:auth' },
          authkit: { issuer: { clients: [{ id, redirect_uris: ['http://localhost:4000/cb'] }] } },
        }),
      })
    const heading = async (id: string) => {
      const redirect_uri = id === 'web' ? 'http://localhost:3000/callback' : 'http://localhost:4000/cb'
      return (await createPerson().open((await beginSignIn(await dev.client(id), { redirect_uri })).url)).heading
    }
    expect([await heading('web'), await heading('other')]).toEqual(['Who do you want to be?', "This can't go on"])
    const reloaded = dev.reloaded()
    await named('other')
    await reloaded
    expect([await heading('web'), await heading('other')]).toEqual(["This can't go on", 'Who do you want to be?'])
  })
})
