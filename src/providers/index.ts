import { AuthkitError } from '../errors/authkit-error.js'
import { nearest } from '../errors/nearest.js'
import { auth0 } from './auth0.js'
import { bitbucket } from './bitbucket.js'
import { entra } from './entra.js'
import { feishu } from './feishu.js'
import { github } from './github.js'
import { gitlab } from './gitlab.js'
import { google } from './google.js'
import { keycloak } from './keycloak.js'
import { lark } from './lark.js'
import { local } from './local.js'
import { notion } from './notion.js'
import { oidc } from './oidc.js'
import { okta } from './okta.js'
import type { Provider } from './provider.js'
import { slack } from './slack.js'
import { supabase } from './supabase.js'
import { volcengine } from './volcengine.js'

/** Every provider that authkit knows. The last two are no vendor's: any OpenID provider, and that of `authkit dev`. */
export const PROVIDERS: readonly Provider[] = [
  keycloak,
  github,
  gitlab,
  bitbucket,
  google,
  entra,
  auth0,
  okta,
  supabase,
  feishu,
  lark,
  notion,
  slack,
  volcengine,
  oidc,
  local,
]

/** How many edits a misspelling may be away from a name that is worth suggesting. */
const LIKELY_TYPO = 3

/**
 * The provider of a name, in any case.
 *
 * @throws AuthkitError `provider_unknown`, with the name that was probably meant.
 * @example
 * providerNamed('github').endpoints?.token // 'https://github.com/login/oauth/access_token'
 */
export function providerNamed(name: string): Provider {
  const found = PROVIDERS.find((provider) => provider.name === name.toLowerCase())
  if (found) return found
  const names = PROVIDERS.map((provider) => provider.name)
  const { word, edits } = nearest(name, names)
  throw new AuthkitError('provider_unknown', `There is no provider "${name}".`, {
    hint: edits <= LIKELY_TYPO ? `Did you mean "${word}"?` : `There are ${names.join(', ')}.`,
  })
}

/**
 * The provider that an issuer belongs to, as far as its address tells: `oidc` for any other.
 *
 * @example
 * providerOf('https://acme.eu.auth0.com/').name // 'auth0'
 */
export function providerOf(issuer: string): Provider {
  if (!URL.canParse(issuer)) return oidc
  const url = new URL(issuer)
  return PROVIDERS.find((provider) => provider.hasIssuer?.(url)) ?? oidc
}
