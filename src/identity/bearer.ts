/** What the Authorization header of a request holds. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'malformed'; readonly problem: string }

/** The longest token that is looked at, in characters. */
export const MAX_TOKEN_LENGTH = 16_384

// RFC 6750 2.1: credentials = "Bearer" 1*SP b64token. The scheme is case-insensitive (RFC 9110 11.1). Two headers arrive
// joined by a comma, which no token contains.
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Reads the one place where a bearer token may stand: the `Authorization` header (RFC 6750 2.1). Tokens in a query or a
 * body are never looked at.
 */
export function credentialOf(request: Request): Credential {
  const header = request.headers.get('authorization')
  if (header === null) return { kind: 'none' }
  const token = bearerToken(header)
  if (token === undefined)
    return { kind: 'malformed', problem: 'the Authorization header is not of the form: Bearer <token>' }
  if (token.length <= MAX_TOKEN_LENGTH) return { kind: 'token', token }
  return { kind: 'malformed', problem: `the token is longer than ${MAX_TOKEN_LENGTH} characters` }
}

/** The token of a header, or undefined where it is not of the form that RFC 6750 gives it. */
export function bearerToken(header: string): string | undefined {
  return BEARER.exec(header)?.[1]
}
