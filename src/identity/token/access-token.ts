import { type Claims, shown } from './claims.js'

/**
 * How sure a JWT has to look like an access token:
 * - `at+jwt`: its header says so, as RFC 9068 2.1 asks.
 * - `access`: its header says so, or something in it does that ID tokens don't have.
 * - `unmarked`: nothing says that it is something else.
 */
export type TokenType = 'at+jwt' | 'access' | 'unmarked'

/** Claims of ID tokens that no access token has (OpenID Connect Core 2, 3.1.3.6, 3.3.2.11). */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash']
/** Claims of access tokens that no ID token has. */
const OF_ACCESS_TOKENS = ['scope', 'scp', 'client_id', 'cid', 'appid']

/**
 * Why a verified JWT can't be taken for an access token, or undefined. An ID token tells an application who signed in, and
 * must not open a service (RFC 8725 3.11, 3.12): most providers mark neither kind in the header, so the claims have to tell.
 */
export function notAnAccessToken(typ: unknown, claims: Claims, tokenType: TokenType): string | undefined {
  const header = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
  if (header === 'at+jwt') return undefined
  if (tokenType === 'at+jwt') return `typ of the header is ${shown(typ)}, expected "at+jwt"`
  if (typ !== undefined && header !== 'jwt') return `typ of the header is ${shown(typ)}, expected "at+jwt" or "JWT"`

  // Keycloak's and Cognito's words for it.
  const { typ: kind, token_use: use } = claims
  if (kind !== undefined && kind !== 'Bearer') return `typ is ${shown(kind)}, expected "Bearer"`
  if (use !== undefined && use !== 'access') return `token_use is ${shown(use)}, expected "access"`
  if (kind === 'Bearer' || use === 'access') return undefined

  const given = OF_ID_TOKENS.find((claim) => claims[claim] !== undefined)
  if (given !== undefined) return `it holds ${given}, as only ID tokens do`
  if (tokenType === 'unmarked' || OF_ACCESS_TOKENS.some((claim) => claims[claim] !== undefined)) return undefined
  // An ID token is for the application that it was issued to (OpenID Connect Core 2).
  const { azp, aud } = claims
  if (typeof azp === 'string' && aud !== undefined && ![aud].flat().includes(azp)) return undefined
  return 'nothing in it tells it from an ID token'
}

/** Why a token can't be taken from whoever brings it: it is bound to a key (RFC 7800, RFC 9449, RFC 8705), or undefined. */
export function boundToKey({ cnf }: Claims): string | undefined {
  return cnf === undefined ? undefined : 'it is bound to a key (cnf), and a bearer token proves no possession of one'
}
