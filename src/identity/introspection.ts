import { createAskingMethod, looksLike } from './asking-method.js'
import { ProviderProblem } from './issuer/fetch-json.js'
import { askIntrospection, type ClientAuth } from './issuer/introspection-source.js'
import { createRemoteIssuer, discoveryUrlOf } from './issuer/remote-issuer.js'
import { isSecure } from './issuer/secure-url.js'
import type { AuthMethod, Refuse } from './method.js'
import { notSetUp } from './not-set-up.js'
import { createOptionCheck } from './option-check.js'
import { presetOf } from './preset.js'
import { protectedResourceUrl } from './protected-resource.js'
import { boundToKey, type TokenType } from './token/access-token.js'
import { type Claims, shown, stringsIn } from './token/claims.js'
import { peek } from './token/peek.js'
import {
  enforceRules,
  refuseUnlimited,
  TOKEN_OPTIONS,
  type TokenOptions,
  type TokenRules,
  tokenRules,
} from './token/rules.js'
import { USER_OPTIONS, type UserFields, type UserOptions, type UserWith } from './token/user.js'

export interface IntrospectionOptions<F extends UserFields = UserFields> extends TokenOptions, UserOptions<F> {
  /** The issuer, whose discovery document names the endpoint. */
  readonly issuer?: string | undefined
  /** The introspection endpoint, where no document names it. */
  readonly endpoint?: string | undefined
  /** As what this server asks: an application of its own at the provider, which may introspect. */
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  /** How the secret is sent. `client_secret_basic`, where absent. */
  readonly clientAuth?: ClientAuth | undefined
  /** What tokens of the provider look like; others are not its own. All tokens, where absent. */
  readonly tokens?: RegExp | undefined
  /** How long an answer is remembered, in seconds: so long a token works on that was taken back. 30, where absent. */
  readonly cacheSeconds?: number | undefined
}

type NoFields = Record<never, never>

const check = createOptionCheck('introspection()')

const OPTIONS = [
  ...TOKEN_OPTIONS,
  ...USER_OPTIONS,
  ...['issuer', 'endpoint', 'clientId', 'clientSecret', 'clientAuth', 'tokens', 'cacheSeconds'],
]
const CLIENT_AUTH: readonly ClientAuth[] = ['client_secret_basic', 'client_secret_post']
const AN_HOUR = 3600
/** How far the clocks may be apart, in seconds. */
const TOLERANCE = 30

/**
 * Lets in the users of a provider whose access tokens say nothing by themselves: asks the provider about each
 * (RFC 7662), and remembers its answer for a short time under the digest of the token.
 *
 * Inside `authkit dev` this name stands for {@link devIntrospection}.
 *
 * @throws TypeError where an option can't be, where there is neither issuer nor endpoint, no client, or neither `audience`
 *   nor `allowedClients`.
 * @example
 * introspection({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-agent',
 *   clientSecret: process.env['INTROSPECTION_SECRET'],
 *   audience: 'https://agent.example.com',
 * })
 */
export function introspection<F extends UserFields = NoFields>(
  options: IntrospectionOptions<F>,
): AuthMethod<UserWith<F>> {
  const rules = rulesIn(options)
  if (!rules)
    throw check.wrong('name an issuer or an endpoint, clientId and clientSecret. Only `authkit dev` does without.')
  return createIntrospection(options, rules, () => rules.resourceMetadata)
}

/**
 * The variant that `authkit dev` puts in the place of {@link introspection}. Where none of its provider is named yet it takes
 * no token, and says so. It tells clients where the RFC 9728 document of the server stands.
 *
 * @throws TypeError as {@link introspection}, where only a part is named.
 */
export function devIntrospection<F extends UserFields = NoFields>(
  options: IntrospectionOptions<F>,
): AuthMethod<UserWith<F>> {
  const rules = rulesIn(options)
  if (!rules) return notSetUp('introspection() names no provider', 'Set the variables that auth.ts reads for it.')
  const { issuer } = options
  return createIntrospection(options, rules, (request) =>
    issuer ? (rules.resourceMetadata ?? protectedResourceUrl(request)) : rules.resourceMetadata,
  )
}

interface IntrospectionRules extends TokenRules {
  readonly issuer: string | undefined
  readonly endpoint: string | undefined
  readonly clientId: string
  readonly clientSecret: string
  readonly clientAuth: ClientAuth
  readonly cacheMs: number
}

