import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtAlgNone: Check = {
  ...FORGED,
  id: 'jwt.alg-none',
  title: 'A JWT without a signature is refused',
  failure: 'A JWT without a signature was accepted',
  impact: 'Anybody writes himself a token with any name in it: nobody checks who issued it.',
  severity: 'critical',
  refs: ['API2', '347', 'SESS-10'],
  fix: authenticate('name the algorithms you accept: jwtVerify(token, keys, { algorithms: ["RS256"] })'),
  absent: notForged('alg-none', 'nothing could be forged'),
  requests: wearing('alg-none'),
  inspect: bobStillWorks,
}
