import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JSONWebKeySet, type JWK } from 'jose'
import type { Seal } from '../seal/seal.js'
import type { IssuerDatabase } from './database.js'

/** What has to be the same after a restart, so that it signs nobody out. */
export interface Secrets {
  /** Private keys: ES256 for access tokens, RS256 for clients that know nothing else. */
  readonly signingKeys: readonly JWK[]
  readonly cookieKey: string
  /** Under which ids are hashed. */
  readonly indexKey: string
}

const NAME = 'issuer'
const PLACE = 'issuer/secrets'
const generate = promisify(generateKeyPair)

/**
 * Reads the secrets, or makes them where there are none.
 *
 * @param onLost Called where those that are there do not open: the root key is another one. Everything that they belonged
 *   to is deleted, because it can't be read either.
 */
export async function readSecrets(db: IssuerDatabase, seal: Seal, onLost: () => void): Promise<Secrets> {
  const found = opened(db, seal)
  if (found.kind === 'there') return found.secrets
  const made = seal.close(PLACE, await makeSecrets())
  const keep = db.transaction(() => {
    // Another process may have been first.
    const now = opened(db, seal)
    if (now.kind === 'there') return now.secrets
    if (now.kind === 'lost') {
      db.exec('delete from entries; delete from secrets')
      onLost()
    }
    db.prepare('insert into secrets (name, sealed) values (?, ?)').run(NAME, made)
    return seal.open(PLACE, made) as Secrets
  })
  return keep.immediate()
}

type Found = { kind: 'there'; secrets: Secrets } | { kind: 'absent' } | { kind: 'lost' }

function opened(db: IssuerDatabase, seal: Seal): Found {
  const sealed = db.prepare('select sealed from secrets where name = ?').pluck().get(NAME) as Buffer | undefined
  if (!sealed) return { kind: 'absent' }
  try {
    return { kind: 'there', secrets: seal.open(PLACE, sealed) as Secrets }
  } catch {
    return { kind: 'lost' }
  }
}

async function makeSecrets(): Promise<Secrets> {
  const [ec, rsa] = await Promise.all([
    generate('ec', { namedCurve: 'P-256' }),
    generate('rsa', { modulusLength: 2048 }),
  ])
  return {
    signingKeys: await Promise.all([signingKey(ec.privateKey, 'ES256'), signingKey(rsa.privateKey, 'RS256')]),
    cookieKey: randomBytes(32).toString('base64url'),
    indexKey: randomBytes(32).toString('base64url'),
  }
}

async function signingKey(key: KeyObject, alg: string): Promise<JWK> {
  const jwk = key.export({ format: 'jwk' }) as JWK
  return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}

/** What everyone may know of the signing keys. */
export function publicKeysOf({ signingKeys }: Secrets): JSONWebKeySet {
  const keys = signingKeys.map(({ kty, use, alg, kid, crv, x, y, n, e }) => ({ kty, use, alg, kid, crv, x, y, n, e }))
  return JSON.parse(JSON.stringify({ keys }))
}
