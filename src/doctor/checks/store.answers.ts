import { AuthkitError } from '../../errors/authkit-error.js'
import type { Check } from '../check.js'
import { ok, warning, wrongAs } from '../finding.js'
import { targetIn } from '../target-in.js'

export const storeAnswers: Check = {
  id: 'store.answers',
  subject: 'tokens',
  title: 'The place for tokens is there, and open',
  about:
    'Says which place it is (the keychain of the system, or encrypted files), and writes and removes an entry without a secret. A keychain that is locked, missing, or silent for 3 seconds is named with the ways out; where there is nothing to sign in to, that is a warning.',
  async look(setup) {
    try {
      const { title, assertWritable } = setup.store()
      await assertWritable()
      return ok(title)
    } catch (error) {
      if (!(error instanceof AuthkitError)) throw error
      return (await targetIn(setup)) ? wrongAs(error) : warning(error.message, error.hint, error.code)
    }
  },
}
