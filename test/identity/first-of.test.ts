import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { HTTPException } from '../../src/engine/http-exception.js'
import { firstOf } from '../../src/identity/first-of.js'
import { devOidc, oidc } from '../../src/identity/oidc.js'
import { devPlaceholderTokens, placeholderTokens, placeholderTokensOf } from '../../src/identity/placeholder-tokens.js'
import { AUDIENCE, bearing, goodClaims, raw, sign, startIssuer, type TestIssuer } from './support/issuer.js'
import { refusalFrom } from './support/refusal.js'

let issuer: TestIssuer
let partner: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
  partner = await startIssuer()
})
afterAll(async () => {
  await issuer.close()
  await partner.close()
})

const ours = () => oidc({ issuer: issuer.issuer, audience: AUDIENCE })
const theirs = () => oidc({ issuer: partner.issuer, audience: AUDIENCE, identity: ({ sub }) => `partner:${sub}` })
const users = { 'user1-token': { identity: 'user1', display_name: 'Alice' }, 'user2-token': 'user2' } as const
const apiKey = async (request: Request) => {
  const key = request.headers.get('x-api-key')
  if (key === null) return undefined
  if (key !== 'right') throw new HTTPException(401, { message: 'Unknown key' })
  return { identity: 'robot', permissions: [] as string[], robot: true as const }
}
const keyed = (key: string) => new Request('http://agent.example/', { headers: { 'x-api-key': key } })

describe('the first whose kind of credential it is', () => {
  it('lets in the users of each', async () => {
    const authenticate = firstOf(devPlaceholderTokens(users), apiKey, ours(), theirs())
    const who = async (request: Request) => (await authenticate(request)).identity
    expect(await who(bearing('Bearer user2-token'))).toBe('user2')
    expect(await who(keyed('right'))).toBe('robot')
    expect(await who(bearing(`Bearer ${await issuer.accessToken('alice')}`))).toBe('alice')
    expect(await who(bearing(`Bearer ${await partner.accessToken('alice')}`))).toBe('partner:alice')
  })

  it('can stand among others, and in an authenticate of its own', async () => {
    const inner = firstOf(ours(), theirs())
    const authenticate = firstOf(firstOf(devPlaceholderTokens(users)), inner)
    expect(await authenticate(bearing('Bearer user1-token'))).toMatchObject({ identity: 'user1' })
    expect(await inner.claim(bearing('Bearer user1-token'))).toBeUndefined()
    expect(placeholderTokensOf(authenticate)?.map(({ token }) => token)).toEqual(['user1-token', 'user2-token'])
    expect(placeholderTokensOf(inner)).toBeUndefined()
  })

  it('never tries a bad credential on the next one', async () => {
    const next = vi.fn(async () => ({ identity: 'everybody', permissions: [] }))
    const authenticate = firstOf(devPlaceholderTokens(users), ours(), apiKey, next)
    const forged = `Bearer ${await sign(partner.key, goodClaims(issuer.issuer))}`
    expect(await refusalFrom(authenticate(bearing(forged)))).toMatchObject({ code: 'token_invalid', status: 401 })
    const expired = `Bearer ${await sign(issuer.key, { ...goodClaims(issuer.issuer), exp: 1 })}`
    expect(await refusalFrom(authenticate(bearing(expired)))).toMatchObject({ code: 'token_expired' })
    await expect(authenticate(keyed('wrong'))).rejects.toMatchObject({ status: 401, message: 'Unknown key' })
    expect(next).not.toHaveBeenCalled()
  })

  it('refuses placeholder tokens by name outside authkit dev, and leaves the others to the next', async () => {
    const authenticate = firstOf(placeholderTokens(users), ours())
    await expect(authenticate(bearing('Bearer user1-token'))).rejects.toThrow(/only inside `authkit dev`/)
    expect(await authenticate(bearing(`Bearer ${await issuer.accessToken('bob')}`))).toMatchObject({ identity: 'bob' })
    expect(await refusalFrom(authenticate(bearing('Bearer user3-token')))).toMatchObject({ code: 'token_invalid' })
  })
})

