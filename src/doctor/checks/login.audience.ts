import type { Check } from '../check.js'
import { ok, skipped, warning, wrong } from '../finding.js'
import { refusalAmong } from '../refusals.js'
import { targetIn } from '../target-in.js'

export const loginAudience: Check = {
  id: 'login.audience',
  subject: 'sign-in',
  title: 'Tokens are asked for your service',
  about:
    'A token without an audience of your own is for somebody else, or opaque: auth.ts refuses it. Looks whether an audience is given where the provider takes one, and reads what the provider says of it.',
  async look(setup) {
    const [target, answers] = await Promise.all([targetIn(setup), setup.authorizations()])
    if (!target) return skipped('No provider is named.')
    const { provider, audience } = target
    const refused = refusalAmong(provider, answers ?? [], ['provider_audience_invalid'])
    if (refused) return wrong(refused.message, refused.hint, refused.code)
    if (provider.audienceParam === undefined) {
      if (audience === undefined) return skipped(`The audience is set at ${provider.title}, not in the request.`)
      return warning(
        `${provider.title} takes no audience in the request: ${audience} has no effect.`,
        'Leave out --audience, and set the audience at the provider; docs/providers.md says where.',
      )
    }
    // The local issuer takes the server that it is part of for the audience.
    if (audience !== undefined || provider.clientId !== undefined) return ok(audience ?? 'the dev server')
    const fix = 'Give --audience, or authkit.login.audience: the identifier of your service at the provider.'
    if (provider.audienceParam === 'audience') {
      return wrong(
        `Without an audience the access token of ${provider.title} is opaque, and no service can verify it.`,
        fix,
      )
    }
    return warning('No audience is given, so the access token may be for another service, or opaque.', fix)
  },
}
