import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { devIntrospection, introspection } from '../../src/identity/introspection.js'
import {
  AUDIENCE,
  bearing,
  CLIENT,
  DISCOVERY,
  goodClaims,
  INTROSPECTION,
  SECRET,
  sign,
  startIssuer,
  type TestIssuer,
} from './support/issuer.js'
import { answerWith, answerWithStatus, refusalFrom } from './support/refusal.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  issuer.requests.length = 0
  issuer.answers.clear()
})
afterEach(() => {
  vi.useRealTimers()
})

const method = (options: object = {}) =>
  introspection({
    issuer: issuer.issuer,
    clientId: 'other-app',
    clientSecret: SECRET,
    allowedClients: [CLIENT],
    ...options,
  })
const asked = () => issuer.count(INTROSPECTION)
const later = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)

describe('an opaque token of the provider', () => {
  it('gets its user in, as the provider describes it', async () => {
    const request = bearing(`Bearer ${await issuer.opaqueToken('alice')}`)
    expect(await method()(request)).toEqual({ identity: 'alice', display_name: 'alice', permissions: ['threads:read'] })
    expect(issuer.requests).toEqual([DISCOVERY, INTROSPECTION])
  })

  it('is asked about once, whoever comes with it, until the answer is old', async () => {
    const authenticate = method()
    const token = await issuer.opaqueToken('alice')
    const request = bearing(`Bearer ${token}`)
    await Promise.all(Array.from({ length: 20 }, () => authenticate(request)))
    later(29)
    await authenticate(request)
    expect(asked()).toBe(1)
    await issuer.revoke(token)
    expect(await authenticate(request)).toMatchObject({ identity: 'alice' })
    later(2)
    expect(await refusalFrom(authenticate(request))).toMatchObject({ code: 'token_invalid' })
    expect(asked()).toBe(2)
  })

  it('is asked about each time where the developer wants that', async () => {
    const authenticate = method({ cacheSeconds: 0 })
    const request = bearing(`Bearer ${await issuer.opaqueToken('alice')}`)
    for (let time = 1; time < 4; time++) {
      await authenticate(request)
      expect(asked()).toBe(time)
    }
  })

  it('that is none is asked about once in ten seconds', async () => {
    const authenticate = method()
    for (const wait of [0, 9, 2]) {
      later(wait)
      const refused = await refusalFrom(authenticate(bearing('Bearer forged')))
      expect(refused).toMatchObject({ code: 'token_invalid', status: 401, message: 'The token was not accepted' })
    }
    expect(asked()).toBe(2)
  })
})

