import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import { Auth } from '../../../src/engine/auth.js'
import { HTTPException } from '../../../src/engine/http-exception.js'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'agents'
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** What the provider of these tests publishes. */
export const PUBLISHED: JSONWebKeySet = {
  keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'first', alg: 'RS256', use: 'sig' } as never],
}
export const PUBLIC_PEM = createPublicKey(pair.privateKey).export({ format: 'pem', type: 'spki' }).toString()

/** Who a token says its bearer is, once it has been checked. Throws for a bad one. */
export type Verify = (token: string) => Promise<string>

export interface Lifetime {
  readonly audience?: string
  /** Seconds from now; negative for a token whose time is over. */
  readonly expiresIn?: number
}

/** A genuine token of the provider. */
export function issue(user: string, { audience = AUDIENCE, expiresIn = 3600 }: Lifetime = {}): Promise<string> {
  return new SignJWT({ email: `${user}@example.com` })
    .setProtectedHeader({ alg: 'RS256', kid: 'first', typ: 'JWT' })
    .setSubject(user)
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(pair.privateKey)
}

export interface Rules {
  readonly audience?: string | undefined
  readonly currentDate?: Date
}

/** As the documentation of `jose` has it. */
export async function verified(token: string, rules: Rules = { audience: AUDIENCE }): Promise<string> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(PUBLISHED), {
    algorithms: ['RS256'],
    issuer: ISSUER,
    ...(rules.audience === undefined ? {} : { audience: rules.audience }),
    ...(rules.currentDate ? { currentDate: rules.currentDate } : {}),
  })
  return String(payload.sub)
}

/** Users with JWTs; the opaque tokens of the tests' own bookkeeping as well. */
export function jwtAuth(verify: Verify = (token) => verified(token)): Auth {
  return new Auth().authenticate(async (request: Request) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    const [, opaque] = /^(user[123])-token$/.exec(token) ?? []
    try {
      return { identity: opaque ?? (await verify(token)) }
    } catch {
      throw new HTTPException(401, { message: 'Who are you?' })
    }
  })
}
