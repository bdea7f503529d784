import { compactVerify, createRemoteJWKSet, customFetch, errors } from 'jose'
import { AuthkitError } from '../../errors/authkit-error.js'
import { oidc } from '../../providers/oidc.js'
import type { Provider } from '../../providers/provider.js'
import { openClient } from '../protocol/client.js'
import { type DecodedToken, decodeToken } from './decode-token.js'

/** What a service that gets a token looks at. */
export interface TokenCheck {
  readonly name: 'signature' | 'time' | 'issuer' | 'audience'
  /** `unknown` where it could not be looked at. */
  readonly verdict: 'good' | 'bad' | 'unknown'
  /** One sentence, without its full stop. */
  readonly why: string
}

export interface InspectedToken extends Partial<DecodedToken> {
  /** `opaque`: only its provider can tell what it is. */
  readonly kind: 'jwt' | 'opaque'
  readonly checks: readonly TokenCheck[]
}

export interface InspectOptions {
  /** Where the token should be from. No other issuer is asked for keys: who wrote the token does not choose them. */
  readonly issuer?: string | undefined
  readonly provider?: Provider | undefined
  /** What the token should be for. */
  readonly audience?: string | undefined
  /** Milliseconds since 1970. */
  readonly now: number
  readonly fetch?: typeof fetch
}

/** Signatures with a public key: with any other, whoever can check one can make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** How long a provider has for its keys, in milliseconds. */
const KEYS_MS = 5000

/**
 * Decodes a token on this machine, and looks at it as a service would that gets it: whether the issuer signed it (with the
 * keys that it publishes), whether it is its time, and whether issuer and audience are the expected ones. Nothing is thrown
 * for a token that is bad.
 */
export async function inspectToken(token: string, options: InspectOptions): Promise<InspectedToken> {
  const decoded = decodeToken(token)
  if (!decoded) return { kind: 'opaque', checks: [] }
  const checks = [
    await signatureOf(token, decoded, options),
    timeOf(decoded.claims, options.now),
    issuerOf(decoded.claims, options.issuer),
    audienceOf(decoded.claims, options.audience),
  ]
  return { kind: 'jwt', ...decoded, checks }
}

async function signatureOf(token: string, { header }: DecodedToken, options: InspectOptions): Promise<TokenCheck> {
  const check = (verdict: TokenCheck['verdict'], why: string): TokenCheck => ({ name: 'signature', verdict, why })
  const algorithm = String(header['alg'])
  if (algorithm.toLowerCase() === 'none') return check('bad', 'nothing is signed: its algorithm is none')
  if (!ALGORITHMS.includes(algorithm)) return check('bad', `${algorithm} is not a signature with a public key`)
  if (options.issuer === undefined)
    return check('unknown', 'which issuer to ask for keys is not known; name it with --issuer')
  try {
    await compactVerify(token, await keysOf(options.issuer, options), { algorithms: ALGORITHMS })
    return check('good', `${algorithm}, with a key of ${options.issuer}`)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey)
      return check('bad', `${options.issuer} has no key ${String(header['kid'])}`)
    if (error instanceof errors.JWSSignatureVerificationFailed)
      return check('bad', 'it does not match the key of the issuer')
    if (error instanceof AuthkitError) return check('unknown', withoutFullStop(error.message))
    return check('unknown', `the keys of ${options.issuer} could not be had or used`)
  }
}

async function keysOf(issuer: string, { provider = oidc, fetch: send = fetch }: InspectOptions) {
  const client = await openClient({ provider, issuer, clientId: 'authkit', fetch: send })
  const { jwks_uri: uri } = client.serverMetadata()
  if (uri === undefined) throw new AuthkitError('provider_misconfigured', 'The issuer publishes no keys.')
  return createRemoteJWKSet(new URL(uri), { timeoutDuration: KEYS_MS, [customFetch]: send })
}

function timeOf({ exp, nbf }: Readonly<Record<string, unknown>>, now: number): TokenCheck {
  const check = (verdict: TokenCheck['verdict'], why: string): TokenCheck => ({ name: 'time', verdict, why })
  if (exp !== undefined && typeof exp !== 'number') return check('bad', 'exp is no number')
  if (nbf !== undefined && typeof nbf !== 'number') return check('bad', 'nbf is no number')
  if (exp !== undefined && exp * 1000 <= now) return check('bad', `it expired on ${momentOf(exp)}`)
  if (nbf !== undefined && nbf * 1000 > now) return check('bad', `it is not valid before ${momentOf(nbf)}`)
  return exp === undefined ? check('unknown', 'it does not say when it ends') : check('good', `until ${momentOf(exp)}`)
}

function issuerOf({ iss }: Readonly<Record<string, unknown>>, expected: string | undefined): TokenCheck {
  const check = (verdict: TokenCheck['verdict'], why: string): TokenCheck => ({ name: 'issuer', verdict, why })
  if (typeof iss !== 'string') return check('bad', 'it does not say who issued it')
  if (expected === undefined) return check('unknown', `it says ${iss}`)
  return iss === expected ? check('good', iss) : check('bad', `it is from ${iss}, and not from ${expected}`)
}

function audienceOf({ aud }: Readonly<Record<string, unknown>>, expected: string | undefined): TokenCheck {
  const check = (verdict: TokenCheck['verdict'], why: string): TokenCheck => ({ name: 'audience', verdict, why })
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string')
  if (audiences.length === 0) return check('bad', 'it does not say what it is for')
  const said = audiences.join(', ')
  if (expected === undefined) return check('unknown', `it is for ${said}; name what it should be for with --audience`)
  return audiences.includes(expected) ? check('good', said) : check('bad', `it is for ${said}, and not for ${expected}`)
}

function momentOf(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime())
    ? 'a day that there is not'
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '')
}
