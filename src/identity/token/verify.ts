import type { errors, JWTVerifyResult } from 'jose'
import type { AuthErrorCode, AuthErrorOptions } from '../auth-error.js'
import { ProviderProblem } from '../issuer/fetch-json.js'
import { providerError } from '../issuer/provider-error.js'
import type { RemoteIssuer } from '../issuer/remote-issuer.js'
import type { Refuse } from '../method.js'
import { boundToKey, notAnAccessToken, type TokenType } from './access-token.js'
import { type Claims, shown, stringsIn } from './claims.js'

/** What a JWT has to be. */
export interface JwtRules {
  readonly issuer: RemoteIssuer
  /** One of these has to be in `aud`. Undefined where the client says enough. */
  readonly audience: readonly string[] | undefined
  readonly algorithms: readonly string[]
  /** In seconds. */
  readonly clockTolerance: number
  readonly tokenType: TokenType
}

/**
 * The claims of an access token, verified: signature, algorithm, issuer, audience, time, and that it is one (RFC 7519 7.2,
 * RFC 9068 4, RFC 8725).
 *
 * @throws AuthError that says what is wrong with it.
 */
export async function verifyJwt(token: string, rules: JwtRules, refuse: Refuse): Promise<Claims> {
  const { issuer, audience, algorithms, clockTolerance, tokenType } = rules
  const { jwtVerify } = await import('jose')
  let verified: JWTVerifyResult<Claims>
  try {
    verified = await jwtVerify(token, issuer.key, {
      issuer: issuer.issuer,
      algorithms: [...algorithms],
      clockTolerance,
      requiredClaims: ['exp'],
      ...(audience ? { audience: [...audience] } : {}),
    })
  } catch (error) {
    if (error instanceof ProviderProblem) throw providerError(error, issuer.closedForMs(), refuse)
    throw refuse(...refusalOf(error as errors.JOSEError, rules))
  }
  const { payload: claims, protectedHeader } = verified
  const problem = notAnAccessToken(protectedHeader.typ, claims, tokenType) ?? boundToKey(claims)
  if (problem !== undefined) {
    throw refuse('token_invalid', {
      problem,
      hint: 'Send the access token, not the ID token; docs/oidc.md says how they differ.',
    })
  }
  return claims
}

/** jose's errors by their code: two copies of its classes may meet. */
function refusalOf(error: errors.JOSEError, rules: JwtRules): [AuthErrorCode, AuthErrorOptions] {
  const invalid = (problem: string): [AuthErrorCode, AuthErrorOptions] => ['token_invalid', { problem, cause: error }]
  switch (error.code) {
    case 'ERR_JWT_EXPIRED':
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return claimRefusal(error as errors.JWTClaimValidationFailed, rules)
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return invalid(`alg is none of ${rules.algorithms.join(', ')}`)
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return invalid('the issuer publishes no key with this kid and alg')
    case 'ERR_JWKS_MULTIPLE_MATCHING_KEYS':
      return invalid('kid is missing, and several keys of the issuer fit')
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return invalid('the signature does not fit the key of the issuer')
    default:
      return invalid(error instanceof Error ? error.message : String(error))
  }
}

// Without the error as its cause: it holds all claims, and whoever logs the refusal would log them too.
function claimRefusal(error: errors.JWTClaimValidationFailed, rules: JwtRules): [AuthErrorCode, AuthErrorOptions] {
  const { claim } = error
  const payload: Claims = error.payload
  const got = shown(payload[claim])
  const because = (expected: string) => ({ problem: `${claim} is ${got}, expected ${expected}` })
  switch (claim) {
    case 'iss':
      return ['token_issuer_unknown', because(shown(rules.issuer.issuer))]
    case 'aud':
      return [
        'token_audience',
        { ...because((rules.audience ?? []).map(shown).join(' or ')), hint: audienceHint(payload) },
      ]
    case 'exp':
      return error.code === 'ERR_JWT_EXPIRED'
        ? ['token_expired', because(`${later(payload['exp'], rules.clockTolerance)}`)]
        : ['token_invalid', because('the second in which the token expires')]
    case 'nbf':
      return ['token_invalid', because(`${nowInSeconds()} or before (clockTolerance ${rules.clockTolerance} s)`)]
    default:
      return ['token_invalid', { problem: `${claim}: ${error.message}` }]
  }
}

function later(exp: unknown, clockTolerance: number): string {
  const ago = typeof exp === 'number' ? `: it expired ${nowInSeconds() - exp} s ago` : ''
  return `later than ${nowInSeconds()} (clockTolerance ${clockTolerance} s)${ago}`
}

function audienceHint({ aud }: Claims): string | undefined {
  if (!stringsIn(aud).includes('account')) return undefined
  return 'Keycloak names your service in `aud` only where a client scope has an audience mapper: docs/oidc.md says how.'
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
