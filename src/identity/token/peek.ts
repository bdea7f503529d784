import type { Claims } from './claims.js'

/**
 * What a signed JWT says (RFC 7515 7.1: three parts, each in the one spelling that base64url has for its bytes), before anything of it is verified: good for finding out whose it is,
 * and for nothing else.
 *
 * @returns Undefined where the token is no signed JWT.
 */
export function peek(token: string): Claims | undefined {
  const parts = token.split('.').map((part) => ({ part, bytes: Buffer.from(part, 'base64url') }))
  if (parts.length !== 3) return undefined
  // Decoders overlook the bits that are left over. Two spellings of one token would count as two.
  if (parts.some(({ part, bytes }) => bytes.toString('base64url') !== part)) return undefined
  const [header, claims] = parts.map(({ bytes }) => objectIn(bytes))
  return header && claims
}

function objectIn(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
