import { nameOf } from '../../login/protocol/errors.js'
import type { Check } from '../check.js'
import { ok, skipped, warning } from '../finding.js'
import { targetIn } from '../target-in.js'

export const issuerPkce: Check = {
  id: 'issuer.pkce',
  subject: 'provider',
  title: 'The provider takes a PKCE challenge with S256',
  about:
    'Looks for S256 among the challenge methods of the discovery document (RFC 7636, RFC 9700 2.1.1). `authkit login` sends a challenge all the same, but one that is not checked protects nothing.',
  async look(setup) {
    const [target, found] = await Promise.all([targetIn(setup), setup.discovery()])
    if (!target) return skipped('No provider is named.')
    if (found?.kind !== 'document') {
      return target.provider.pkce
        ? ok(`${nameOf(target.provider)} takes one.`)
        : skipped(`${nameOf(target.provider)} takes none.`)
    }
    const methods = found.document['code_challenge_methods_supported']
    if (Array.isArray(methods) && methods.includes('S256')) return ok('S256')
    if (target.provider.name !== 'oidc' && target.provider.pkce && methods === undefined) {
      return ok(`${nameOf(target.provider)} takes one, though its document does not say so.`)
    }
    return warning(
      'The discovery document does not list S256 among its challenge methods.',
      'Ask who runs the provider to switch PKCE on, and to require it of public clients.',
    )
  },
}
