import { printable } from '../../cli/printable.js'
import { LOCAL, sourcesOf } from '../../identity/method.js'
import { placeholderTokensOf } from '../../identity/placeholder-tokens.js'
import { endpointOf } from '../authorizations.js'
import type { Check } from '../check.js'
import type { Discovery } from '../discovery.js'
import { ok, skipped, warning, wrong } from '../finding.js'
import type { Target } from '../target.js'
import { targetIn } from '../target-in.js'

export const authIssuer: Check = {
  id: 'auth.issuer',
  subject: 'project',
  title: 'auth.ts trusts the issuer that authkit login signs in to',
  about:
    'Compares the issuers that the methods of auth.ts name with the one that sign-in uses. A token of any other issuer is refused.',
  async look(setup) {
    const [state, target, port] = await Promise.all([setup.project(), targetIn(setup), setup.devPort()])
    if (state.kind === 'broken') return skipped('auth.ts has to load first.')
    const sources = sourcesOf(state.authenticate)
    const local = port.kind === 'server' ? port.issuer : undefined
    if (!target || target.provider.name === 'local') {
      return issuers().length === 0 ? skipped('auth.ts names no issuer.') : ok(named())
    }
    if (placeholderTokensOf(state.authenticate) && issuers().length === 0) {
      return warning(
        'auth.ts accepts placeholder tokens only, so nobody who signs in gets in.',
        'Put oidc() or userinfo() in the place of placeholderTokens(); docs/providers.md shows it for each provider.',
      )
    }
    if (issuers().length === 0) return skipped('auth.ts has an authenticate of its own.')
    const wanted = namesOf(target, await setup.discovery())
    const [first = target.provider.title] = wanted
    if (wanted.some((name) => issuers().includes(name))) return ok(printable(first))
    return wrong(
      `auth.ts trusts ${named()}, and sign-in uses "${printable(first)}".`,
      'Write the same issuer in both, to the letter.',
      'token_issuer_unknown',
    )

    function issuers(): string[] {
      return sources.flatMap((source) => source.issuers).map((issuer) => (issuer === LOCAL ? (local ?? LOCAL) : issuer))
    }
    function named(): string {
      return issuers()
        .map((issuer) => (issuer === LOCAL ? 'the local issuer' : `"${printable(issuer)}"`))
        .join(' and ')
    }
  },
}

/** What auth.ts may call the provider by: its issuer, its name, or the endpoint that is asked about opaque tokens. */
function namesOf({ provider, issuer }: Target, discovery: Discovery | undefined): string[] {
  const userinfo = endpointOf(provider, discovery, 'userinfo')
  const api = userinfo === undefined ? undefined : new URL(userinfo).origin
  return [issuer, provider.name, userinfo, api].filter((name) => name !== undefined)
}
