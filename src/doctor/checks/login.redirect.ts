import { nameOf } from '../../login/protocol/errors.js'
import { callbacksOf } from '../../providers/callbacks.js'
import type { Check } from '../check.js'
import { note, ok, skipped, wrong } from '../finding.js'
import { refusalOf } from '../refusals.js'
import { targetIn } from '../target-in.js'

export const loginRedirect: Check = {
  id: 'login.redirect',
  subject: 'sign-in',
  title: 'The callback of authkit login is registered',
  about:
    'Begins a sign-in with each callback that `authkit login` may use. A provider that knows the callback sends its answer there; one that does not shows an error of its own, which `authkit login` never sees: it waits until its timeout.',
  async look(setup) {
    const [target, answers] = await Promise.all([targetIn(setup), setup.authorizations()])
    if (!target) return skipped('No provider is named.')
    const { provider } = target
    if (provider.loopback.rule === 'none') return skipped(`${nameOf(provider)} takes no callback on this machine.`)
    if (!answers) return skipped('A sign-in can not be begun.')
    const refused = answers.flatMap((one) => {
      const problem = refusalOf(provider, one)
      return problem?.code === 'provider_redirect_mismatch' ? [{ problem, callback: one.callback }] : []
    })
    const [first] = refused
    if (first) {
      const missing = refused.map(({ callback }) => callback).join(', ')
      const register = callbacksOf(provider).join(', ')
      return wrong(
        `${nameOf(provider)} does not know the callback ${missing}.`,
        `${first.problem.hint} To register: ${register}.`,
        'provider_redirect_mismatch',
      )
    }
    if (answers.every(({ answer }) => answer.kind === 'called-back')) {
      return ok(answers.map(({ callback }) => callback).join(', '))
    }
    return note(
      `${nameOf(provider)} does not tell without a browser. See that these are registered: ${callbacksOf(provider).join(', ')}.`,
    )
  },
}
