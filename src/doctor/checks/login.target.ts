import { AuthkitError } from '../../errors/authkit-error.js'
import type { Check } from '../check.js'
import { ok, skipped, wrongAs } from '../finding.js'

export const loginTarget: Check = {
  id: 'login.target',
  subject: 'provider',
  title: 'It is clear where authkit login signs in',
  about:
    'Takes the provider from the flags, else from `authkit.login` of langgraph.json, else the profile, else the dev server that runs. A provider that authkit does not know is answered with the nearest name.',
  async look({ target }) {
    const found = await target()
    if (found instanceof AuthkitError) return wrongAs(found)
    if (!found) return skipped('No provider is named, and no dev server runs. Name one with --provider or --issuer.')
    const { provider, issuer, from } = found
    return ok(`${provider.title}${issuer === undefined ? '' : `, ${issuer}`} (from ${from})`)
  },
}
