import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtAudience: Check = {
  ...FORGED,
  id: 'jwt.audience',
  title: 'A JWT that was issued for another service is refused',
  failure: 'A JWT that was issued for another service was accepted',
  impact: 'Whoever runs another service with the same provider collects tokens there and uses them here.',
  severity: 'high',
  refs: ['API2', '345'],
  fix: authenticate('check who the token is for: jwtVerify(token, keys, { issuer, audience })'),
  absent: notForged('audience', 'only with --other-audience-token'),
  requests: wearing('audience'),
  inspect: bobStillWorks,
}
