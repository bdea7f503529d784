import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { CompactEncrypt, exportJWK, exportSPKI, type JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HTTPException } from '../../src/engine/http-exception.js'
import { oidc } from '../../src/identity/oidc.js'
import {
  AUDIENCE,
  bearing,
  CLIENT,
  createKey,
  goodClaims,
  raw,
  type SigningKey,
  sign,
  startIssuer,
  type TestIssuer,
} from './support/issuer.js'
import { refusalFrom } from './support/refusal.js'

let issuer: TestIssuer
let stranger: TestIssuer
let other: SigningKey
let authenticate: (request: Request) => Promise<{ identity: string }>

beforeAll(async () => {
  issuer = await startIssuer()
  stranger = await startIssuer()
  other = await createKey('other')
  authenticate = oidc({ issuer: issuer.issuer, audience: AUDIENCE, allowedClients: [CLIENT] })
})
afterAll(async () => {
  await issuer.close()
  await stranger.close()
})

/** A token of the issuer that would get in, but for these claims and this header. */
const token = (claims: JWTPayload & Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  sign(issuer.key, { ...goodClaims(issuer.issuer), ...claims }, header)

const now = () => Math.floor(Date.now() / 1000)
const HOUR = 3600

describe('a token of the issuer', () => {
  it('as the provider makes it', async () => {
    const made = await issuer.accessToken('alice', { scope: 'threads:read threads:write' })
    expect(await authenticate(bearing(`Bearer ${made}`))).toEqual({
      identity: 'alice',
      display_name: 'alice',
      permissions: ['threads:read', 'threads:write'],
    })
  })

  it.each<[string, JWTPayload & Record<string, unknown>, Record<string, unknown>?]>([
    ['signed by hand', {}],
    ['for several services', { aud: ['https://elsewhere.example', AUDIENCE] }],
    ['for a client that only azp names', { client_id: undefined, azp: CLIENT }],
    [
      'of Okta: cid and a list of scopes',
      { client_id: undefined, scope: undefined, cid: CLIENT, scp: ['threads:read'] },
    ],
    [
      'of Entra: scp as text',
      { client_id: undefined, scope: undefined, azp: CLIENT, scp: 'threads:read' },
      { typ: 'JWT' },
    ],
    ['of Keycloak: its own typ', { client_id: undefined, azp: CLIENT, typ: 'Bearer', nonce: 'n' }, { typ: 'JWT' }],
    ['of Auth0: typ JWT and a scope', { client_id: undefined, azp: CLIENT }, { typ: 'JWT' }],
    ['without a typ', {}, { typ: undefined }],
    ['with the long form of typ', {}, { typ: 'application/at+jwt' }],
    ['without a kid, where the issuer has one key', {}, { kid: undefined }],
    ['that expired within the tolerance', { exp: now() - 20 }],
    ['that begins within the tolerance', { nbf: now() + 20 }],
    ['with a jku that nobody looks at', {}, { jku: 'http://127.0.0.1:9/jwks', x5u: 'http://127.0.0.1:9/x' }],
  ])('%s gets in', async (_, claims, header) => {
    expect(await authenticate(bearing(`Bearer ${await token(claims, header)}`))).toMatchObject({ identity: 'alice' })
  })

  it.each(['bearer', 'BEARER', 'Bearer '])('%s is the scheme too', async (scheme) => {
    expect(await authenticate(bearing(`${scheme} ${await token()}`))).toMatchObject({ identity: 'alice' })
  })
})

const REALM = 'Bearer realm="authkit"'
const INVALID = `${REALM}, error="invalid_token"`
const MALFORMED = `${REALM}, error="invalid_request"`
const INSUFFICIENT = `${REALM}, error="insufficient_scope"`

interface Forgery {
  readonly name: string
  /** The Authorization header, or several. */
  readonly header: () => string | string[] | undefined | Promise<string | string[]>
  readonly code: string
  readonly status?: number
  readonly challenge?: string
  /** What the developer is told. */
  readonly problem?: RegExp
}

const bearer = (value: string | Promise<string>) => Promise.resolve(value).then((text) => `Bearer ${text}`)

const FORGERIES: readonly Forgery[] = [
  // No credential, or none of the form.
  { name: 'no header', header: () => undefined, code: 'no_credentials', challenge: REALM },
  { name: 'an empty header', header: () => '', code: 'token_malformed', status: 400, challenge: MALFORMED },
  { name: 'the scheme alone', header: () => 'Bearer', code: 'token_malformed', status: 400, challenge: MALFORMED },
  {
    name: 'another scheme',
    header: async () => `Basic ${await token()}`,
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'a scheme that ends in Bearer',
    header: async () => `Basic xBearer ${await token()}`,
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'no space behind the scheme',
    header: async () => `Bearer${await token()}`,
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'two headers',
    header: async () => [`Bearer ${await token()}`, `Bearer ${await token()}`],
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'a bad header beside a good one',
    header: async () => ['Basic x', `Bearer ${await token()}`],
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'a token and a word',
    header: async () => `Bearer ${await token()} x`,
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
  },
  {
    name: 'a token of 20 KB',
    header: () => bearer(token({ padding: 'x'.repeat(15_000) })),
    code: 'token_malformed',
    status: 400,
    challenge: MALFORMED,
    problem: /longer than 16384/,
  },

  // Not a signed JWT.
  {
    name: 'an opaque token',
    header: () => 'Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a',
    code: 'token_invalid',
    problem: /no signed JWT/,
  },
  {
    name: 'two parts',
    header: () => bearer(token().then((text) => text.split('.').slice(0, 2).join('.'))),
    code: 'token_invalid',
  },
  {
    name: 'a header that is no base64url',
    header: () => bearer(token().then((text) => text.replace(/^[^.]+/, '~~~~'))),
    code: 'token_invalid',
  },
  {
    name: 'a payload that is no JSON',
    header: () => bearer(raw({ alg: 'RS256', kid: 'first' }, '{"iss":', 'AAAA')),
    code: 'token_invalid',
  },
  {
    name: 'a payload that is a list',
    header: () => bearer(raw({ alg: 'RS256' }, '[]', 'AAAA')),
    code: 'token_invalid',
  },
  { name: 'a nested JWE', header: () => bearer(encrypted()), code: 'token_invalid', problem: /no signed JWT/ },

  // Algorithms and keys.
  {
    name: 'alg none',
    header: () => bearer(raw({ alg: 'none', typ: 'at+jwt' }, goodClaims(issuer.issuer))),
    code: 'token_invalid',
    problem: /alg is none of/,
  },
  {
    name: 'alg none, with a signature',
    header: () => bearer(raw({ alg: 'none' }, goodClaims(issuer.issuer), 'AAAA')),
    code: 'token_invalid',
  },
  { name: 'alg nOnE', header: () => bearer(raw({ alg: 'nOnE' }, goodClaims(issuer.issuer))), code: 'token_invalid' },
  {
    name: 'no alg',
    header: () => bearer(raw({ typ: 'at+jwt' }, goodClaims(issuer.issuer), 'AAAA')),
    code: 'token_invalid',
  },
  {
    name: 'HS256 with the public key as PEM',
    header: () => bearer(symmetric('pem')),
    code: 'token_invalid',
    problem: /alg is none of/,
  },
  { name: 'HS256 with the public key as JWK', header: () => bearer(symmetric('jwk')), code: 'token_invalid' },
  {
    name: 'a key of nobody',
    header: () => bearer(sign(other, goodClaims(issuer.issuer))),
    code: 'token_invalid',
    problem: /no key with this kid/,
  },
  {
    name: 'a key of nobody under the right kid',
    header: () => bearer(sign(other, goodClaims(issuer.issuer), { kid: 'first' })),
    code: 'token_invalid',
    problem: /signature/,
  },
  {
    name: 'a key of nobody without a kid',
    header: () => bearer(sign(other, goodClaims(issuer.issuer), { kid: undefined })),
    code: 'token_invalid',
    problem: /signature/,
  },
  {
    name: 'the key of another issuer',
    header: () => bearer(sign(stranger.key, goodClaims(issuer.issuer))),
    code: 'token_invalid',
    problem: /signature/,
  },
  { name: 'a kid that is no text', header: () => bearer(token({}, { kid: 7 as never })), code: 'token_invalid' },
  { name: 'its own key in the header', header: () => bearer(embedded()), code: 'token_invalid', problem: /signature/ },
  {
    name: 'jku with its own keys',
    header: () => bearer(sign(other, goodClaims(issuer.issuer), { jku: `${stranger.issuer}/jwks` })),
    code: 'token_invalid',
  },
  {
    name: 'the signature of another token',
    header: () => bearer(transplanted()),
    code: 'token_invalid',
    problem: /signature/,
  },
  {
    name: 'no signature',
    header: () => bearer(token().then((text) => text.replace(/[^.]+$/, ''))),
    code: 'token_invalid',
  },
  {
    name: 'PS256 where the key is for RS256',
    header: () =>
      bearer(
        token({}, { alg: 'PS256' }).catch(() => raw({ alg: 'PS256', kid: 'first' }, goodClaims(issuer.issuer), 'AAAA')),
      ),
    code: 'token_invalid',
  },
  { name: 'crit that nobody knows', header: () => bearer(critical({ crit: ['exp'], exp: 1 })), code: 'token_invalid' },
  { name: 'b64: false', header: () => bearer(critical({ crit: ['b64'], b64: false })), code: 'token_invalid' },

  // Claims.
  {
    name: 'another issuer',
    header: () => bearer(stranger.accessToken('alice')),
    code: 'token_issuer_unknown',
    problem: /iss is .+, expected/,
  },
  {
    name: 'another issuer, by the right key',
    header: () => bearer(token({ iss: 'https://login.example.com' })),
    code: 'token_issuer_unknown',
  },
  {
    name: 'the issuer with a slash',
    header: () => bearer(token({ iss: `${issuer.issuer}/` })),
    code: 'token_issuer_unknown',
  },
  {
    name: 'no issuer',
    header: () => bearer(token({ iss: undefined } as never)),
    code: 'token_issuer_unknown',
    problem: /iss is missing/,
  },
  {
    name: 'a list of issuers',
    header: () => bearer(token({ iss: [issuer.issuer] as never })),
    code: 'token_issuer_unknown',
  },
  {
    name: 'another audience',
    header: () => bearer(issuer.accessToken('alice', { audience: 'https://elsewhere.example' })),
    code: 'token_audience',
    problem: /aud is "https:\/\/elsewhere.example", expected "https:\/\/agent.example.com"/,
  },
  {
    name: 'no audience',
    header: () => bearer(token({ aud: undefined } as never)),
    code: 'token_audience',
    problem: /aud is missing/,
  },
  {
    name: 'an audience that begins like ours',
    header: () => bearer(token({ aud: `${AUDIENCE}.evil.example` })),
    code: 'token_audience',
  },
  { name: 'the audience of Keycloak', header: () => bearer(token({ aud: 'account' })), code: 'token_audience' },
  {
    name: 'expired',
    header: () => bearer(token({ exp: now() - 31 })),
    code: 'token_expired',
    problem: /expired 3\d s ago/,
  },
  {
    name: 'no expiry',
    header: () => bearer(token({ exp: undefined } as never)),
    code: 'token_invalid',
    problem: /exp is missing/,
  },
  {
    name: 'an expiry in text',
    header: () => bearer(token({ exp: `${now() + HOUR}` as never })),
    code: 'token_invalid',
  },
  { name: 'not yet valid', header: () => bearer(token({ nbf: now() + 120 })), code: 'token_invalid', problem: /nbf/ },
  {
    name: 'no subject',
    header: () => bearer(token({ sub: undefined } as never)),
    code: 'token_invalid',
    problem: /sub is missing/,
  },
  { name: 'an empty subject', header: () => bearer(token({ sub: ' ' })), code: 'token_invalid' },
  { name: 'a subject that is a number', header: () => bearer(token({ sub: 7 as never })), code: 'token_invalid' },
  {
    name: 'the identity of Studio',
    header: () => bearer(token({ sub: 'langgraph-studio-user' })),
    code: 'token_invalid',
  },
  {
    name: 'another client',
    header: () => bearer(issuer.accessToken('alice', { client: 'other-app' })),
    code: 'token_client_denied',
    status: 403,
    challenge: INSUFFICIENT,
    problem: /client is "other-app", expected "my-app"/,
  },
  {
    name: 'another client, with ours in azp',
    header: () => bearer(token({ client_id: 'other-app', azp: CLIENT })),
    code: 'token_client_denied',
    status: 403,
    challenge: INSUFFICIENT,
  },
  {
    name: 'no client',
    header: () => bearer(token({ client_id: undefined })),
    code: 'token_client_denied',
    status: 403,
    challenge: INSUFFICIENT,
  },

  // Other kinds of tokens.
  {
    name: 'an ID token with a nonce',
    header: () => bearer(token({ nonce: 'n' }, { typ: 'JWT' })),
    code: 'token_invalid',
    problem: /holds nonce/,
  },
  {
    name: 'an ID token with at_hash',
    header: () => bearer(token({ at_hash: 'h', client_id: undefined, azp: CLIENT }, { typ: undefined })),
    code: 'token_invalid',
  },
  {
    name: 'an ID token with nothing special',
    header: () => bearer(token({ client_id: undefined, scope: undefined }, { typ: 'JWT' })),
    code: 'token_invalid',
    problem: /nothing in it tells/,
  },
  {
    name: 'an ID token for ourselves as a client',
    header: () =>
      bearer(token({ client_id: undefined, scope: undefined, aud: [AUDIENCE, CLIENT], azp: CLIENT }, { typ: 'JWT' })),
    code: 'token_invalid',
  },
  {
    name: 'an ID token of Keycloak',
    header: () => bearer(token({ typ: 'ID' }, { typ: 'JWT' })),
    code: 'token_invalid',
    problem: /typ is "ID"/,
  },
  {
    name: 'a refresh token of Keycloak',
    header: () => bearer(token({ typ: 'Refresh' }, { typ: 'JWT' })),
    code: 'token_invalid',
  },
  {
    name: 'an ID token of Cognito',
    header: () => bearer(token({ token_use: 'id' }, { typ: undefined })),
    code: 'token_invalid',
  },
  { name: 'a logout token', header: () => bearer(token({}, { typ: 'logout+jwt' })), code: 'token_invalid' },
  { name: 'a DPoP proof', header: () => bearer(token({}, { typ: 'dpop+jwt' })), code: 'token_invalid' },
  {
    name: 'a token that is bound to a key',
    header: () => bearer(token({ cnf: { jkt: 'x' } })),
    code: 'token_invalid',
    problem: /cnf/,
  },
]

describe('refuses', () => {
  it.each(FORGERIES)('$name: $code', async ({ header, code, status = 401, challenge = INVALID, problem }) => {
    const sent = await header()
    const refused = await refusalFrom(authenticate(bearing(sent)))
    expect({
      code: refused.code,
      status: refused.status,
      challenge: new Headers(refused.headers).get('www-authenticate'),
    }).toEqual({
      code,
      status,
      challenge,
    })
    expect(refused).toBeInstanceOf(HTTPException)
    if (problem) expect(refused.problem).toMatch(problem)
    // What a client or a log is told never holds what was sent.
    const secrets = [sent ?? []]
      .flat()
      .flatMap((text) => text.split(/[ .]/))
      .filter((part) => part.length > 20)
    const told = JSON.stringify([refused.message, refused.problem, refused.hint, refused.headers])
    for (const secret of secrets) expect(told).not.toContain(secret)
  })

  it('says the same to clients, whatever is wrong with a token', async () => {
    const messages = new Set<string>()
    for (const { header, code } of FORGERIES.filter((row) => row.code === 'token_invalid')) {
      expect(code).toBe('token_invalid')
      messages.add((await refusalFrom(authenticate(bearing(await header())))).message)
    }
    expect([...messages]).toEqual(['The token was not accepted'])
  })

  it('any mutation of a valid token', async () => {
    const valid = await token()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~'
    const mutation = fc.record({
      at: fc.nat(valid.length - 1),
      what: fc.oneof(
        fc.record({ kind: fc.constant('replace' as const), letter: fc.constantFrom(...alphabet) }),
        fc.record({ kind: fc.constant('insert' as const), letter: fc.constantFrom(...alphabet) }),
        fc.record({ kind: fc.constant('remove' as const), letter: fc.constant('') }),
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const mutated = mutations.reduce((text, { at, what }) => {
          const rest = text.slice(at + (what.kind === 'insert' ? 0 : 1))
          return text.slice(0, at) + what.letter + rest
        }, valid)
        fc.pre(mutated !== valid)
        const refused = await refusalFrom(authenticate(bearing(`Bearer ${mutated}`)))
        expect([400, 401]).toContain(refused.status)
      }),
      { numRuns: 300 },
    )
  })

  it('another spelling of a part: what decodes to the same bytes is not the same token', async () => {
    const parts = (await token()).split('.')
    for (const [index, part] of parts.entries()) {
      for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/='.replace(
        part.at(-1) ?? '',
        '',
      )) {
        const mutated = parts.with(index, part.slice(0, -1) + letter).join('.')
        await refusalFrom(authenticate(bearing(`Bearer ${mutated}`)))
      }
    }
  })

  it('claims that were swapped under the signature of others', async () => {
    const [header, , signature] = (await token()).split('.')
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    const claims = fc.dictionary(fc.constantFrom('sub', 'aud', 'exp', 'scope', 'client_id', 'admin'), value, {
      minKeys: 1,
    })
    await fc.assert(
      fc.asyncProperty(claims, async (changed) => {
        const payload = Buffer.from(JSON.stringify({ ...goodClaims(issuer.issuer), ...changed })).toString('base64url')
        await refusalFrom(authenticate(bearing(`Bearer ${header}.${payload}.${signature}`)))
      }),
      { numRuns: 100 },
    )
  })
})

