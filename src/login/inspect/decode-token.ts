import { decodeJwt, decodeProtectedHeader } from 'jose'

/** What a JWT says, which nobody has verified. Its signature is not in it. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Undefined for what is no signed JWT: an opaque token, or one that is encrypted. */
export function decodeToken(token: string): DecodedToken | undefined {
  try {
    return { header: decodeProtectedHeader(token) as Record<string, unknown>, claims: decodeJwt(token) }
  } catch {
    return undefined
  }
}
