import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtKid: Check = {
  ...FORGED,
  id: 'jwt.kid',
  title: 'A JWT whose key id is a path, a query or an address is refused',
  failure: 'A JWT was accepted whose key id is a path, a query or an address',
  impact: 'The caller chooses the key that his own token is checked with.',
  severity: 'high',
  refs: ['API2', '347', '22', '89'],
  fix: authenticate('look kid up in the key set of your provider, and refuse what is not there'),
  absent: notForged('kid', 'nothing could be forged'),
  requests: wearing('kid'),
  inspect: bobStillWorks,
  onCrash: 'look kid up in the key set of your provider, and throw 401 for what is not there',
}