it('reads the header alone: a token in the query is none', async () => {
  const url = `http://agent.example/threads?access_token=${await token()}`
  expect((await refusalFrom(authenticate(bearing(undefined, url)))).code).toBe('no_credentials')
})

async function symmetric(as: 'pem' | 'jwk'): Promise<string> {
  const secret = as === 'pem' ? await exportSPKI(issuer.key.publicKey) : JSON.stringify(issuer.key.jwk)
  const unsigned = raw({ alg: 'HS256', typ: 'at+jwt', kid: 'first' }, goodClaims(issuer.issuer)).replace(/\.$/, '')
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`
}

async function embedded(): Promise<string> {
  return await sign(other, goodClaims(issuer.issuer), { kid: 'first', jwk: await exportJWK(other.publicKey) })
}

async function transplanted(): Promise<string> {
  const [header, payload] = (await token({ sub: 'bob' })).split('.')
  const [, , signature] = (await token({ sub: 'alice' })).split('.')
  return `${header}.${payload}.${signature}`
}

async function encrypted(): Promise<string> {
  const key = createHash('sha256').update('a key').digest()
  return await new CompactEncrypt(new TextEncoder().encode(await token()))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(key)
}

/** Signed with the right key, under a header that no library would sign. */
async function critical(header: Record<string, unknown>): Promise<string> {
  const unsigned = raw({ alg: 'RS256', kid: 'first', typ: 'at+jwt', ...header }, goodClaims(issuer.issuer)).replace(
    /\.$/,
    '',
  )
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', issuer.key.privateKey as never, Buffer.from(unsigned))
  return `${unsigned}.${Buffer.from(signature).toString('base64url')}`
}