describe('where nobody knows the credential', () => {
  const authenticate = () => firstOf(devPlaceholderTokens(users), ours())

  it.each([
    [undefined, 'no_credentials', 401, undefined],
    ['Basic dXNlcjpwYXNz', 'token_malformed', 400, /not of the form/],
    ['Bearer user3-token', 'token_invalid', 401, /no placeholder token; the token is no signed JWT/],
    [`Bearer ${raw({ alg: 'RS256' }, { iss: 'https://evil.example' }, 'AAAA')}`, 'token_issuer_unknown', 401, /evil/],
    [`Bearer ${raw({ alg: 'RS256' }, {}, 'AAAA')}`, 'token_issuer_unknown', 401, /iss is missing/],
  ])('%s is %s', async (header, code, status, problem) => {
    const refused = await refusalFrom(authenticate()(bearing(header)))
    expect(refused).toMatchObject({ code, status })
    if (problem) expect(refused.problem).toMatch(problem)
  })

  it('says where the provider is found, if a method does', async () => {
    const resourceMetadata = 'https://agent.example.com/.well-known/oauth-protected-resource'
    const method = firstOf(apiKey, oidc({ issuer: issuer.issuer, audience: AUDIENCE, resourceMetadata }))
    expect((await refusalFrom(method(bearing()))).headers).toEqual({
      'WWW-Authenticate': `Bearer realm="authkit", resource_metadata="${resourceMetadata}"`,
    })
  })
})

describe('refuses to be made', () => {
  const named = (options: object) => () => oidc({ issuer: 'https://a.example', audience: 'x', ...options })
  const another = (options: object = {}) => oidc({ issuer: 'https://b.example', audience: 'x', ...options })

  it.each<[string, () => unknown, RegExp]>([
    ['of nothing', () => (firstOf as unknown as () => unknown)(), /at least one/],
    ['of what is no function', () => firstOf({ issuer: 'x' } as never), /takes functions/],
    ['of two issuers by sub', () => firstOf(named({})(), another()), /https:\/\/a.example and https:\/\/b.example/],
    [
      'of two issuers by the claim sub',
      () => firstOf(named({ identity: 'sub' })(), another()),
      /each may give the same/,
    ],
    ['of two issuers by sub, one deeper', () => firstOf(firstOf(named({})(), apiKey), another()), /each may give/],
    ['of the local issuer and another', () => firstOf(devOidc(), another()), /the local issuer and https:\/\/b/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  it.each<[string, () => unknown]>([
    ['of one issuer twice', () => firstOf(named({})(), named({ audience: 'y' })())],
    ['of two issuers that differ', () => firstOf(named({})(), another({ identity: ['iss', 'sub'] }))],
    ['of two issuers that differ by a function', () => firstOf(named({})(), another({ identity: () => 'x' }))],
  ])('but not %s', (_, make) => {
    expect(make).not.toThrow()
  })
})

it('knows the users of all its methods', () => {
  const authenticate = firstOf(
    devPlaceholderTokens({ t: { identity: 'user1', team: 'red' } }),
    apiKey,
    oidc({ issuer: 'https://a.example', audience: 'x', user: (claims) => ({ department: String(claims['dept']) }) }),
  )
  type User = Awaited<ReturnType<typeof authenticate>>
  expectTypeOf<User['identity']>().toEqualTypeOf<string>()
  expectTypeOf<Extract<User, { department: unknown }>['department']>().toEqualTypeOf<string>()
  expectTypeOf<Extract<User, { robot: unknown }>['robot']>().toEqualTypeOf<true>()
  new Auth().authenticate(authenticate).on('threads', ({ user }) => ({ owner: user.identity }))
})
