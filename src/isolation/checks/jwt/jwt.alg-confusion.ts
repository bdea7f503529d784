import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

export const jwtAlgConfusion: Check = {
  ...FORGED,
  id: 'jwt.alg-confusion',
  title: 'The public key of the provider is no secret to sign with',
  failure: 'A JWT was accepted that was signed with the public key of the provider',
  impact: 'The key that everybody may have is taken for a secret, so everybody signs tokens in any name.',
  severity: 'critical',
  refs: ['API2', '347'],
  fix: authenticate('name the algorithms you accept: jwtVerify(token, keys, { algorithms: ["RS256"] })'),
  absent: notForged('alg-confusion', 'no public key is known: give --jwks'),
  requests: wearing('alg-confusion'),
  inspect: bobStillWorks,
}
