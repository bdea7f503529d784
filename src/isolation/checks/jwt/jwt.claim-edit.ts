import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtClaimEdit: Check = {
  ...FORGED,
  id: 'jwt.claim-edit',
  title: 'A JWT whose claims were edited is refused',
  failure: 'A JWT was accepted though its claims had been edited',
  impact: "Bob writes Alice's name into his own token and is Alice.",
  severity: 'critical',
  refs: ['API2', '347'],
  fix: authenticate('verify the signature with jwtVerify(); decodeJwt() checks nothing'),
  absent: notForged('claim-edit', 'nothing could be forged'),
  requests: wearing('claim-edit'),
  inspect: bobStillWorks,
}
