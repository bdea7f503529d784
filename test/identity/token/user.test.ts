import { describe, expect, it } from 'vitest'
import { AuthError } from '../../../src/identity/auth-error.js'
import { keycloakRoles } from '../../../src/identity/keycloak-roles.js'
import { presetOf } from '../../../src/identity/preset.js'
import type { Claims } from '../../../src/identity/token/claims.js'
import { type UserOptions, userFromClaims } from '../../../src/identity/token/user.js'

const ISSUER = 'https://login.example.com'
const user = (claims: Claims, options: UserOptions = {}, issuer = ISSUER) =>
  userFromClaims({ sub: 'alice', ...claims }, presetOf(issuer), options, (code, more) => new AuthError(code, more))

/** The code of the refusal, or the user. */
function outcome(claims: Claims, options: UserOptions = {}, issuer = ISSUER): unknown {
  try {
    return user(claims, options, issuer)
  } catch (error) {
    if (error instanceof AuthError) return error.code
    throw error
  }
}

describe('permissions', () => {
  it.each<[string, Claims, UserOptions, string[]]>([
    ['scope', { scope: 'a b  c a' }, {}, ['a', 'b', 'c']],
    ['scp as a list', { scp: ['a', 'b', 7] }, {}, ['a', 'b']],
    ['scp as text', { scp: 'a b' }, {}, ['a', 'b']],
    ['none', {}, {}, []],
    ['a scope that is no text', { scope: { a: true } }, {}, []],
    ['a claim of roles', { scope: 'a', roles: ['admin', 'a'] }, { roles: 'roles' }, ['a', 'admin']],
    ['a claim of one role', { 'https://example.com/role': 'admin' }, { roles: 'https://example.com/role' }, ['admin']],
    ['a claim that is not there', {}, { roles: 'roles' }, []],
    ['a function', { groups: 'x,y' }, { roles: ({ groups }) => String(groups).split(',') }, ['x', 'y']],
    ['instead of all that', { scope: 'a' }, { user: () => ({ permissions: ['b'] }) }, ['b']],
  ])('from %s', (_, claims, options, permissions) => {
    expect(user(claims, options).permissions).toEqual(permissions)
  })

  const keycloak = {
    realm_access: { roles: ['offline_access', 'staff'] },
    resource_access: { 'my-agent': { roles: ['editor'] }, account: { roles: ['manage-account'] } },
  }
  it.each<[string[], Claims, string[]]>([
    [[], keycloak, ['offline_access', 'staff']],
    [['my-agent'], keycloak, ['offline_access', 'staff', 'editor']],
    [['my-agent', 'account'], keycloak, ['offline_access', 'staff', 'editor', 'manage-account']],
    [['constructor', '__proto__'], keycloak, ['offline_access', 'staff']],
    [['my-agent'], {}, []],
    [['my-agent'], { realm_access: 'x', resource_access: { 'my-agent': { roles: 'editor' } } }, ['editor']],
    [['my-agent'], { realm_access: { roles: [1, null] }, resource_access: [] }, []],
  ])('of Keycloak, for the clients %j', (clients, claims, roles) => {
    expect(user(claims, { roles: keycloakRoles(...clients) }).permissions).toEqual(roles)
  })
})

