import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { firstOf } from '../../src/identity/first-of.js'
import { withLocalIssuer } from '../../src/identity/local-issuer.js'
import { devOidc, oidc } from '../../src/identity/oidc.js'
import { AUDIENCE, bearing, CLIENT, goodClaims, sign, startIssuer, type TestIssuer } from './support/issuer.js'
import { refusalFrom } from './support/refusal.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

type Claimed = JWTPayload & Record<string, unknown>
const now = () => Math.floor(Date.now() / 1000)
const method = (options: object) => oidc({ issuer: issuer.issuer, audience: AUDIENCE, ...options })
const call = async (claims: Claimed = {}, header: Record<string, unknown> = {}) =>
  bearing(`Bearer ${await sign(issuer.key, { ...goodClaims(issuer.issuer), ...claims }, header)}`)
const challengeOf = (headers: HeadersInit) => new Headers(headers).get('www-authenticate')

describe('lets in', () => {
  it.each<[string, object, Claimed, Record<string, unknown>?]>([
    ['one of several audiences', { audience: ['a', AUDIENCE] }, {}],
    ['any audience, for one client', { audience: undefined, allowedClients: ['x', CLIENT] }, { aud: 'account' }],
    ['no audience, for one client', { audience: undefined, allowedClients: [CLIENT] }, { aud: undefined } as never],
    ['all scopes', { requiredScopes: ['a', 'b'] }, { scope: 'c b a' }],
    ['an acr', { requireAuth: { acr: ['silver', 'gold'] } }, { acr: 'gold' }],
    ['all amr', { requireAuth: { amr: ['pwd', 'mfa'] } }, { amr: ['mfa', 'pwd', 'otp'] }],
    ['a new sign-in', { requireAuth: { maxAge: 60 } }, { auth_time: now() - 30 }],
    ['more tolerance', { clockTolerance: 120 }, { exp: now() - 100 }],
    [
      'a token that is not marked',
      { tokenType: 'unmarked' },
      { scope: undefined, client_id: undefined },
      { typ: 'JWT' },
    ],
    ['a token that is marked', { tokenType: 'at+jwt' }, {}, { typ: 'at+JWT' }],
  ])('%s', async (_, options, claims, header) => {
    expect(await method(options)(await call(claims, header))).toMatchObject({ identity: 'alice' })
  })
})

describe('refuses', () => {
  const STEP_UP = 'Bearer realm="authkit", error="insufficient_user_authentication"'
  it.each<[string, object, Claimed, string, number, string, Record<string, unknown>?]>([
    [
      'a missing scope',
      { requiredScopes: ['a', 'b'] },
      { scope: 'a ab' },
      'scope_missing',
      403,
      'Bearer realm="authkit", error="insufficient_scope", scope="a b"',
    ],
    [
      'another acr',
      { requireAuth: { acr: ['silver', 'gold'] } },
      { acr: 'bronze' },
      'step_up_required',
      401,
      `${STEP_UP}, acr_values="silver gold"`,
    ],
    ['no acr', { requireAuth: { acr: ['gold'] } }, {}, 'step_up_required', 401, `${STEP_UP}, acr_values="gold"`],
    ['a missing amr', { requireAuth: { amr: ['mfa'] } }, { amr: ['pwd'] }, 'step_up_required', 401, STEP_UP],
    [
      'an old sign-in',
      { requireAuth: { maxAge: 60 } },
      { auth_time: now() - 90 },
      'step_up_required',
      401,
      `${STEP_UP}, max_age=60`,
    ],
    [
      'a sign-in of unknown age',
      { requireAuth: { maxAge: 60 } },
      {},
      'step_up_required',
      401,
      `${STEP_UP}, max_age=60`,
    ],
    [
      'less tolerance',
      { clockTolerance: 0 },
      { exp: now() - 1 },
      'token_expired',
      401,
      'Bearer realm="authkit", error="invalid_token"',
    ],
    [
      'a token that is not marked as RFC 9068 says',
      { tokenType: 'at+jwt' },
      { typ: 'Bearer' },
      'token_invalid',
      401,
      'Bearer realm="authkit", error="invalid_token"',
      { typ: 'JWT' },
    ],
    [
      'an ID token, even where access tokens are not marked',
      { tokenType: 'unmarked' },
      { nonce: 'n' },
      'token_invalid',
      401,
      'Bearer realm="authkit", error="invalid_token"',
      { typ: 'JWT' },
    ],
    [
      'an algorithm that is not listed',
      { algorithms: ['ES256'] },
      {},
      'token_invalid',
      401,
      'Bearer realm="authkit", error="invalid_token"',
    ],
  ])('%s', async (_, options, claims, code, status, challenge, header) => {
    const refused = await refusalFrom(method(options)(await call(claims, header)))
    expect([refused.code, refused.status, challengeOf(refused.headers)]).toEqual([code, status, challenge])
  })

  it('an email that is not verified, with 403 and no challenge: no other token helps', async () => {
    const refused = await refusalFrom(method({ requireVerifiedEmail: true })(await call({ email: 'a@b.c' })))
    expect([refused.code, refused.status, challengeOf(refused.headers)]).toEqual(['email_not_verified', 403, null])
  })
})

