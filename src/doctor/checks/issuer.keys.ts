import { objects } from '../../providers/values.js'
import type { Check } from '../check.js'
import { objectIn } from '../discovery.js'
import { ok, skipped, warning, wrong } from '../finding.js'

export const issuerKeys: Check = {
  id: 'issuer.keys',
  subject: 'provider',
  title: 'The provider publishes keys to verify its tokens with',
  about:
    'Reads the JWKS that the discovery document names. A provider that signs with a shared secret (HS256, as older Supabase projects do) publishes none, and nobody else can verify its tokens.',
  async look({ discovery, web }) {
    const found = await discovery()
    if (found?.kind !== 'document') return skipped('There is no discovery document.')
    const url = found.document['jwks_uri']
    if (typeof url !== 'string')
      return wrong('The discovery document names no jwks_uri.', REPAIR, 'provider_misconfigured')
    const answer = await web.get(url)
    if (answer.kind === 'unreached') {
      return wrong(
        `${url} can not be reached: ${answer.why}.`,
        'Check the network, and the provider.',
        'provider_unavailable',
      )
    }
    const keys = objects(objectIn(answer.text)['keys'])
    const usable = keys.filter(({ kty, use }) => kty !== 'oct' && (use === undefined || use === 'sig'))
    if (usable.length === 0)
      return wrong(`${url} has no key that could verify a token.`, REPAIR, 'provider_misconfigured')
    if (keys.some(({ d, k }) => d !== undefined || k !== undefined)) {
      return wrong(
        `${url} publishes a private key.`,
        'Take the key out of use at once: whoever has read it can forge tokens.',
      )
    }
    const nameless = usable.length > 1 && usable.some(({ kid }) => kid === undefined)
    if (nameless)
      return warning(`${url} has several keys, and not all have a name (kid).`, 'Name each key at the provider.')
    return ok(`${usable.length} ${usable.length === 1 ? 'key' : 'keys'} at ${url}`)
  },
}

const REPAIR = 'Have the provider sign with an asymmetric key (RS256, ES256) and publish it.'
