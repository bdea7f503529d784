import type { Check } from '../check.js'
import { ok, skipped, wrong, wrongAs } from '../finding.js'

export const issuerReachable: Check = {
  id: 'issuer.reachable',
  subject: 'provider',
  title: 'The issuer answers with a discovery document',
  about: 'Reads `/.well-known/openid-configuration` under the issuer (OpenID Connect Discovery 4).',
  async look({ discovery }) {
    const found = await discovery()
    if (!found) return skipped('There is no issuer to ask.')
    if (found.kind === 'unreached') {
      if (found.error) return wrongAs(found.error)
      return wrong(
        `${found.url} can not be reached: ${found.why}.`,
        'Check the issuer and the network. The local issuer runs while `authkit dev` does.',
        'provider_unavailable',
      )
    }
    if (found.kind === 'no-document') {
      return wrong(
        `${found.url} ${found.why}.`,
        'Check the issuer. Providers without discovery, such as GitHub, are named with --provider.',
        'provider_misconfigured',
      )
    }
    return ok(found.url)
  },
}
