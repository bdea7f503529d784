import type { Refuse } from '../method.js'
import type { OptionCheck } from '../option-check.js'
import type { TokenType } from './access-token.js'
import { type Claims, clientIn, scopesIn, shown, stringsIn } from './claims.js'

/** What has to hold of the sign-in behind a token (RFC 9470). */
export interface SignInRules {
  /** One of these has to be in `acr`. */
  readonly acr?: readonly string[] | undefined
  /** All of these have to be in `amr`: `['mfa']`. */
  readonly amr?: readonly string[] | undefined
  /** How long ago the user may have signed in, in seconds, by `auth_time`. */
  readonly maxAge?: number | undefined
}

/** Whose tokens count, and for what. */
export interface TokenOptions {
  /** The service that a token has to be for: one of these has to be in `aud`. */
  readonly audience?: string | readonly string[] | undefined
  /** The applications that may call: `client_id` of the token, or `azp` where there is none. All, where absent. */
  readonly allowedClients?: readonly string[] | undefined
  /** The scopes that every token has to have. */
  readonly requiredScopes?: readonly string[] | undefined
  /** What has to hold of the sign-in behind the token. */
  readonly requireAuth?: SignInRules | undefined
  /** How sure a token has to look like an access token. `access`, where absent. */
  readonly tokenType?: TokenType | undefined
  /** Where the RFC 9728 document of this server stands, for `WWW-Authenticate`. `authkit dev` serves one, and knows where. */
  readonly resourceMetadata?: string | undefined
}

/** The names of {@link TokenOptions}. */
export const TOKEN_OPTIONS = [
  'audience',
  'allowedClients',
  'requiredScopes',
  'requireAuth',
  'tokenType',
  'resourceMetadata',
] as const satisfies readonly (keyof TokenOptions)[]

/** {@link TokenOptions}, checked. */
export interface TokenRules {
  readonly audience: readonly string[] | undefined
  readonly allowedClients: readonly string[] | undefined
  readonly requiredScopes: readonly string[]
  readonly requireAuth: SignInRules
  readonly tokenType: TokenType
  readonly resourceMetadata: string | undefined
}

const TYPES: readonly TokenType[] = ['at+jwt', 'access', 'unmarked']
const A_YEAR = 365 * 24 * 60 * 60

/** @throws TypeError for what can't be. */
export function tokenRules(options: TokenOptions, check: OptionCheck): TokenRules {
  const {
    audience,
    allowedClients,
    requiredScopes = [],
    requireAuth = {},
    tokenType = 'access',
    resourceMetadata,
  } = options
  const { acr, amr, maxAge } = requireAuth
  check.known(requireAuth, ['acr', 'amr', 'maxAge'])
  return {
    tokenType: check.oneOf('tokenType', tokenType, TYPES),
    // An environment variable that is set to nothing is not set.
    audience: audience === undefined || audience === '' ? undefined : check.list('audience', audience),
    allowedClients: allowedClients && check.list('allowedClients', allowedClients),
    requiredScopes: requiredScopes.length === 0 ? [] : check.tokens('requiredScopes', requiredScopes),
    requireAuth: {
      acr: acr && check.tokens('requireAuth.acr', acr),
      amr: amr && check.list('requireAuth.amr', amr),
      maxAge: maxAge === undefined ? undefined : check.seconds('requireAuth.maxAge', maxAge, A_YEAR),
    },
    resourceMetadata: resourceMetadata && check.secure('resourceMetadata', resourceMetadata),
  }
}

/** @throws TypeError where any token of the provider would do, whoever it was made for. */
export function refuseUnlimited({ audience, allowedClients }: TokenRules, check: OptionCheck): void {
  if (audience || allowedClients) return
  throw check.wrong(
    'name an audience, or allowedClients. With neither, a token that the provider gave to any other application would do.',
  )
}

/**
 * Holds the claims of a token to the rules that are no matter of its form: who may call, for what, and after which sign-in.
 *
 * @throws AuthError `token_client_denied`, `scope_missing` or `step_up_required`.
 */
export function enforceRules(claims: Claims, rules: Omit<TokenRules, 'audience'>, refuse: Refuse): void {
  const { allowedClients } = rules
  const client = clientIn(claims)
  if (allowedClients && (client === undefined || !allowedClients.includes(client))) {
    const expected = allowedClients.map(shown).join(' or ')
    throw refuse('token_client_denied', { problem: `the client is ${shown(client)}, expected ${expected}` })
  }
  enforceScopes(claims, rules.requiredScopes, refuse)
  enforceSignIn(claims, rules.requireAuth, refuse)
}

/** @throws AuthError `scope_missing`, with all that are needed. */
export function enforceScopes(claims: Claims, required: readonly string[], refuse: Refuse): void {
  const scopes = scopesIn(claims)
  const missing = required.filter((scope) => !scopes.includes(scope))
  if (missing.length === 0) return
  const problem = `scope is ${shown(scopes.join(' '))}, and lacks ${missing.join(' ')}`
  throw refuse('scope_missing', { problem, scopes: required })
}

function enforceSignIn({ acr, amr, auth_time }: Claims, rules: SignInRules, refuse: Refuse): void {
  const stepUp = (problem: string) =>
    refuse('step_up_required', { problem, acrValues: rules.acr, maxAge: rules.maxAge })
  if (rules.acr && !(typeof acr === 'string' && rules.acr.includes(acr))) {
    throw stepUp(`acr is ${shown(acr)}, expected ${rules.acr.map(shown).join(' or ')}`)
  }
  const methods = stringsIn(amr)
  if (rules.amr?.some((method) => !methods.includes(method))) {
    throw stepUp(`amr is ${shown(amr)}, expected ${rules.amr.map(shown).join(' and ')}`)
  }
  if (rules.maxAge !== undefined) {
    const age = typeof auth_time === 'number' ? Date.now() / 1000 - auth_time : Number.POSITIVE_INFINITY
    if (age > rules.maxAge) throw stepUp(`auth_time is ${shown(auth_time)}, expected within the last ${rules.maxAge} s`)
  }
}