describe('email', () => {
  const verified = { email: 'alice@example.com', email_verified: true }
  const GOOGLE = 'https://accounts.google.com'
  const ENTRA = 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0'
  const AUTH0 = 'https://acme.eu.auth0.com/'

  it.each<[string, Claims, string, UserOptions, string | undefined]>([
    ['of an issuer that nobody knows', verified, ISSUER, {}, undefined],
    ['of one that the project trusts', verified, ISSUER, { trustEmail: true }, verified.email],
    [
      'of one that it trusts, not verified',
      { ...verified, email_verified: false },
      ISSUER,
      { trustEmail: true },
      undefined,
    ],
    [
      'of one that it trusts, verified in text',
      { ...verified, email_verified: 'true' },
      ISSUER,
      { trustEmail: true },
      undefined,
    ],
    ['of one that it trusts, with no word on it', { email: verified.email }, ISSUER, { trustEmail: true }, undefined],
    ['of Auth0', verified, AUTH0, {}, verified.email],
    ['of Auth0, not verified', { ...verified, email_verified: false }, AUTH0, {}, undefined],
    ['of Entra, which verifies none', verified, ENTRA, {}, undefined],
    ['of Google, of another domain', verified, GOOGLE, {}, undefined],
    ['of Google, of its own domain', { ...verified, email: 'alice@gmail.com' }, GOOGLE, {}, 'alice@gmail.com'],
    ['of Google, of a Workspace', { ...verified, hd: 'example.com' }, GOOGLE, {}, verified.email],
    ['that is none', { email: 7, email_verified: true }, ISSUER, { trustEmail: true }, undefined],
  ])('%s', (_, claims, issuer, options, email) => {
    expect(user(claims, options, issuer).email).toBe(email)
    expect('email' in user(claims, options, issuer)).toBe(email !== undefined)
    const required = outcome(claims, { ...options, requireVerifiedEmail: true }, issuer)
    expect(required).toEqual(email === undefined ? 'email_not_verified' : expect.objectContaining({ email }))
  })
})

describe('identity', () => {
  it.each<[string, Claims, UserOptions, string]>([
    ['sub', {}, {}, 'alice'],
    ['another claim', { uid: 'u1' }, { identity: 'uid' }, 'u1'],
    ['several claims', { tid: 't', oid: 'o' }, { identity: ['tid', 'oid'] }, 't:o'],
    ['a function', {}, { identity: ({ sub }) => `partner:${sub}` }, 'partner:alice'],
    ['a name that only looks like nobody', { sub: 'nullable' }, { identity: ({ sub }) => `${sub}` }, 'nullable'],
    ['whatever user() says', {}, { user: (() => ({ identity: 'admin' })) as never }, 'alice'],
  ])('from %s', (_, claims, options, identity) => {
    expect(user(claims, options).identity).toBe(identity)
  })

  it.each<[string, Claims, UserOptions]>([
    ['a claim that is not there', {}, { identity: 'uid' }],
    ['several, one of which is not there', { tid: 't' }, { identity: ['tid', 'oid'] }],
    ['one that is empty', { uid: '' }, { identity: 'uid' }],
    ['one that is no text', { uid: ['a'] }, { identity: 'uid' }],
    ['a function over what is not there', {}, { identity: ({ tid, oid }) => `${tid}:${oid}` }],
    ['a function over null', { uid: null }, { identity: ({ uid }) => `${uid}` }],
    ['a function over an object', { uid: {} }, { identity: ({ uid }) => `${uid}` }],
    ['a function that returns nothing', {}, { identity: (() => undefined) as never }],
    ['Studio', { sub: 'langgraph-studio-user' }, {}],
  ])('never from %s', (_, claims, options) => {
    expect(outcome(claims, options)).toBe('token_invalid')
  })
})

it('names its user as the token does', () => {
  expect(user({ name: 'Alice A.', preferred_username: 'alice' }).display_name).toBe('Alice A.')
  expect(user({ preferred_username: 'alice1' }).display_name).toBe('alice1')
  expect(user({ name: '' }).display_name).toBe('alice')
  expect(user({}, { user: () => ({ display_name: 'A.' }) }).display_name).toBe('A.')
})

it('keeps nothing else of the token, but what the project picks', () => {
  const claims = { department: 'x', groups: ['y'], phone_number: '1', email: 'a@b.c', email_verified: true }
  expect(user(claims)).toEqual({ identity: 'alice', display_name: 'alice', permissions: [] })
  expect(user(claims, { user: ({ department }) => ({ department }) })).toMatchObject({ department: 'x' })
})
