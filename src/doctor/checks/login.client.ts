import { AuthkitError } from '../../errors/authkit-error.js'
import { nameOf } from '../../login/protocol/errors.js'
import type { Check } from '../check.js'
import { note, ok, skipped, undecided, wrong, wrongAs } from '../finding.js'
import { refusalAmong } from '../refusals.js'
import { targetIn } from '../target-in.js'

export const loginClient: Check = {
  id: 'login.client',
  subject: 'sign-in',
  title: 'The application is registered, and may sign users in',
  about:
    'Begins a sign-in at the authorization endpoint without a browser and reads the answer. An application that was deleted, disabled, or never there is answered with an error page; GitHub answers 404.',
  async look(setup) {
    const target = await targetIn(setup)
    if (!target) return skipped('No provider is named.')
    const { provider, clientId } = target
    if (clientId === undefined) {
      const hint = `Register an application (docs/providers.md), and give its id with --client-id, or as authkit.login.client_id.`
      return wrongAs(new AuthkitError('login_not_configured', 'No client id is given.', { hint }))
    }
    const answers = await setup.authorizations()
    if (!answers) return skipped('There is no authorization endpoint to ask.')
    const refused = refusalAmong(provider, answers, [
      'provider_app_missing',
      'provider_credentials_rejected',
      'provider_permission_missing',
      'provider_refused',
      'provider_unavailable',
    ])
    if (refused) return wrong(refused.message, refused.hint, refused.code)
    const [first] = answers
    if (first?.answer.kind === 'unreached') {
      return undecided(
        `The authorization endpoint can not be reached: ${first.answer.why}.`,
        'Check the network, and run it again.',
      )
    }
    if (answers.some(({ answer }) => answer.kind === 'called-back')) return ok(clientId)
    return note(`${nameOf(provider)} shows a page, and only a person can read whether it is one to sign in.`)
  },
}
