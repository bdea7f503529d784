import type { Check } from '../check.js'
import type { Discovery } from '../discovery.js'
import { type Finding, ok, skipped, warning, wrong } from '../finding.js'
import { refusalAmong } from '../refusals.js'
import type { Target } from '../target.js'
import { targetIn } from '../target-in.js'

export const loginScopes: Check = {
  id: 'login.scopes',
  subject: 'sign-in',
  title: 'The provider knows the scopes that are asked for',
  about:
    'Looks for scopes that the provider refuses (Feishu answers `openid` with error 20043), for scopes that are written together with the wrong separator, for scopes that its discovery document does not list, and for the one without which no refresh token comes. Then it begins a sign-in and reads what the provider says of them.',
  async look(setup) {
    const [target, discovery, answers] = await Promise.all([targetIn(setup), setup.discovery(), setup.authorizations()])
    if (!target) return skipped('No provider is named.')
    const found = [...writtenWrongly(target), ...notKnown(target, discovery), ...withoutRefresh(target)]
    const refused = refusalAmong(target.provider, answers ?? [], [
      'provider_scope_invalid',
      'provider_scope_insufficient',
    ])
    if (refused) found.unshift(wrong(refused.message, refused.hint, refused.code))
    return found.length > 0 ? found : ok(target.scopes.join(' ') || 'none')
  },
}

function writtenWrongly({ provider, scopes }: Target): Finding[] {
  const { separator, refused = [] } = provider.scopes
  const together = scopes.filter((scope) => /[\s,]/.test(scope))
  const unknown = scopes.filter((scope) => refused.includes(scope))
  return [
    ...together.map((scope) =>
      wrong(
        `"${scope}" is several scopes in one: the provider would take it for one that it does not know.`,
        `Give each scope by itself: --scope ${scope.split(/[\s,]+/).join(' --scope ')}. ${separator === ' ' ? 'Spaces go between them in the request.' : 'Commas go between them in the request.'}`,
        'provider_scope_invalid',
      ),
    ),
    ...(unknown.length === 0
      ? []
      : [
          wrong(
            `${provider.title} is no OpenID provider, and refuses ${unknown.join(', ')}.`,
            `Leave out ${unknown.join(', ')}.`,
            'provider_scope_invalid',
          ),
        ]),
  ]
}

/** Of the scopes that authkit asks for by itself: what an API has of its own is rarely listed. */
function notKnown({ provider, scopes }: Target, discovery: Discovery | undefined): Finding[] {
  const listed = discovery?.kind === 'document' ? discovery.document['scopes_supported'] : undefined
  if (!Array.isArray(listed)) return []
  const { login, offline } = provider.scopes
  const missing = [...login, offline].filter(
    (scope) => scope !== undefined && scopes.includes(scope) && !listed.includes(scope),
  )
  if (missing.length === 0) return []
  return [
    warning(
      `The discovery document does not list ${missing.join(', ')}.`,
      'Allow them at the provider, or ask for others with --scope.',
      'provider_scope_invalid',
    ),
  ]
}

function withoutRefresh({ provider, scopes }: Target): Finding[] {
  const { offline } = provider.scopes
  if (offline === undefined || scopes.some((scope) => scope.split(/[\s,]+/).includes(offline))) return []
  return [
    warning(
      `Without ${offline} no refresh token comes, and the sign-in ends with the access token.`,
      `Ask for it too: --scope ${offline}.`,
    ),
  ]
}
