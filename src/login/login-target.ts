import { AuthkitError } from '../errors/authkit-error.js'
import { callbacksOf } from '../providers/callbacks.js'
import { providerNamed, providerOf } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'

/** What flags or langgraph.json say of where to sign in. */
export interface LoginSettings {
  readonly provider?: string | undefined
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly audience?: string | undefined
}

/** Where to sign in, and as which application. */
export interface LoginTarget {
  readonly provider: Provider
  /** Undefined where the provider has none (GitHub). */
  readonly issuer?: string | undefined
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Asked for too, where the provider knows it: it brings a refresh token. Undefined where the scopes were chosen. */
  readonly offlineScope?: string | undefined
  readonly audience?: string | undefined
  /** Who said so. */
  readonly from: 'flags' | 'project' | 'dev'
}

export interface TargetOptions {
  readonly flags: LoginSettings
  /** `authkit.login` of langgraph.json. */
  readonly project: LoginSettings
  /** Looks for the issuer of a running `authkit dev`. */
  readonly findLocalIssuer: () => Promise<string | undefined>
}

/**
 * Decides where to sign in: what the flags name, else the project, else the dev server that runs. The project's client id,
 * scopes and audience count only for the provider that it names.
 *
 * @throws AuthkitError `login_not_configured`, `login_client_missing`, `provider_unknown`, `provider_scope_invalid`, `usage`.
 */
export async function loginTarget({ flags, project, findLocalIssuer }: TargetOptions): Promise<LoginTarget> {
  if (names(flags)) {
    const same = names(project) && isSame(flags, project)
    return targetOf(same ? { ...project, ...given(flags) } : flags, 'flags', findLocalIssuer)
  }
  if (names(project)) return targetOf({ ...project, ...given(flags) }, 'project', findLocalIssuer)
  const issuer = await findLocalIssuer()
  if (issuer === undefined) {
    throw new AuthkitError('login_not_configured', 'Nothing says where to sign in, and no authkit dev runs here.')
  }
  return targetOf({ ...flags, provider: 'local', issuer }, 'dev', findLocalIssuer)
}

function names({ provider, issuer }: LoginSettings): boolean {
  return provider !== undefined || issuer !== undefined
}

/** Whether the flags name the provider of the project: by what both say, and by nothing that only one does. */
function isSame(flags: LoginSettings, project: LoginSettings): boolean {
  const agree = <T>(one: T | undefined, other: T | undefined) => one === undefined || one === other
  return agree(flags.provider, project.provider) && agree(flags.issuer, project.issuer)
}

function given(settings: LoginSettings): LoginSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

async function targetOf(
  settings: LoginSettings,
  from: LoginTarget['from'],
  findLocalIssuer: TargetOptions['findLocalIssuer'],
): Promise<LoginTarget> {
  const { audience, scopes: chosen } = settings
  const provider =
    settings.provider === undefined ? providerOf(String(settings.issuer)) : providerNamed(settings.provider)
  const issuer = settings.issuer ?? (provider.name === 'local' ? await findLocalIssuer() : provider.issuer)
  assertIssuerFits(provider, issuer)
  const clientId = settings.clientId ?? provider.clientId
  if (clientId === undefined) throw clientMissing(provider)
  if (audience !== undefined && provider.audienceParam === undefined) {
    throw new AuthkitError('usage', `${provider.title} takes no --audience: what a token is for is set there.`, {
      hint: 'docs/providers.md says where. Leave the audience out.',
    })
  }
  return {
    provider,
    clientId,
    scopes: scopesOf(provider, chosen),
    from,
    ...(issuer !== undefined && provider.oidc && { issuer }),
    ...(chosen === undefined && { offlineScope: provider.scopes.offline }),
    ...(audience !== undefined && { audience }),
  }
}

function assertIssuerFits(provider: Provider, issuer: string | undefined): void {
  if (issuer !== undefined && !URL.canParse(issuer)) {
    throw new AuthkitError('usage', 'The issuer is not a URL.', {
      hint: 'Write it as the provider does, such as https://login.example.com.',
    })
  }
  if (!provider.oidc && issuer !== undefined) {
    throw new AuthkitError('usage', `${provider.title} is no OpenID provider, so it has no issuer.`, {
      hint: 'Leave out the issuer.',
    })
  }
  if (provider.oidc && issuer === undefined) {
    const { title, issuerExample, name } = provider
    throw new AuthkitError('login_not_configured', `${title} has no issuer for everybody.`, {
      hint:
        name === 'local'
          ? 'Start `authkit dev`, or name where it runs with --issuer.'
          : `Name yours with --issuer, such as ${issuerExample}.`,
    })
  }
}

/** Sign-in with OpenID Connect is what it is by the scope `openid`. */
function scopesOf({ title, oidc, scopes }: Provider, chosen: readonly string[] | undefined): readonly string[] {
  const { login, refused = [] } = scopes
  const wanted = chosen ?? login
  const wrong = wanted.find((scope) => refused.includes(scope))
  if (wrong !== undefined) {
    throw new AuthkitError('provider_scope_invalid', `${title} does not know the scope ${wrong}.`, {
      hint: 'It is no OpenID provider: leave out the scopes of OpenID Connect.',
    })
  }
  return oidc ? [...new Set(['openid', ...wanted])] : [...new Set(wanted)]
}

function clientMissing(provider: Provider): AuthkitError {
  const { title, docs, loopback } = provider
  const callbacks = callbacksOf(provider)
  const callback =
    callbacks.length === 0 ? '' : ` with the callback${callbacks.length > 1 ? 's' : ''} ${callbacks.join(', ')}`
  return new AuthkitError(
    'login_client_missing',
    `${title} wants to know which application asks: there is no client id.`,
    {
      hint:
        loopback.rule === 'none'
          ? `${title} takes no callback on this machine: get a token there and hand it over in AUTHKIT_TOKEN. See ${docs}.`
          : `Register an application${callback} (${docs}), and name it with --client-id or authkit.login.client_id.`,
    },
  )
}
