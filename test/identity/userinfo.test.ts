import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { devUserinfo, type UserinfoOptions, userinfo } from '../../src/identity/userinfo.js'
import { APP, type GithubDouble, OTHER_APP, startGithub } from './support/github.js'
import { bearing } from './support/issuer.js'
import { refusalFrom } from './support/refusal.js'

let github: GithubDouble
beforeAll(async () => {
  github = await startGithub()
})
afterAll(() => github.close())

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  github.requests.length = 0
  github.down = undefined
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)
const method = (options: object = {}) => userinfo({ provider: 'github', ...APP, apiUrl: github.apiUrl, ...options })
const CHECK = `POST /applications/${APP.clientId}/token`

describe('a token that our application got from GitHub', () => {
  it.each([
    ['gho_alice', { identity: '1001', display_name: 'alice', permissions: ['read:user', 'user:email'] }],
    ['ghu_bob', { identity: '1002', display_name: 'bob', permissions: [] }],
    ['16c7e42f292c6912e7710c838347ae178b4a0000', { identity: '1001', display_name: 'alice', permissions: [] }],
  ])('%s', async (token, user) => {
    expect(await method()(bearing(`Bearer ${token}`))).toEqual(user)
    expect(github.requests).toEqual([CHECK])
  })

  it('is asked about once a minute', async () => {
    const authenticate = method()
    for (const wait of [0, 59, 2, 30]) {
      later(wait)
      await Promise.all([1, 2, 3].map(() => authenticate(bearing('Bearer gho_alice'))))
    }
    expect(github.requests).toEqual([CHECK, CHECK])
  })

  it('comes with the verified address where that is asked for', async () => {
    const authenticate = method({
      requireVerifiedEmail: true,
      user: ({ login }: Record<string, unknown>) => ({ login }),
    })
    expect(await authenticate(bearing('Bearer gho_alice'))).toMatchObject({
      email: 'alice@example.com',
      login: 'alice',
    })
    expect(await refusalFrom(authenticate(bearing('Bearer ghu_bob')))).toMatchObject({
      code: 'email_not_verified',
      status: 403,
    })
  })

  it('never becomes part of the user', async () => {
    const user = await method({ user: (claims: object) => ({ claims }) })(bearing('Bearer gho_alice'))
    expect(JSON.stringify(user)).not.toContain('gho_alice')
  })
})

describe('is refused', () => {
  it.each([
    // `GET /user` would take it: it is Alice's.
    ['a token of another application', 'gho_alice_elsewhere', 'token_invalid'],
    ["a token that GitHub calls another application's", 'gho_misattributed', 'token_invalid'],
    ['a token of nobody', 'gho_forged', 'token_invalid'],
    ['an expired token', 'gho_expired', 'token_expired'],
  ])('%s', async (_, token, code) => {
    const refused = await refusalFrom(method()(bearing(`Bearer ${token}`)))
    expect(refused).toMatchObject({ code, status: 401 })
    expect(JSON.stringify([refused, refused.headers])).not.toMatch(/secret-of|gho_/)
  })

  it('a token without the scope', async () => {
    const refused = await refusalFrom(method({ requiredScopes: ['read:org'] })(bearing('Bearer gho_alice')))
    expect(refused).toMatchObject({ code: 'scope_missing', status: 403 })
    expect(refused.headers).toEqual({
      'WWW-Authenticate': 'Bearer realm="authkit", error="insufficient_scope", scope="read:org"',
    })
  })

  it.each(['ghp_personal', 'github_pat_11', 'ghs_installation', 'eyJ.eyJ.x', 'opaque', 'gho_', 'gho_a/../../user'])(
    '%s is no token of an application, and is not shown to GitHub',
    async (token) => {
      expect(await method().claim(bearing(`Bearer ${token}`))).toBeUndefined()
      expect(github.requests).toEqual([])
    },
  )

  it('everybody, while GitHub is out, and it is left alone', async () => {
    const authenticate = method()
    github.down = 503
    for (let time = 0; time < 5; time++) {
      const refused = await refusalFrom(authenticate(bearing(`Bearer gho_${time}`)))
      expect(refused).toMatchObject({ code: 'provider_unavailable', status: 503 })
    }
    expect(github.requests).toEqual([CHECK])
    github.down = undefined
    later(2)
    await authenticate(bearing('Bearer gho_alice'))
  })

  it('everybody, with the secret of another application', async () => {
    const authenticate = method({ clientSecret: OTHER_APP.clientSecret })
    expect(await refusalFrom(authenticate(bearing('Bearer gho_alice')))).toMatchObject({
      code: 'provider_misconfigured',
    })
  })
})

