import { AuthkitError } from '../errors/authkit-error.js'
import type { ListedProfile } from '../login/profiles/profile-list.js'
import { providerNamed, providerOf } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'

/** What names a sign-in: flags, langgraph.json or a profile. */
export interface Named {
  readonly provider?: string | undefined
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly audience?: string | undefined
}

/** The sign-in that is looked at. */
export interface Target {
  readonly provider: Provider
  /** Undefined where the provider has none, as GitHub. */
  readonly issuer?: string
  readonly clientId?: string
  readonly scopes: readonly string[]
  readonly audience?: string
  /** Where the provider or the issuer was named: `the flags`. */
  readonly from: string
}

export interface Sources {
  readonly flags: Named
  /** `authkit.login` of langgraph.json. */
  readonly project: Named | undefined
  readonly profile: ListedProfile | undefined
  /** That of a dev server which runs now. */
  readonly localIssuer: string | undefined
}

/**
 * The sign-in that `authkit login` would begin here: as the flags say, else langgraph.json, else as the
 * profile was made, else at the dev server that runs. What the first of them leaves open, the others don't fill in: they speak of another provider.
 *
 * @returns Undefined where nothing names one.
 * @throws AuthkitError `provider_unknown`, or `login_not_configured` where the provider has an issuer for every customer
 *   and none is named.
 */
export function targetOf({ flags, project, profile, localIssuer }: Sources): Target | undefined {
  const named: readonly (readonly [from: string, named: Named | undefined])[] = [
    ['the flags', flags],
    ['langgraph.json', project],
    [`profile ${profile?.name}`, profile],
    ['the running dev server', localIssuer === undefined ? undefined : { provider: 'local', issuer: localIssuer }],
  ]
  const found = named.find(([, one]) => one?.provider !== undefined || one?.issuer !== undefined)
  const [from, one] = found ?? []
  if (from === undefined || one === undefined) return undefined
  const provider = one.provider === undefined ? providerOf(one.issuer ?? '') : providerNamed(one.provider)
  const issuer = one.issuer ?? provider.issuer ?? (provider.name === 'local' ? localIssuer : undefined)
  if (issuer === undefined && provider.oidc) {
    throw new AuthkitError(
      'login_not_configured',
      `${provider.title} has no issuer for everybody, and none is named.`,
      {
        hint: `Name yours, such as --issuer ${provider.issuerExample}.`,
      },
    )
  }
  const { login, offline } = provider.scopes
  const clientId = flags.clientId ?? one.clientId ?? provider.clientId
  const audience = flags.audience ?? one.audience
  return {
    provider,
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { clientId }),
    scopes: flags.scopes ?? one.scopes ?? (offline === undefined ? login : [...login, offline]),
    ...(audience !== undefined && { audience }),
    from,
  }
}
