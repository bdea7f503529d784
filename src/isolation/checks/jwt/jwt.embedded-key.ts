import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtEmbeddedKey: Check = {
  ...FORGED,
  id: 'jwt.embedded-key',
  title: 'A JWT that brings its own key is refused, and no address in it is asked for one',
  failure: 'A JWT that brings its own key was accepted, or an address in it was asked for one',
  impact:
    'Anybody signs himself a token in any name. Where only the address was asked, anybody makes the server call addresses in its own network.',
  severity: 'critical',
  refs: ['API2', '347'],
  fix: authenticate(
    'take keys from your provider only: createRemoteJWKSet(new URL(...)), never from jwk, jku, x5u or x5c',
  ),
  absent: notForged('embedded-key', 'nothing could be forged'),
  requests: wearing('embedded-key'),
  async inspect(inspection) {
    const { exchanges, stage, stated } = inspection
    const named = exchanges.find(({ probe }) => /-(jku|x5u)\}/.test(probe.disguise?.token ?? ''))
    return named && stage.jwt?.listenerContacted()
      ? [stated(named, 'listener', 'the server fetched a key from the address in the token')]
      : bobStillWorks(inspection)
  },
}