describe('what the provider answers', () => {
  const good = () => ({ active: true, iss: issuer.issuer, sub: 'alice', client_id: CLIENT, token_type: 'Bearer' })
  const answering = (answer: () => object, options: object = {}) => {
    issuer.answers.set(INTROSPECTION, answerWith(answer))
    return method(options)(bearing('Bearer opaque'))
  }

  it.each<[string, object, object?]>([
    ['with a name', { username: 'alice@example.com' }],
    ['for this service', { aud: ['x', AUDIENCE] }, { audience: AUDIENCE }],
    ['of Hydra', { token_type: 'Bearer', token_use: 'access_token' }],
    ['of Keycloak', { token_type: undefined, typ: 'Bearer' }],
    ['that repeats the token', { token: 'opaque', echo: 'opaque' }, { user: (claims: object) => ({ claims }) }],
    ['with no word on its kind, where that is all the same', { token_type: undefined }, { tokenType: 'unmarked' }],
  ])('%s', async (_, changes, options) => {
    const user = await answering(() => ({ ...good(), ...changes }), options)
    expect(user).toMatchObject({ identity: 'alice' })
    expect(JSON.stringify(user)).not.toContain('opaque')
    if ('username' in changes) expect(user.display_name).toBe(changes.username)
  })

  it.each<[string, object, string, RegExp, object?]>([
    ['not active', { active: false }, 'token_invalid', /does not accept it/],
    ['of another issuer', { iss: 'https://evil.example' }, 'token_issuer_unknown', /evil/],
    [
      'for another service',
      { aud: 'https://elsewhere.example' },
      'token_audience',
      /elsewhere/,
      { audience: AUDIENCE },
    ],
    ['for no service', {}, 'token_audience', /aud is missing/, { audience: AUDIENCE }],
    ['of another client', { client_id: 'evil-app' }, 'token_client_denied', /evil-app/],
    ['of no client', { client_id: undefined }, 'token_client_denied', /missing/],
    ['expired', { exp: Math.floor(Date.now() / 1000) - 60 }, 'token_expired', /exp is/],
    ['without a user', { sub: undefined }, 'token_invalid', /sub is missing/],
    ['a refresh token', { token_type: undefined }, 'token_invalid', /does not say that it is an access token/],
    ['a refresh token of Hydra', { token_use: 'refresh_token' }, 'token_invalid', /refresh_token/],
    ['a refresh token of Keycloak', { typ: 'Refresh' }, 'token_invalid', /Refresh/],
    ['bound by DPoP', { token_type: 'DPoP' }, 'token_invalid', /DPoP/],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'token_invalid', /cnf/],
    ['without the scope', { scope: 'a b' }, 'scope_missing', /lacks c/, { requiredScopes: ['c'] }],
  ])('%s: refused', async (_, changes, code, problem, options) => {
    const refused = await refusalFrom(answering(() => ({ ...good(), ...changes }), options))
    expect(refused).toMatchObject({ code, problem: expect.stringMatching(problem) })
  })

  it('that a real refresh token is active', async () => {
    const refused = await refusalFrom(method()(bearing(`Bearer ${await issuer.refreshToken('alice')}`)))
    expect(refused).toMatchObject({
      code: 'token_invalid',
      problem: expect.stringMatching(/does not say that it is an access/),
    })
  })
})

describe('is not shown', () => {
  it('a JWT of another issuer', async () => {
    const token = await sign(issuer.key, goodClaims('https://login.example.com'))
    expect(await method().claim(bearing(`Bearer ${token}`))).toBeUndefined()
    expect(issuer.requests).toEqual([])
  })

  it.each([/^op_/, /^op_/g, /^op_/y])('a token that does not look like its own: %s', async (tokens) => {
    const authenticate = method({ tokens })
    for (let time = 0; time < 3; time++) {
      expect(await authenticate.claim(bearing('Bearer gho_abc'))).toBeUndefined()
      await refusalFrom(authenticate(bearing('Bearer op_abc')))
    }
    expect(asked()).toBe(1)
  })
})

