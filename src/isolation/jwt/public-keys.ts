import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isLoopback } from '../target.js'

const PATIENCE_MS = 3000
const MOST_KEYS = 3

/**
 * The keys that a provider signs with: from the address that the user named, or from the issuer in the token. A token may
 * name anybody as its issuer, so that one is only asked on this machine, or on the host that is tested anyway.
 *
 * Nothing is found where nothing answers.
 */
export async function publicKeys(
  jwks: string | undefined,
  issuer: unknown,
  target: URL,
): Promise<readonly KeyObject[]> {
  const address = jwks ?? (await addressFrom(issuer, target))
  const document = address === undefined ? undefined : await read(address)
  const keys = Array.isArray(document?.['keys']) ? (document['keys'] as JsonWebKey[]) : []
  return keys.slice(0, MOST_KEYS).flatMap((key) => {
    try {
      return [createPublicKey({ key, format: 'jwk' })]
    } catch {
      return []
    }
  })
}

async function addressFrom(issuer: unknown, target: URL): Promise<string | undefined> {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) return undefined
  const url = new URL(issuer)
  const allowed = (one: URL) => isLoopback(one) || one.hostname === target.hostname
  if (!allowed(url)) return undefined
  const found = await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const address = found?.['jwks_uri']
  return typeof address === 'string' && URL.canParse(address) && allowed(new URL(address)) ? address : undefined
}

async function read(address: string): Promise<Record<string, unknown> | undefined> {
  try {
    const answer = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) })
    const value: unknown = answer.ok ? await answer.json() : undefined
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
