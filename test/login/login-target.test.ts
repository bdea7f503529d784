import { describe, expect, it } from 'vitest'
import { type LoginSettings, loginTarget } from '../../src/login/login-target.js'
import { PROVIDERS } from '../../src/providers/index.js'

const LOCAL = 'http://127.0.0.1:40000/_authkit/oidc'

const target = (flags: LoginSettings, project: LoginSettings = {}, local: string | undefined = LOCAL) =>
  loginTarget({ flags, project, findLocalIssuer: async () => local })

const nobodyRuns = (flags: LoginSettings, project: LoginSettings = {}) =>
  loginTarget({ flags, project, findLocalIssuer: async () => undefined })

describe('loginTarget', () => {
  it('takes the flags, then the project, then the dev server that runs', async () => {
    const flags = { issuer: 'https://flags.example.com', clientId: 'f' }
    const project = { issuer: 'https://project.example.com', clientId: 'p' }
    expect(await target(flags, project)).toMatchObject({ ...flags, from: 'flags' })
    expect(await target({}, project)).toMatchObject({ ...project, from: 'project' })
    expect(await target({})).toMatchObject({ issuer: LOCAL, clientId: 'authkit-cli', from: 'dev' })
  })

  it('says what to do where there is nothing', async () => {
    await expect(nobodyRuns({})).rejects.toMatchObject({ code: 'login_not_configured' })
  })

  it('looks for no server where it is told where to sign in', async () => {
    const findLocalIssuer = () => Promise.reject(new Error('looked'))
    const flags = { issuer: 'https://login.example.com', clientId: 'x' }
    await expect(loginTarget({ flags, project: {}, findLocalIssuer })).resolves.toBeDefined()
  })

  it('lets flags change what the project says, of the same provider', async () => {
    const project = { issuer: 'https://project.example.com', clientId: 'p', scopes: ['openid', 'a'], audience: 'x' }
    expect(await target({ clientId: 'f' }, project)).toMatchObject({ clientId: 'f', audience: 'x' })
    expect(await target({ issuer: project.issuer, audience: 'y' }, project)).toMatchObject({
      clientId: 'p',
      audience: 'y',
      scopes: ['openid', 'a'],
    })
  })

  it("sends the project's client id to no other provider", async () => {
    const project = { issuer: 'https://project.example.com', clientId: 'p' }
    await expect(target({ issuer: 'https://other.example.com' }, project)).rejects.toMatchObject({
      code: 'login_client_missing',
    })
    await expect(target({ provider: 'github' }, project)).rejects.toMatchObject({ code: 'login_client_missing' })
  })

  it.each([
    [{ issuer: 'https://acme.eu.auth0.com/' }, 'auth0'],
    [{ issuer: 'https://id.example.com/realms/demo' }, 'keycloak'],
    [{ issuer: 'https://login.example.com' }, 'oidc'],
    [{ issuer: 'https://login.example.com', provider: 'keycloak' }, 'keycloak'],
    [{ provider: 'google' }, 'google'],
    [{ provider: 'GitHub' }, 'github'],
  ])('knows the provider of %j', async (flags, name) => {
    expect((await target({ ...flags, clientId: 'x' })).provider.name).toBe(name)
  })

  it.each(
    PROVIDERS.filter(({ clientId }) => clientId === undefined).map((provider) => [provider.name, provider] as const),
  )(
    'never asks %s without a client id, and says what to register',
    async (name, { issuerExample, issuer, docs, oidc }) => {
      const where = oidc && issuer === undefined ? { issuer: issuerExample } : {}
      await expect(target({ provider: name, ...where })).rejects.toMatchObject({
        code: 'login_client_missing',
        hint: expect.stringContaining(docs),
      })
    },
  )

  it('names every callback to register where ports are compared', async () => {
    await expect(target({ issuer: 'https://acme.eu.auth0.com/' })).rejects.toMatchObject({
      hint: expect.stringMatching(/127\.0\.0\.1:47821\/callback.*:47822\/callback.*:47823\/callback/),
    })
  })

  it.each<[string, LoginSettings, string]>([
    ['an issuer that is no URL', { issuer: 'foo', clientId: 'x' }, 'usage'],
    ['an issuer of who has none', { provider: 'github', issuer: 'https://github.com', clientId: 'x' }, 'usage'],
    ['no issuer of who has many', { provider: 'keycloak', clientId: 'x' }, 'login_not_configured'],
    ['a provider that nobody knows', { provider: 'keyclok', clientId: 'x' }, 'provider_unknown'],
    [
      'a scope that is answered with an error',
      { provider: 'feishu', clientId: 'x', scopes: ['openid'] },
      'provider_scope_invalid',
    ],
    ['an audience where none is taken', { provider: 'google', clientId: 'x', audience: 'y' }, 'usage'],
  ])('refuses %s', async (_, flags, code) => {
    await expect(target(flags)).rejects.toMatchObject({ code })
  })

  it('asks for what is usual, or for what is chosen, and for openid in any case', async () => {
    const flags = { issuer: 'https://login.example.com', clientId: 'x' }
    expect(await target(flags)).toMatchObject({
      scopes: ['openid', 'profile', 'email'],
      offlineScope: 'offline_access',
    })
    const chosen = await target({ ...flags, scopes: ['api', 'api'] })
    expect(chosen.scopes).toEqual(['openid', 'api'])
    expect(chosen.offlineScope).toBeUndefined()
    const github = { provider: 'github', clientId: 'x', scopes: ['repo'] }
    expect((await target(github)).scopes).toEqual(['repo'])
  })
})
