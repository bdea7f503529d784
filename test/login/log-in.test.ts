import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AuthkitError } from '../../src/errors/authkit-error.js'
import { type LogInOptions, logIn } from '../../src/login/log-in.js'
import type { Login } from '../../src/login/login.js'
import type { LoginTarget } from '../../src/login/login-target.js'
import type { ListedProfile } from '../../src/login/profiles/profile-list.js'
import { providerNamed } from '../../src/providers/index.js'
import {
  approve,
  CLI_CLIENT,
  consent,
  type IdentityProvider,
  startIdentityProvider,
} from '../support/identity-provider.js'

let idp: IdentityProvider
let saved: Login[]
beforeEach(async () => {
  saved = []
  idp = await startIdentityProvider({
    clients: [
      CLI_CLIENT,
      {
        ...CLI_CLIENT,
        client_id: 'secret-cli',
        client_secret: 'of-the-app',
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
  })
})
afterEach(() => idp.close())

interface Played extends Partial<LogInOptions> {
  readonly as?: string
  readonly existing?: ListedProfile
}

function play({ as = 'alice', existing, ...options }: Played = {}) {
  const target: LoginTarget = {
    provider: providerNamed('oidc'),
    issuer: idp.issuer,
    clientId: 'cli',
    scopes: ['openid', 'profile'],
    offlineScope: 'offline_access',
    from: 'flags',
  }
  return logIn({
    target,
    logins: {
      prepare: async () => existing,
      save: async (login, store) => {
        saved.push(login)
        return { ...login.profile, store }
      },
    },
    profile: 'work',
    store: 'file',
    replace: false,
    flow: 'browser',
    clientSecret: async () => undefined,
    signal: AbortSignal.timeout(20_000),
    onEvent: (event) => {
      if (event.kind === 'url') void consent(event.url, as).then(fetch, () => {})
      if (event.kind === 'code') void approve(event, as)
    },
    ...options,
  })
}

function profileOf(subject: string, over: Partial<ListedProfile> = {}): ListedProfile {
  return {
    name: 'work',
    provider: 'oidc',
    issuer: idp.issuer,
    clientId: 'cli',
    scopes: [],
    user: { subject, name: 'Whoever' },
    signedInAt: 0,
    store: 'file',
    ...over,
  }
}

describe('logIn', () => {
  it('keeps who has signed in, and what they were given, as a profile', async () => {
    const before = Date.now()
    const loggedIn = await play()
    expect(loggedIn).toMatchObject({ renewable: true, scopes: ['openid', 'profile', 'offline_access'] })
    expect(saved).toHaveLength(1)
    const [{ profile, secrets } = {} as Login] = saved
    expect(profile).toEqual({
      name: 'work',
      provider: 'oidc',
      issuer: idp.issuer,
      clientId: 'cli',
      scopes: ['openid', 'profile', 'offline_access'],
      user: { subject: 'alice', name: 'Alice' },
      signedInAt: expect.any(Number),
    })
    expect(profile.signedInAt).toBeGreaterThanOrEqual(before)
    expect(JSON.stringify([profile, loggedIn])).not.toContain(secrets.tokens.accessToken)
  })

  it('renews the profile of the same user', async () => {
    const loggedIn = await play({ existing: profileOf('alice') })
    expect(loggedIn.replaced).toBeUndefined()
    expect(saved).toHaveLength(1)
  })

  it.each([
    ['another user', (): ListedProfile => profileOf('bob')],
    ['the same id elsewhere', (): ListedProfile => profileOf('alice', { issuer: 'https://other.example.com' })],
    ['the same id at another provider', (): ListedProfile => profileOf('alice', { provider: 'github' })],
  ])('replaces a profile of %s only when told to', async (_, existing) => {
    await expect(play({ existing: existing() })).rejects.toMatchObject({
      code: 'login_other_user',
      message: expect.stringContaining('Nothing was changed'),
    })
    expect(saved).toEqual([])
    const loggedIn = await play({ existing: existing(), replace: true })
    expect(loggedIn.replaced).toEqual(existing().user)
    expect(saved).toHaveLength(1)
  })

  it('asks nobody where there is no place for the tokens', async () => {
    const problem = new AuthkitError('keychain_unavailable', 'Locked.')
    const logins = { prepare: () => Promise.reject(problem), save: () => Promise.reject(problem) }
    const asked: unknown[] = []
    await expect(play({ logins, onEvent: (event) => asked.push(event) })).rejects.toBe(problem)
    expect(asked).toEqual([])
  })

  it('takes the device flow where there is one and no browser', async () => {
    const kinds: string[] = []
    const flow = { flow: 'either' } as const
    const loggedIn = play({
      ...flow,
      onEvent: (event) => {
        kinds.push(event.kind)
        if (event.kind === 'code') void approve(event, 'alice')
      },
    })
    await expect(loggedIn).resolves.toMatchObject({ renewable: true })
    expect(kinds).toEqual(['code'])
  })

  it('shows a URL where there is neither', async () => {
    const bare = await startIdentityProvider({ configuration: { features: { deviceFlow: { enabled: false } } } })
    const ending = new AbortController()
    const kinds: string[] = []
    const played = play({
      flow: 'either',
      target: {
        provider: providerNamed('oidc'),
        issuer: bare.issuer,
        clientId: 'cli',
        scopes: ['openid'],
        from: 'flags',
      },
      signal: ending.signal,
      onEvent: (event) => {
        kinds.push(event.kind)
        ending.abort(new AuthkitError('login_interrupted', 'Enough.'))
      },
    })
    await expect(played).rejects.toMatchObject({ code: 'login_interrupted' })
    expect(kinds).toEqual(['url'])
    await bare.close()
  })

  it.each(['browser', 'device'] as const)('ends by itself in the flow of %s, when nobody comes', async (flow) => {
    await expect(play({ flow, timeoutMs: 300, onEvent: () => {} })).rejects.toMatchObject({ code: 'login_timed_out' })
    expect(saved).toEqual([])
  })

  it('shows the secret of an application that has one, and keeps it for renewals', async () => {
    const target: LoginTarget = {
      provider: providerNamed('oidc'),
      issuer: idp.issuer,
      clientId: 'secret-cli',
      scopes: ['openid'],
      from: 'flags',
    }
    await play({ target, clientSecret: async () => 'of-the-app' })
    expect(saved[0]?.secrets.clientSecret).toBe('of-the-app')
    expect(JSON.stringify(saved[0]?.profile)).not.toContain('of-the-app')
  })

  it.each([
    ['any-flow', 'browser', false],
    ['device-flow', 'browser', true],
    ['device-flow', 'device', false],
    ['none', 'browser', true],
    ['none', 'device', true],
  ] as const)(
    'asks for a secret where clients may be public by %s and the flow is %s: %s',
    async (publicClients, flow, needed) => {
      const asked: boolean[] = []
      const enough = new AuthkitError('login_client_missing', 'Enough.')
      const provider = { ...providerNamed('oidc'), publicClients }
      const target: LoginTarget = { provider, issuer: idp.issuer, clientId: 'cli', scopes: ['openid'], from: 'flags' }
      const clientSecret = (wanted: boolean) => {
        asked.push(wanted)
        return Promise.reject(enough)
      }
      await expect(play({ target, flow, clientSecret })).rejects.toBe(enough)
      expect(asked).toEqual([needed])
    },
  )

  it('asks for no scope that the provider does not list', async () => {
    const bare = await startIdentityProvider({
      tamper: (route, context) => {
        if (route === 'discovery') Object.assign(context.body as object, { scopes_supported: ['openid', 'profile'] })
      },
    })
    const target = {
      provider: providerNamed('oidc'),
      issuer: bare.issuer,
      clientId: 'cli',
      scopes: ['openid'],
      offlineScope: 'offline_access',
      from: 'flags',
    } as const
    await play({ target })
    expect(saved[0]?.profile.scopes).toEqual(['openid'])
    await bare.close()
  })
})
