import * as oidc from 'openid-client'
import { describe, expect } from 'vitest'
import { beginSignIn, createPerson, partsOf, SCOPE, signIn, test } from './issuer.js'

const refused = { error: 'invalid_grant' }
const refresh = (config: oidc.Configuration, { refresh_token }: oidc.TokenEndpointResponse) =>
  oidc.refreshTokenGrant(config, refresh_token as string)

describe('a refresh token', () => {
  test('is another one after each use, and gives the same rights', async ({ dev }) => {
    const config = await dev.client()
    const scope = `${SCOPE} threads:read`
    const first = await signIn(config, 'user1', { scope })
    const second = await refresh(config, first)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(second.scope).toBe(scope)
    expect(partsOf(second.access_token).payload).toMatchObject({ aud: dev.origin, sub: 'user1', scope })
    expect(second.claims()).toMatchObject({ sub: 'user1', name: 'Alice' })
    const third = await oidc.refreshTokenGrant(config, second.refresh_token as string, { scope: 'openid threads:read' })
    expect(partsOf(third.access_token).payload['scope']).toBe('openid threads:read')
  })

  test('that was used before ends the sign-in, whoever has the newest one', async ({ dev }) => {
    const config = await dev.client()
    const first = await signIn(config, 'user1')
    const second = await refresh(config, first)
    await expect(refresh(config, first)).rejects.toMatchObject(refused)
    await expect(refresh(config, second)).rejects.toMatchObject(refused)
    await expect(oidc.fetchUserInfo(config, second.access_token, 'user1')).rejects.toMatchObject({ status: 401 })
  })

  test('that is used twice at the same moment ends the sign-in too', async ({ dev }) => {
    const config = await dev.client()
    const first = await signIn(config, 'user1')
    const both = await Promise.allSettled([refresh(config, first), refresh(config, first), refresh(config, first)])
    const won = both.filter((settled) => settled.status === 'fulfilled')
    expect(won.length).toBeLessThanOrEqual(1)
    for (const { value } of won) await expect(refresh(config, value)).rejects.toMatchObject(refused)
  })

  test('is good for the application that got it alone', async ({ dev }) => {
    const tokens = await signIn(await dev.client(), 'user1')
    await expect(refresh(await dev.client('web'), tokens)).rejects.toMatchObject(refused)
  })

  test('knows what the user is called now', async ({ start, project }) => {
    const dev = await start({ database: ':memory:' })
    const config = await dev.client()
    const tokens = await signIn(config, 'user1')
    const reloaded = dev.reloaded()
    await project.write({
      'auth.ts': `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth().authenticate(placeholderTokens({ a: { identity: 'user1', display_name: 'Alicia' } }))`,
    })
    await reloaded
    expect((await refresh(config, tokens)).claims()?.['name']).toBe('Alicia')
  })
})

describe('revoking', () => {
  test('a refresh token ends its sign-in at once, and no other', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    const [first, second] = [await signIn(config, 'user1', {}, person), await signIn(config, 'user1', {}, person)]
    await oidc.tokenRevocation(config, first.refresh_token as string)
    await expect(refresh(config, first)).rejects.toMatchObject(refused)
    await expect(oidc.fetchUserInfo(config, first.access_token, 'user1')).rejects.toMatchObject({ status: 401 })
    await expect(oidc.fetchUserInfo(config, second.access_token, 'user1')).resolves.toBeDefined()
    await expect(refresh(config, second)).resolves.toBeDefined()
  })

  test('what is unknown, or belongs to another application, does nothing', async ({ dev }) => {
    const config = await dev.client()
    const tokens = await signIn(config, 'user1')
    await oidc.tokenRevocation(config, 'unknown')
    await oidc.tokenRevocation(await dev.client('web'), tokens.refresh_token as string)
    await expect(refresh(config, tokens)).resolves.toBeDefined()
  })
})

describe('signing out in the browser', () => {
  test('leaves command lines signed in', async ({ dev }) => {
    const config = await dev.client()
    const person = createPerson()
    const tokens = await signIn(config, 'user1', { scope: 'openid' }, person)
    const page = await person.open(`${dev.issuer}/sign-out`)
    expect([page.heading, page.text.includes('Alice')]).toEqual(['Sign out?', true])
    expect((await person.submit(page, { logout: 'yes' })).heading).toBe('You are signed out')
    await expect(refresh(config, tokens)).resolves.toBeDefined()
    expect((await person.open(dev.issuer)).text).toContain('signed in as nobody')
  })

  test('ends what an application has without offline_access, and leads back to it', async ({ dev }) => {
    const config = await dev.client('web')
    const person = createPerson()
    const redirect_uri = 'http://localhost:3000/callback'
    const tokens = await signIn(config, 'user1', { redirect_uri, scope: 'openid' }, person)
    const { href } = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token as string,
      post_logout_redirect_uri: 'http://localhost:3000/',
      state: 'xyz',
    })
    const { url } = await person.submit(await person.open(href), { logout: 'yes' })
    expect(url).toBe('http://localhost:3000/?state=xyz')
    await expect(oidc.fetchUserInfo(config, tokens.access_token, 'user1')).rejects.toMatchObject({ status: 401 })
    // Nobody is signed in any more, so there is nothing to ask.
    expect((await person.open(href)).url).toBe(url)
    const silent = await person.open((await beginSignIn(config, { redirect_uri, scope: 'openid', prompt: 'none' })).url)
    expect(new URL(silent.url).searchParams.get('error')).toBe('login_required')
  })

  test('may be declined', async ({ dev }) => {
    const person = createPerson()
    await signIn(await dev.client(), 'user1', {}, person)
    const page = await person.open(`${dev.issuer}/sign-out`)
    const { heading, text } = await person.submit(page, {
      xsrf: /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
    })
    expect([heading, text.includes('Alice')]).toEqual(['Still signed in', true])
  })

  test('where nobody is signed in asks nothing', async ({ dev }) => {
    expect((await createPerson().open(`${dev.issuer}/sign-out`)).heading).toBe('You are signed out')
  })

  test('leads to no address that is not registered', async ({ dev }) => {
    const elsewhere = '?client_id=web&post_logout_redirect_uri=https://evil.example/'
    expect((await createPerson().open(`${dev.issuer}/sign-out${elsewhere}`)).heading).toBe("This can't go on")
  })
})
