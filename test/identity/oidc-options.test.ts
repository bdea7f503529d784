import { describe, expect, expectTypeOf, it } from 'vitest'
import { devOidc, oidc } from '../../src/identity/oidc.js'
import type { OidcOptions } from '../../src/identity/oidc-options.js'

const GOOD = { issuer: 'https://login.example.com', audience: 'https://agent.example.com' }
const ENTRA = { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', audience: 'x' }

describe('everywhere', () => {
  it.each<[string, object, RegExp]>([
    ['neither audience nor clients', { issuer: GOOD.issuer }, /name an audience, or allowedClients/],
    ['an audience that is set to nothing', { ...GOOD, audience: '' }, /name an audience/],
    ['an empty list of audiences', { ...GOOD, audience: [] }, /audience is an empty list/],
    ['an audience that is empty', { ...GOOD, audience: ['a', ' '] }, /none of them empty/],
    ['an empty list of clients', { ...GOOD, allowedClients: [] }, /allowedClients is an empty list/],
    ['an audience without an issuer', { audience: 'x' }, /an audience, but no issuer/],
    ['an issuer over http', { ...GOOD, issuer: 'http://login.example.com' }, /has to be https/],
    ['an issuer in the network', { ...GOOD, issuer: 'http://192.168.0.1' }, /has to be https/],
    ['an issuer that only looks local', { ...GOOD, issuer: 'http://127.0.0.1.example.com' }, /has to be https/],
    ['an issuer that is no URL', { ...GOOD, issuer: 'login.example.com' }, /is no URL/],
    ['a document over http', { ...GOOD, discoveryUrl: 'http://keycloak:8080/x' }, /discoveryUrl .+ has to be https/],
    [
      'a document elsewhere, of whoever',
      { audience: 'x', discoveryUrl: 'https://a.example/doc' },
      /the issuer has to be named/,
    ],
    ['alg none', { ...GOOD, algorithms: ['none'] }, /none is none of RS256/],
    ['HS256', { ...GOOD, algorithms: ['RS256', 'HS256'] }, /HS256 is none of/],
    ['no algorithm', { ...GOOD, algorithms: [] }, /empty list/],
    ['a tolerance of an hour', { ...GOOD, clockTolerance: 3600 }, /seconds from 0 to 300/],
    ['a tolerance below nothing', { ...GOOD, clockTolerance: -1 }, /seconds from 0/],
    ['a tolerance that is no number', { ...GOOD, clockTolerance: Number.NaN }, /seconds from 0/],
    ['a tolerance in text', { ...GOOD, clockTolerance: '30' }, /seconds from 0/],
    [
      'a misspelt option',
      { ...GOOD, allowedClient: ['x'] },
      /no option "allowedClient". Did you mean "allowedClients"/,
    ],
    ['a misspelt rule', { ...GOOD, requireAuth: { maxage: 1 } }, /no option "maxage". Did you mean "maxAge"/],
    ['a scope with a quote', { ...GOOD, requiredScopes: ['a"b'] }, /no spaces, quotes/],
    ['scopes in one text', { ...GOOD, requiredScopes: ['a b'] }, /no spaces/],
    ['an unknown kind of token', { ...GOOD, tokenType: 'any' }, /tokenType has to be one of/],
    ['tenants without a place for them', { ...GOOD, tenants: ['a'] }, /needs an issuer with \{tenantid\}/],
    ['a place for tenants without any', ENTRA, /name your tenants/],
    [
      'what is no web address, whatever is allowed',
      { ...GOOD, issuer: 'ftp://a.example', dangerouslyAllowHttp: true },
      /no URL/,
    ],
    ['no tenants', { ...ENTRA, tenants: [] }, /tenants is an empty list/],
    ['a tenant that is a path', { ...ENTRA, tenants: ['a/../b'] }, /is no tenant/],
    ['several tenants by sub', { ...ENTRA, tenants: ['a', 'b'] }, /identity: \['tid', 'oid'\]/],
    [
      'tenants and a document',
      { ...ENTRA, tenants: ['a'], discoveryUrl: 'https://a.example/x' },
      /does not go with tenants/,
    ],
  ])('%s is a TypeError', (_, options, message) => {
    for (const make of [oidc, devOidc]) {
      expect(() => make(options as OidcOptions)).toThrow(TypeError)
      expect(() => make(options as OidcOptions)).toThrow(message)
    }
  })

  it.each<[string, OidcOptions]>([
    ['issuer and audience', GOOD],
    ['issuer and clients', { issuer: GOOD.issuer, allowedClients: ['my-app'] }],
    ['an issuer on this machine', { ...GOOD, issuer: 'http://localhost:8080/realms/demo' }],
    ['an issuer on this machine, by IPv6', { ...GOOD, issuer: 'http://[::1]:8080' }],
    ['a document alone', { audience: 'x', discoveryUrl: 'https://a.example/.well-known/openid-configuration' }],
    [
      'a document in the network, on purpose',
      { ...GOOD, discoveryUrl: 'http://keycloak:8080/x', dangerouslyAllowHttp: true },
    ],
    ['one tenant', { ...ENTRA, tenants: ['a'] }],
    ['several tenants', { ...ENTRA, tenants: ['a', 'b'], identity: ['tid', 'oid'] }],
  ])('%s are enough', (_, options) => {
    expect(oidc(options)).toBeTypeOf('function')
    expect(devOidc(options)).toBeTypeOf('function')
  })
})

describe('without an issuer', () => {
  it.each<OidcOptions>([
    {},
    { issuer: undefined, audience: undefined },
    { issuer: '', audience: '' },
    { requiredScopes: ['a'] },
  ])('%j is refused, but inside authkit dev', (options) => {
    expect(() => oidc(options)).toThrow(/there is no issuer.+OIDC_ISSUER, set that one, and OIDC_AUDIENCE/)
    expect(devOidc(options)).toBeTypeOf('function')
  })
})

it('types the user by what it is told', () => {
  const plain = oidc(GOOD)
  expectTypeOf<Awaited<ReturnType<typeof plain>>['email']>().toEqualTypeOf<string | undefined>()
  const rich = oidc({ ...GOOD, user: ({ sub }) => ({ team: `team of ${sub}`, level: 3 }) })
  type Rich = Awaited<ReturnType<typeof rich>>
  expectTypeOf<Pick<Rich, 'identity' | 'team' | 'level'>>().toEqualTypeOf<{
    identity: string
    team: string
    level: number
  }>()
  // @ts-expect-error: who it is has an option of its own
  oidc({ ...GOOD, user: () => ({ identity: 'x' }) })
})
