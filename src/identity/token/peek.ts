import type { Claims } from './claims.js'

/**
 * What a signed JWT says (RFC 7515 7.1: three parts), before anything of it is verified: good for finding out whose it is,
 * and for nothing else.
 *
 * @returns Undefined where the token is no signed JWT.
 */
export function peek(token: string): Claims | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  const [header, claims] = parts.map(objectIn)
  return header && claims
}

function objectIn(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