describe('where the provider can not be asked', () => {
  it.each<[string, Parameters<TestIssuer['answers']['set']>[1], string, number]>([
    ['it is out', answerWithStatus(500), 'provider_unavailable', 503],
    ['it is busy', answerWithStatus(429), 'provider_unavailable', 503],
    ['it sends something else', (response) => void response.end('<html>'), 'provider_unavailable', 503],
    ['it says neither yes nor no', answerWith({ active: 'yes' }), 'provider_unavailable', 503],
    ['it hangs up', (response) => void response.destroy(), 'provider_unavailable', 503],
    [
      'it sends the way to somebody else',
      answerWithStatus(307, { location: 'http://127.0.0.1:9/' }),
      'provider_unavailable',
      503,
    ],
    ['it does not know the client', answerWithStatus(401), 'provider_misconfigured', 502],
    ['it does not let the client', answerWithStatus(403), 'provider_misconfigured', 502],
    ['it says so', answerWith({ error: 'invalid_client' }, 400), 'provider_misconfigured', 502],
  ])('%s: nobody gets in, and it is left alone for a while', async (_, answer, code, status) => {
    const authenticate = method()
    issuer.answers.set(INTROSPECTION, answer)
    for (let time = 0; time < 10; time++) {
      expect(await refusalFrom(authenticate(bearing(`Bearer token-${time}`)))).toMatchObject({ code, status })
    }
    expect(asked()).toBe(1)
    issuer.answers.clear()
    later(2)
    expect(await authenticate(bearing(`Bearer ${await issuer.opaqueToken('bob')}`))).toMatchObject({ identity: 'bob' })
  })

  it('a token that it does not like shuts nobody else out', async () => {
    const authenticate = method()
    issuer.answers.set(INTROSPECTION, answerWith({ error: 'invalid_request' }, 400))
    expect(await refusalFrom(authenticate(bearing('Bearer odd')))).toMatchObject({ code: 'token_invalid' })
    issuer.answers.clear()
    expect(await authenticate(bearing(`Bearer ${await issuer.opaqueToken('bob')}`))).toMatchObject({ identity: 'bob' })
  })

  it('with the wrong secret', async () => {
    const refused = await refusalFrom(method({ clientSecret: 'wrong' })(bearing('Bearer opaque')))
    expect(refused).toMatchObject({ code: 'provider_misconfigured' })
    expect(JSON.stringify(refused)).not.toContain('wrong')
  })

  it('the document names no endpoint', async () => {
    issuer.answers.set(
      DISCOVERY,
      answerWith(() => ({ issuer: issuer.issuer })),
    )
    const refused = await refusalFrom(method()(bearing('Bearer opaque')))
    expect(refused).toMatchObject({
      code: 'provider_misconfigured',
      problem: expect.stringMatching(/names no introspection_endpoint/),
    })
  })
})

it('asks an endpoint that no document names, with the secret in the body', async () => {
  const authenticate = method({
    issuer: undefined,
    endpoint: `${issuer.issuer}${INTROSPECTION}`,
    clientId: 'post-app',
    clientAuth: 'client_secret_post',
  })
  expect(await authenticate(bearing(`Bearer ${await issuer.opaqueToken('alice')}`))).toMatchObject({
    identity: 'alice',
  })
  expect(issuer.requests).toEqual([INTROSPECTION])
})

describe('can not be made', () => {
  const all = { issuer: 'https://a.example', clientId: 'x', clientSecret: 'y', audience: 'z' }
  it.each<[string, object, RegExp]>([
    ['of nothing', {}, /name an issuer or an endpoint/],
    ['without a client', { ...all, clientId: undefined }, /clientId and clientSecret/],
    ['without a secret', { ...all, clientSecret: '' }, /clientId and clientSecret/],
    ['without an issuer', { ...all, issuer: undefined }, /name the issuer, or the endpoint/],
    ['for everybody', { ...all, audience: undefined }, /name an audience, or allowedClients/],
    ['over http', { ...all, issuer: 'http://a.example' }, /has to be https/],
    [
      'at an endpoint over http',
      { ...all, issuer: undefined, endpoint: 'http://a.example/introspect' },
      /has to be https/,
    ],
    ['with a typo', { ...all, allowedClient: ['x'] }, /no option "allowedClient". Did you mean "allowedClients"/],
    ['with another way to send the secret', { ...all, clientAuth: 'none' }, /client_secret_basic, client_secret_post/],
    ['to remember for ever', { ...all, cacheSeconds: Number.POSITIVE_INFINITY }, /seconds from 0 to 3600/],
  ])('%s', (_, options, message) => {
    expect(() => introspection(options)).toThrow(TypeError)
    expect(() => introspection(options)).toThrow(message)
  })

  it('but inside authkit dev, where it is not set up yet and says so', async () => {
    const authenticate = devIntrospection({ issuer: '', clientId: undefined })
    expect(await authenticate.claim(bearing('Bearer x'))).toBeUndefined()
    expect((await refusalFrom(authenticate(bearing('Bearer x')))).problem).toMatch(/names no provider/)
    expect(() => devIntrospection({ issuer: 'https://a.example' })).toThrow(/clientId and clientSecret/)
  })
})