/** Undefined where none of the provider is named. */
function rulesIn(options: IntrospectionOptions<UserFields>): IntrospectionRules | undefined {
  check.known(options, OPTIONS)
  const rules = tokenRules(options, check)
  const { issuer, endpoint, clientId, clientSecret, clientAuth = 'client_secret_basic', cacheSeconds = 30 } = options
  if (!issuer && !endpoint && !clientId && !clientSecret) return undefined
  if (!issuer && !endpoint) throw check.wrong('name the issuer, or the endpoint.')
  if (!clientId || !clientSecret) throw check.wrong('name clientId and clientSecret: nobody else may introspect.')
  refuseUnlimited(rules, check)
  return {
    ...rules,
    ...{ clientId, clientSecret, clientAuth: check.oneOf('clientAuth', clientAuth, CLIENT_AUTH) },
    issuer: issuer ? check.secure('issuer', issuer) : undefined,
    endpoint: endpoint ? check.secure('endpoint', endpoint) : undefined,
    cacheMs: check.seconds('cacheSeconds', cacheSeconds, AN_HOUR) * 1000,
  }
}

function createIntrospection<F extends UserFields>(
  options: IntrospectionOptions<F>,
  rules: IntrospectionRules,
  resourceMetadata: (request: Request) => string | undefined,
): AuthMethod<UserWith<F>> {
  const { issuer, endpoint, clientId, clientSecret, clientAuth, cacheMs } = rules
  const remote =
    issuer === undefined
      ? undefined
      : createRemoteIssuer({ issuer, discoveryUrl: discoveryUrlOf(issuer), allowHttp: false })
  const name = issuer ?? (endpoint as string)
  return createAskingMethod({
    name,
    authorizationServers: issuer === undefined ? [] : [issuer],
    scopes: rules.requiredScopes,
    resourceMetadata,
    mayBeOwn: (token) => looksLike(options.tokens, token) && !isOfAnother(issuer, token),
    ask: askIntrospection({
      issuer: name,
      endpoint: async () => endpoint ?? endpointIn(await remote?.metadata(), name),
      ...{ clientId, clientSecret, clientAuth },
    }),
    cacheMs,
    enforce: (claims, refuse) => enforce(claims, rules, refuse),
    provider: issuer === undefined ? undefined : presetOf(issuer),
    options,
  })
}

/** A JWT of another issuer is not shown to this one. */
function isOfAnother(issuer: string | undefined, token: string): boolean {
  const claims = issuer === undefined ? undefined : peek(token)
  return claims?.iss !== undefined && claims.iss !== issuer
}

function endpointIn(metadata: Readonly<Record<string, unknown>> | undefined, issuer: string): string {
  const endpoint = metadata?.['introspection_endpoint']
  if (typeof endpoint === 'string' && URL.canParse(endpoint) && isSecure(new URL(endpoint))) return endpoint
  throw new ProviderProblem('misconfigured', `${issuer} names no introspection_endpoint that is safe`)
}

/** The provider has the last word on whether a token is good, and says with it what the token is for. */
function enforce(claims: Claims, rules: IntrospectionRules, refuse: Refuse): void {
  const { iss, aud, exp } = claims
  if (iss !== undefined && rules.issuer !== undefined && iss !== rules.issuer) {
    throw refuse('token_issuer_unknown', { problem: `iss is ${shown(iss)}, expected ${shown(rules.issuer)}` })
  }
  const audiences = stringsIn(aud)
  if (rules.audience && !rules.audience.some((audience) => audiences.includes(audience))) {
    throw refuse('token_audience', {
      problem: `aud is ${shown(aud)}, expected ${rules.audience.map(shown).join(' or ')}`,
    })
  }
  if (typeof exp === 'number' && exp + TOLERANCE <= Date.now() / 1000) {
    throw refuse('token_expired', { problem: `exp is ${exp}, expected later than ${Math.floor(Date.now() / 1000)}` })
  }
  const problem = notAnAccessTokenSaysProvider(claims, rules.tokenType) ?? boundToKey(claims)
  if (problem !== undefined) throw refuse('token_invalid', { problem })
  enforceRules(claims, rules, refuse)
}

/** Why it is no access token: providers are asked about refresh tokens too, and call them active. */
function notAnAccessTokenSaysProvider(claims: Claims, tokenType: TokenType): string | undefined {
  // `token_type` is of RFC 7662 2.2, `token_use` of Hydra, `typ` of Keycloak.
  const { token_type: type, token_use: use, typ } = claims
  if (typ !== undefined && typ !== 'Bearer') return `typ is ${shown(typ)}, expected "Bearer"`
  if (use !== undefined && use !== 'access_token' && use !== 'access')
    return `token_use is ${shown(use)}, expected "access_token"`
  if (type !== undefined && !(typeof type === 'string' && type.toLowerCase() === 'bearer')) {
    return `token_type is ${shown(type)}, expected "Bearer"`
  }
  if (tokenType === 'unmarked' || type !== undefined || use !== undefined || typ !== undefined) return undefined
  return 'the provider does not say that it is an access token'
}
