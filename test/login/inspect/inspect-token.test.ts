import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseToken } from '../../../src/login/inspect/choose-token.js'
import { decodeToken } from '../../../src/login/inspect/decode-token.js'
import { type InspectOptions, inspectToken } from '../../../src/login/inspect/inspect-token.js'
import type { Logins } from '../../../src/login/logins.js'
import { NOW, planted, profileOf, secretsOf } from '../support/logins.js'

const AUDIENCE = 'https://api.example.com'
const SECONDS = NOW / 1000

let issuer: string
let keys: Awaited<ReturnType<typeof generateKeyPair>>
let stolen: CryptoKey
let asked: string[]
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.setHeader('content-type', 'application/json')
  if (request.url === '/jwks') {
    void exportJWK(keys.publicKey).then((key) =>
      response.end(JSON.stringify({ keys: [{ ...key, kid: 'k', alg: 'ES256' }] })),
    )
  } else {
    response.end(
      JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks`, authorization_endpoint: issuer, token_endpoint: issuer }),
    )
  }
})
beforeAll(async () => {
  asked = []
  keys = await generateKeyPair('ES256', { extractable: true })
  stolen = (await generateKeyPair('ES256')).privateKey
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

interface Signing {
  readonly claims?: JWTPayload
  readonly kid?: string
  readonly key?: CryptoKey
}

function token({ claims = {}, kid = 'k', key = keys.privateKey }: Signing = {}): Promise<string> {
  const all = { iss: issuer, aud: AUDIENCE, sub: 'alice', iat: SECONDS - 60, exp: SECONDS + 3600, ...claims }
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(key)
}

async function verdicts(jwt: string, options: Partial<InspectOptions> = {}): Promise<Record<string, string>> {
  const { checks } = await inspectToken(jwt, { issuer, audience: AUDIENCE, now: NOW, ...options })
  return Object.fromEntries(checks.map(({ name, verdict, why }) => [name, `${verdict}: ${why}`]))
}

describe('a token that is looked at', () => {
  it('is good where everything is, and shows what it says but its signature', async () => {
    const jwt = await token()
    const inspected = await inspectToken(jwt, { issuer, audience: AUDIENCE, now: NOW })
    expect(inspected).toMatchObject({
      kind: 'jwt',
      header: { alg: 'ES256', typ: 'at+jwt', kid: 'k' },
      claims: { sub: 'alice', aud: AUDIENCE },
    })
    expect(inspected.checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['signature', 'good'],
      ['time', 'good'],
      ['issuer', 'good'],
      ['audience', 'good'],
    ])
    expect(JSON.stringify(inspected)).not.toContain(jwt.split('.')[2])
  })

  it.each<[string, () => Promise<string>, string, RegExp]>([
    [
      'signed with another key',
      () => token({ key: stolen }),
      'signature',
      /^bad: it does not match the key of the issuer$/,
    ],
    [
      'signed with a key that is not published',
      () => token({ kid: 'old' }),
      'signature',
      /^bad: http.* has no key old$/,
    ],
    [
      'changed',
      async () => {
        const [header, , signature] = (await token()).split('.')
        const [, claims] = (await token({ claims: { sub: 'mallory' } })).split('.')
        return [header, claims, signature].join('.')
      },
      'signature',
      /^bad: it does not match/,
    ],
    [
      'not signed at all',
      async () => new UnsecuredJWT({ iss: issuer }).encode(),
      'signature',
      /^bad: nothing is signed: its algorithm is none$/,
    ],
    [
      'signed with the public key as a password',
      async () =>
        new SignJWT({ iss: issuer })
          .setProtectedHeader({ alg: 'HS256', kid: 'k' })
          .sign(new TextEncoder().encode(await exportSPKI(keys.publicKey))),
      'signature',
      /^bad: HS256 is not a signature with a public key$/,
    ],
    ['expired', () => token({ claims: { exp: SECONDS - 1 } }), 'time', /^bad: it expired on 2026-06-01 11:59:59 UTC$/],
    ['expired this moment', () => token({ claims: { exp: SECONDS } }), 'time', /^bad: it expired/],
    [
      'not valid yet',
      () => token({ claims: { nbf: SECONDS + 1 } }),
      'time',
      /^bad: it is not valid before 2026-06-01 12:00:01/,
    ],
    ['of no time', () => token({ claims: { exp: 'never' as never } }), 'time', /^bad: exp is no number/],
    [
      'of a time that there is not',
      () => token({ claims: { exp: 1e300 } }),
      'time',
      /^good: until a day that there is not/,
    ],
    [
      'without an end',
      () => token({ claims: { exp: undefined as never } }),
      'time',
      /^unknown: it does not say when it ends/,
    ],
    [
      'from another issuer',
      () => token({ claims: { iss: 'https://evil' } }),
      'issuer',
      /^bad: it is from https:\/\/evil, and not from http/,
    ],
    [
      'from nobody',
      () => token({ claims: { iss: undefined as never } }),
      'issuer',
      /^bad: it does not say who issued it/,
    ],
    [
      'for another service',
      () => token({ claims: { aud: ['a', 'b'] } }),
      'audience',
      /^bad: it is for a, b, and not for https/,
    ],
    ['for one of several', () => token({ claims: { aud: ['a', AUDIENCE] } }), 'audience', /^good: a, https/],
    ['for nobody', () => token({ claims: { aud: [] } }), 'audience', /^bad: it does not say what it is for/],
  ])('is %s', async (_, make, name, expected) => {
    expect((await verdicts(await make()))[name]).toMatch(expected)
  })

  it('is asked about at no issuer but the expected one', async () => {
    asked = []
    const evil = await token({ claims: { iss: `${issuer}/evil` } })
    expect(await verdicts(evil, { issuer: undefined })).toMatchObject({
      signature: expect.stringMatching(/^unknown: which issuer to ask/),
      issuer: `unknown: it says ${issuer}/evil`,
    })
    expect(asked).toEqual([])
    await verdicts(evil)
    expect(asked).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  it.each<[string, Partial<InspectOptions>, RegExp]>([
    ['is away', { fetch: () => Promise.reject(new TypeError('fetch failed')) }, /^unknown: /],
    ['answers nonsense', { fetch: async () => new Response('<html>') }, /^unknown: /],
    ['is not to be trusted', { issuer: 'http://id.example.com' }, /^unknown: .*plain http/],
  ])('is not called good where its issuer %s', async (_, options, expected) => {
    expect((await verdicts(await token(), options))['signature']).toMatch(expected)
  })

  it.each([
    'opaque',
    'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    'a.b.c',
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.a.b.c.d',
    '',
  ])('is opaque where it is no JWT: %s', async (text) => {
    expect(decodeToken(text)).toBeUndefined()
    expect(await inspectToken(text, { issuer, now: NOW })).toEqual({ kind: 'opaque', checks: [] })
  })
})

describe('the token to look at', () => {
  const profile = { ...profileOf('alice', { audience: 'api' }), store: 'keychain' as const }
  const secrets = secretsOf({ accessToken: 'kept' })
  const logins = {
    list: async () => ({ profiles: [profile] }),
    open: async () => ({ profile, login: { profile, secrets }, store: { kind: 'keychain', title: 'x' } }),
  } as unknown as Logins
  const choose = (name: string | undefined, given: { stdin?: string; AUTHKIT_TOKEN?: string } = {}) =>
    chooseToken(logins, { name, environment: given, stdin: async () => given.stdin ?? '' })

  it('is that of a profile, with what it should be like', async () => {
    expect(await choose('alice')).toMatchObject({
      token: 'kept',
      source: 'profile alice',
      issuer: 'https://id.example.com',
      audience: 'api',
      provider: { name: 'oidc' },
    })
    expect(await choose(undefined)).toMatchObject({ token: 'kept' })
  })

  it('is that of AUTHKIT_TOKEN, or of stdin', async () => {
    expect(await choose(undefined, { AUTHKIT_TOKEN: 'given' })).toEqual({
      token: 'given',
      source: 'AUTHKIT_TOKEN',
      issuer: undefined,
    })
    expect(await choose('alice', { AUTHKIT_TOKEN: 'given' })).toMatchObject({ token: 'kept' })
    for (const stdin of ['piped', ' piped\n', 'Bearer piped\r\n', 'bearer  piped'])
      expect(await choose('-', { stdin })).toEqual({ token: 'piped', source: 'stdin', issuer: undefined })
  })

  it('is believed about its issuer only where somebody is signed in there', async () => {
    const known = new UnsecuredJWT({ iss: 'https://id.example.com' }).encode()
    const unknown = new UnsecuredJWT({ iss: 'https://id.example.com/' }).encode()
    expect((await choose('-', { stdin: known })).issuer).toBe('https://id.example.com')
    expect((await choose('-', { stdin: unknown })).issuer).toBeUndefined()
  })

  it.each(['', '  \n', `${planted('one')} ${planted('two')}`, 'plänted'])('is not on stdin: %j', async (stdin) => {
    const refused = choose('-', { stdin })
    await expect(refused).rejects.toMatchObject({ code: 'usage' })
    await expect(refused).rejects.not.toThrow(/planted/)
  })
})