describe('with several tenants', () => {
  /** Two issuers on one server, as Entra has them: each with its own document. */
  async function startTenants() {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const [, tenant] = /^\/(\w+)\//.exec(request.url ?? '') ?? []
      const own = `${origin}/${tenant}/v2.0`
      const body = request.url?.endsWith('/keys')
        ? { keys: [issuer.key.jwk] }
        : { issuer: own, jwks_uri: `${own}/keys` }
      response.end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { origin, asked, close: () => void server.close() }
  }

  it('asks the one whose user comes, and knows nobody of the others', async () => {
    const { origin, asked, close } = await startTenants()
    const authenticate = method({
      issuer: `${origin}/{tenantid}/v2.0`,
      tenants: ['red', 'blue'],
      identity: ['tid', 'oid'],
    })
    const of = (tid: string, more: Claimed = {}) => call({ iss: `${origin}/${tid}/v2.0`, tid, oid: 'o1', ...more })
    expect(await authenticate(await of('red'))).toMatchObject({ identity: 'red:o1' })
    expect(asked).toEqual(['/red/v2.0/.well-known/openid-configuration', '/red/v2.0/keys'])
    expect(await authenticate(await of('blue'))).toMatchObject({ identity: 'blue:o1' })
    expect(await refusalFrom(authenticate(await of('green')))).toMatchObject({ code: 'token_issuer_unknown' })
    expect(await refusalFrom(authenticate(await of('red', { oid: undefined })))).toMatchObject({
      code: 'token_invalid',
    })
    expect(asked.filter((path) => path.includes('green'))).toEqual([])
    close()
  })
})

describe('inside authkit dev', () => {
  const local = (request: Request, isRevoked?: (id: string) => Promise<boolean>) =>
    withLocalIssuer(request, { issuer: issuer.issuer, audience: AUDIENCE, ...(isRevoked ? { isRevoked } : {}) })
  // What a project says of its real provider is not about this one.
  const authenticate = devOidc({
    issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
    allowedClients: ['not-the-cli'],
    identity: ['tid', 'oid'],
    user: () => ({ team: 'red' }),
  })

  it('lets in the users of the local issuer by their sub, whatever client they came with', async () => {
    expect(await authenticate(local(await call()))).toMatchObject({ identity: 'alice', team: 'red' })
  })

  it('knows who has signed out', async () => {
    const isRevoked = vi.fn(async (id: string) => id === 'taken-back')
    expect(await authenticate(local(await call({ jti: 'other' }), isRevoked))).toMatchObject({ identity: 'alice' })
    for (const jti of ['taken-back', undefined]) {
      const refused = await refusalFrom(authenticate(local(await call({ jti } as never), isRevoked)))
      expect(refused).toMatchObject({ code: 'token_invalid', problem: 'it was taken back' })
    }
    await expect(authenticate(local(await call(), () => Promise.reject(new Error('out'))))).rejects.toThrow('out')
  })

  it('asks for the audience of the server', async () => {
    expect(await refusalFrom(authenticate(local(await call({ aud: 'account' }))))).toMatchObject({
      code: 'token_audience',
    })
  })

  it('knows nobody where there is no local issuer', async () => {
    for (const asked of [authenticate, firstOf(authenticate)]) {
      const refused = await refusalFrom(asked(await call()))
      expect(refused).toMatchObject({ code: 'token_invalid', problem: expect.stringMatching(/no local one/) })
    }
  })
})

it('outside of it, a request that carries a local issuer changes nothing', async () => {
  const authenticate = oidc({ issuer: 'https://login.example.com', audience: AUDIENCE })
  const request = withLocalIssuer(await call(), { issuer: issuer.issuer, audience: AUDIENCE })
  expect(await refusalFrom(authenticate(request))).toMatchObject({ code: 'token_issuer_unknown' })
})
