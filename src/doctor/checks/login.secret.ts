import { AuthkitError } from '../../errors/authkit-error.js'
import type { Check } from '../check.js'
import { ok, skipped, undecided, wrong, wrongAs } from '../finding.js'
import { targetIn } from '../target-in.js'
import { tryCode } from '../try-code.js'

export const loginSecret: Check = {
  id: 'login.secret',
  subject: 'sign-in',
  title: 'The token endpoint accepts the application, with its secret or without',
  about:
    'Redeems a code that nobody ever got. A provider that accepts the application answers that the code is bad (`invalid_grant`); one that does not answers `invalid_client`, or in words of its own.',
  async look(setup) {
    const target = await targetIn(setup)
    if (!target) return skipped('No provider is named.')
    const { provider, clientId } = target
    if (clientId === undefined) return skipped('No client id is given.')
    const secret = await setup.clientSecret()
    if (secret === undefined && provider.publicClients === 'none') {
      return wrong(
        `An application at ${provider.title} has a secret, and none is given.`,
        'Put it in AUTHKIT_CLIENT_SECRET.',
        'provider_credentials_rejected',
      )
    }
    if (secret === undefined && provider.publicClients === 'device-flow') {
      return skipped(`Without a secret, ${provider.title} signs in with --device only.`)
    }
    const answer = await tryCode({ ...target, clientId, clientSecret: secret }, setup)
    if (answer === 'accepted') return ok(secret === undefined ? 'without a secret' : 'with its secret')
    if (!(answer instanceof AuthkitError)) return skipped('There is no token endpoint to ask.')
    if (answer.code === 'provider_unavailable') return undecided(answer.message, answer.hint)
    return wrongAs(answer)
  },
}