describe('a provider that authkit knows', () => {
  const answering = (body: object) => {
    vi.stubGlobal('fetch', async () => Response.json(body))
    return userinfo({ provider: 'feishu', dangerouslyAcceptAnyClient: true })(bearing('Bearer u-abc'))
  }
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('says who it is in its own way', async () => {
    const data = { union_id: 'on_1', open_id: 'ou_1', name: 'Alice' }
    expect(await answering({ code: 0, data })).toMatchObject({ identity: 'on_1', display_name: 'Alice' })
  })

  it('may say no with 200', async () => {
    expect(await refusalFrom(answering({ code: 99991663, msg: 'token invalid' }))).toMatchObject({
      code: 'token_invalid',
    })
  })
})

describe('an endpoint that tells who a token is for', () => {
  const open = (options: object = {}) =>
    userinfo({
      endpoint: `${github.apiUrl}/user`,
      dangerouslyAcceptAnyClient: true,
      identity: ({ id }) => `${id}`,
      ...options,
    })

  it('takes the tokens of every application, as it was told to', async () => {
    for (const token of ['gho_alice', 'gho_alice_elsewhere']) {
      expect(await open()(bearing(`Bearer ${token}`))).toMatchObject({ identity: '1001' })
    }
    expect(await refusalFrom(open()(bearing('Bearer forged')))).toMatchObject({ code: 'token_invalid' })
  })

  it('needs an identity: a claim that is not there is nobody', async () => {
    for (const identity of [undefined, ({ uid }: Record<string, unknown>) => `${uid}`]) {
      expect(await refusalFrom(open({ identity })(bearing('Bearer gho_alice')))).toMatchObject({
        code: 'token_invalid',
      })
    }
  })
})

describe('can not be made', () => {
  it.each<[string, object, RegExp]>([
    ['of nothing', {}, /name the endpoint/],
    ['of GitHub without an application', { provider: 'github' }, /clientId and clientSecret .+GITHUB_CLIENT_ID/],
    ['of GitHub without a secret', { provider: 'github', clientId: 'x' }, /both clientId and clientSecret/],
    ['of GitHub over http', { provider: 'github', ...APP, apiUrl: 'http://github.example/api/v3' }, /has to be https/],
    ['of Feishu, for any application', { provider: 'feishu' }, /dangerouslyAcceptAnyClient/],
    [
      'of a provider with JWTs',
      { provider: 'keycloak' },
      /keycloak is no provider whose tokens have to be asked about/,
    ],
    ['of two at once', { provider: 'slack', endpoint: 'https://a.example' }, /not both/],
    ['of an endpoint that takes every token', { endpoint: 'https://a.example' }, /dangerouslyAcceptAnyClient/],
    [
      'of an endpoint, with a typo',
      { endpoint: 'https://a.example', token: /x/ },
      /no option "token". Did you mean "tokens"/,
    ],
    ['of GitHub, for any application', { provider: 'github', ...APP, dangerouslyAcceptAnyClient: true }, /no option/],
  ])('%s', (_, options, message) => {
    expect(() => userinfo(options as UserinfoOptions)).toThrow(TypeError)
    expect(() => userinfo(options as UserinfoOptions)).toThrow(message)
  })

  it('but inside authkit dev, where it is not set up yet and says so', async () => {
    const authenticate = devUserinfo({ provider: 'github', clientId: '', clientSecret: undefined })
    expect(await authenticate.claim(bearing('Bearer gho_alice'))).toBeUndefined()
    const refused = await refusalFrom(authenticate(bearing('Bearer gho_alice')))
    expect(refused.hint).toMatch(/GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET/)
    expect(() => devUserinfo({ provider: 'github', clientId: 'x' })).toThrow(/both/)
  })
})
