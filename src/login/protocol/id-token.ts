import { createHash, timingSafeEqual } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { AuthkitError } from '../../errors/authkit-error.js'

/**
 * Holds an ID token, whose signature and claims openid-client has verified, to the access token that came with it (OpenID
 * Connect Core 3.1.3.8). The claim is optional in the code flow.
 *
 * @throws AuthkitError `id_token_invalid` where it was issued with another access token.
 */
export function assertSameAnswer(idToken: string, accessToken: string): void {
  const { at_hash } = decodeJwt(idToken)
  if (at_hash === undefined) return
  const digest = createHash(hashOf(decodeProtectedHeader(idToken).alg))
    .update(accessToken)
    .digest()
  const expected = Buffer.from(digest.subarray(0, digest.length / 2).toString('base64url'))
  const actual = Buffer.from(String(at_hash))
  if (actual.length === expected.length && timingSafeEqual(actual, expected)) return
  throw new AuthkitError('id_token_invalid', 'The ID token belongs to another access token: at_hash differs.')
}

/** The hash function of a signature algorithm. Ed25519 has SHA-512 in it. */
function hashOf(alg: string | undefined): 'sha256' | 'sha384' | 'sha512' {
  if (alg?.endsWith('256')) return 'sha256'
  return alg?.endsWith('384') ? 'sha384' : 'sha512'
}

/**
 * A renewed ID token is about the same user as the first (OpenID Connect Core 12.2).
 *
 * @throws AuthkitError `id_token_invalid` where it is about another.
 */
export function assertSameUser(renewed: string | undefined, first: string | undefined): void {
  if (renewed === undefined || first === undefined) return
  if (decodeJwt(renewed).sub === decodeJwt(first).sub) return
  throw new AuthkitError('id_token_invalid', 'The renewed ID token is about another user than the first.')
}
