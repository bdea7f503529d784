import { discoveryUrlOf, type RemoteIssuerOptions } from './issuer/remote-issuer.js'
import type { OptionCheck } from './option-check.js'
import { refuseUnlimited, TOKEN_OPTIONS, type TokenOptions, type TokenRules, tokenRules } from './token/rules.js'
import { USER_OPTIONS, type UserFields, type UserOptions } from './token/user.js'

export interface OidcOptions<F extends UserFields = UserFields> extends TokenOptions, UserOptions<F> {
  /** The issuer, exactly as its tokens and its discovery document spell it. */
  readonly issuer?: string | undefined
  /** Where the discovery document stands, if not under the issuer, or if the issuer has another address for this server. */
  readonly discoveryUrl?: string | undefined
  /** For an issuer with `{tenantid}` in it, as Microsoft Entra's: the tenants whose users may call. */
  readonly tenants?: readonly string[] | undefined
  /** The signature algorithms that count. All asymmetric ones, where absent. */
  readonly algorithms?: readonly string[] | undefined
  /**
   * Lets the document and the keys come over plain http from another machine. Whoever can change what is on its way can be any
   * user then: for a provider in the same private network, such as a container beside this one.
   */
  readonly dangerouslyAllowHttp?: true | undefined
  /** How far the clocks of the issuer and this server may be apart, in seconds. 30, where absent. */
  readonly clockTolerance?: number | undefined
}

/** {@link OidcOptions}, checked. */
export interface OidcRules extends TokenRules {
  /** One, or one a tenant. Undefined where none is named. */
  readonly issuers: readonly RemoteIssuerOptions[] | undefined
  readonly algorithms: readonly string[]
  readonly clockTolerance: number
}

const OPTIONS = [
  ...TOKEN_OPTIONS,
  ...USER_OPTIONS,
  ...['issuer', 'discoveryUrl', 'tenants', 'algorithms', 'clockTolerance', 'dangerouslyAllowHttp'],
]

/** Whoever can verify a symmetric signature can make it, so no symmetric one counts (RFC 8725 3.1, 3.2). */
const ASYMMETRIC: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
const LONGEST_TOLERANCE = 300
const TENANT = '{tenantid}'
export const NAME_TENANTS = `the issuer has ${TENANT} in it: name your tenants.`
const WELL_KNOWN = '/.well-known/openid-configuration'

/** @throws TypeError for what can't be, and for what would let in more than anybody meant. */
export function oidcRules(options: OidcOptions, check: OptionCheck): OidcRules {
  check.known(options, OPTIONS)
  const rules = tokenRules(options, check)
  const issuers = issuersIn(options, check)
  if (issuers) refuseUnlimited(rules, check)
  if (!issuers && rules.audience) {
    throw check.wrong('there is an audience, but no issuer. Leave out both to use the local issuer of `authkit dev`.')
  }
  if (issuers && issuers.length > 1 && options.identity === undefined) {
    throw check.wrong(
      "several tenants may give the same `sub` to different people. Say who is who: identity: ['tid', 'oid']",
    )
  }
  const { algorithms = ASYMMETRIC, clockTolerance = 30 } = options
  for (const name of check.list('algorithms', algorithms)) {
    if (!ASYMMETRIC.includes(name)) throw check.wrong(`${name} is none of ${ASYMMETRIC.join(', ')}.`)
  }
  return {
    ...rules,
    issuers,
    algorithms,
    clockTolerance: check.seconds('clockTolerance', clockTolerance, LONGEST_TOLERANCE),
  }
}

// An environment variable that is set to nothing is not set: hence the tests for falsy, not for undefined.
function issuersIn(options: OidcOptions, check: OptionCheck): OidcRules['issuers'] {
  const { issuer, discoveryUrl, tenants, audience, dangerouslyAllowHttp: allowHttp = false } = options
  const secure = (name: string, url: string) => (allowHttp ? check.url(name, url) : check.secure(name, url))
  if (tenants) {
    if (!issuer?.includes(TENANT)) throw check.wrong(`tenants needs an issuer with ${TENANT} in it.`)
    if (discoveryUrl) throw check.wrong('discoveryUrl does not go with tenants: each has a document of its own.')
    return check.list('tenants', tenants).map((tenant) => {
      if (!/^[\w.-]+$/.test(tenant)) throw check.wrong(`${JSON.stringify(tenant)} is no tenant.`)
      const own = secure('issuer', issuer.replaceAll(TENANT, tenant))
      return { issuer: own, discoveryUrl: discoveryUrlOf(own), allowHttp }
    })
  }
  const named = issuer || (discoveryUrl && issuerBehind(discoveryUrl, check))
  // A pattern for issuers is none yet.
  if (!named || (named.includes(TENANT) && !audience)) return undefined
  if (named.includes(TENANT)) throw check.wrong(NAME_TENANTS)
  const document = secure('discoveryUrl', discoveryUrl || discoveryUrlOf(named))
  return [{ issuer: secure('issuer', named), discoveryUrl: document, allowHttp }]
}

function issuerBehind(discoveryUrl: string, check: OptionCheck): string {
  if (discoveryUrl.endsWith(WELL_KNOWN)) return discoveryUrl.slice(0, -WELL_KNOWN.length)
  throw check.wrong(`discoveryUrl does not end in ${WELL_KNOWN}, so the issuer has to be named as well.`)
}
