import { createRemoteIssuer, discoveryUrlOf, type RemoteIssuer } from './issuer/remote-issuer.js'
import { type LocalIssuer, localIssuerOf } from './local-issuer.js'
import { type AuthMethod, createBearerMethod, LOCAL, type Refuse } from './method.js'
import { NAME_TENANTS, type OidcOptions, type OidcRules, oidcRules } from './oidc-options.js'
import { createOptionCheck } from './option-check.js'
import { presetOf } from './preset.js'
import { protectedResourceUrl } from './protected-resource.js'
import { type Claims, shown } from './token/claims.js'
import { peek } from './token/peek.js'
import { enforceRules } from './token/rules.js'
import { type UserFields, type UserWith, userFromClaims } from './token/user.js'
import { verifyJwt } from './token/verify.js'

type NoFields = Record<never, never>

const check = createOptionCheck('oidc()')

/**
 * Lets in the users of an OpenID provider: verifies the JWT access token of the request by what the provider publishes
 * (RFC 9068, OpenID Connect Discovery). A pure function of the request, which runs on every LangGraph server; it reads
 * nothing but the `Authorization: Bearer <token>` header.
 *
 * The provider is asked at the first request. Its keys are kept, and read again when a token names one that is not known.
 * While it can't be reached, its users get in by the keys that are there, and nobody by none.
 *
 * Inside `authkit dev` this name stands for {@link devOidc}, where options without an issuer mean the local one.
 *
 * @throws TypeError where an option can't be, where there is no issuer, or neither `audience` nor `allowedClients`.
 * @example
 * export const auth = new Auth().authenticate(
 *   oidc({ issuer: 'https://login.example.com', audience: 'https://agent.example.com' }),
 * )
 */
export function oidc<F extends UserFields = NoFields>(options: OidcOptions<F> = {}): AuthMethod<UserWith<F>> {
  const rules = oidcRules(options, check)
  if (!rules.issuers) {
    if (options.issuer) throw check.wrong(NAME_TENANTS)
    throw check.wrong(
      'there is no issuer, and only inside `authkit dev` may it be left out. Where auth.ts takes it from an environment ' +
        'variable such as OIDC_ISSUER, set that one, and OIDC_AUDIENCE.',
    )
  }
  if (options.dangerouslyAllowHttp) {
    process.emitWarning('oidc() takes the keys of its issuer over plain http: dangerouslyAllowHttp is set.', {
      code: 'AUTHKIT_OIDC_HTTP',
    })
  }
  return createOidc({ options, rules, trust: trustInConfigured(rules), resourceMetadata: () => rules.resourceMetadata })
}

/**
 * The variant that `authkit dev` puts in the place of {@link oidc}. Without an issuer it lets in the users of the local one,
 * by their `sub`. It tells clients where the RFC 9728 document of the server stands.
 *
 * @throws TypeError as {@link oidc}, but for the issuer.
 */
export function devOidc<F extends UserFields = NoFields>(options: OidcOptions<F> = {}): AuthMethod<UserWith<F>> {
  const rules = oidcRules(options, check)
  const resourceMetadata = (request: Request) => rules.resourceMetadata ?? protectedResourceUrl(request)
  if (rules.issuers) return createOidc({ options, rules, trust: trustInConfigured(rules), resourceMetadata })
  return createOidc({
    options: { ...options, identity: 'sub' },
    rules,
    trust: trustInLocal(rules),
    resourceMetadata: (request) => (localIssuerOf(request) ? resourceMetadata(request) : undefined),
  })
}

/** An issuer whose users get in, and what its tokens have to be. */
interface Trusted extends OidcRules {
  readonly issuer: RemoteIssuer
  readonly isRevoked?: LocalIssuer['isRevoked']
}

/** The issuers whose users get in, by name. */
type Trust = (request: Request) => ReadonlyMap<string, Trusted>

function trustInConfigured(rules: OidcRules): Trust {
  const trusted = new Map(
    (rules.issuers ?? []).map((options) => [options.issuer, { ...rules, issuer: createRemoteIssuer(options) }]),
  )
  return () => trusted
}

/** The local issuer gives its tokens to its own client and for the address of the server, whatever the others do. */
function trustInLocal(rules: OidcRules): Trust {
  let known: RemoteIssuer | undefined
  return (request) => {
    const local = localIssuerOf(request)
    if (!local) return new Map()
    const { issuer, audience, isRevoked } = local
    if (known?.issuer !== issuer)
      known = createRemoteIssuer({ issuer, discoveryUrl: discoveryUrlOf(issuer), allowHttp: false })
    return new Map([[issuer, { ...rules, issuer: known, audience: [audience], allowedClients: undefined, isRevoked }]])
  }
}

interface OidcParts<F extends UserFields> {
  readonly options: OidcOptions<F>
  readonly rules: OidcRules
  readonly trust: Trust
  readonly resourceMetadata: (request: Request) => string | undefined
}

function createOidc<F extends UserFields>({ options, rules, trust, resourceMetadata }: OidcParts<F>) {
  const issuers = rules.issuers?.map(({ issuer }) => issuer) ?? [LOCAL]
  return createBearerMethod<UserWith<F>>({
    issuers,
    authorizationServers: issuers,
    bySub: options.identity === undefined || options.identity === 'sub',
    scopes: rules.requiredScopes,
    resourceMetadata,
    async userOf({ token, request, refuse }) {
      const trusted = trust(request).get(peek(token)?.iss ?? '')
      if (!trusted) return undefined
      const claims = await verifyJwt(token, trusted, refuse)
      enforceRules(claims, trusted, refuse)
      await refuseRevoked(claims, trusted, refuse)
      return userFromClaims(claims, presetOf(trusted.issuer.issuer), options, refuse)
    },
    stranger({ token, request, refuse }) {
      const claims = peek(token)
      if (!claims) return refuse('token_invalid', { problem: 'the token is no signed JWT' })
      const expected = [...trust(request).keys()]
      if (expected.length === 0) return refuse('token_invalid', NO_LOCAL_ISSUER)
      const problem = `iss is ${shown(claims.iss)}, expected ${expected.map(shown).join(' or ')}`
      return refuse('token_issuer_unknown', { problem, hint: issuerHint(claims.iss, expected) })
    },
  })
}

const NO_LOCAL_ISSUER = {
  problem: 'oidc() names no issuer, and this server has no local one',
  hint: 'Only `authkit dev` serves one, and not with --no-issuer. Placeholder tokens work here too.',
}

async function refuseRevoked({ jti }: Claims, { isRevoked }: Trusted, refuse: Refuse): Promise<void> {
  if (!isRevoked) return
  if (typeof jti !== 'string' || (await isRevoked(jti))) {
    throw refuse('token_invalid', { problem: 'it was taken back', hint: 'Sign in again: `authkit login`.' })
  }
}

function issuerHint(got: unknown, expected: readonly string[]): string | undefined {
  if (typeof got !== 'string') return undefined
  if (expected.some((issuer) => issuer.replace(/\/$/, '') === got.replace(/\/$/, ''))) {
    return 'They differ by the slash at the end: write `issuer` in auth.ts as the token does.'
  }
  if (got.startsWith('https://sts.windows.net/')) {
    return 'It is an Entra token of version 1: set requestedAccessTokenVersion to 2 in the manifest of your API.'
  }
  return undefined
}
