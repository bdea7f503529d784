import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { bobStillWorks, FORGED, notForged, wearing } from '../../jwt/attack.js'

/** Clocks differ by so much. */
const TOLERANCE_S = 120
const given = notForged('expired', 'only with --expired-token; an edited time is part of jwt.claim-edit')

export const jwtExpired: Check = {
  ...FORGED,
  id: 'jwt.expired',
  title: 'A JWT whose time is over is refused',
  failure: 'A JWT was accepted though its time is over',
  impact: 'A token that was stolen once, from a log or a backup, opens the server for ever.',
  severity: 'high',
  refs: ['API2', '613'],
  fix: authenticate('let jwtVerify() check exp, and refuse a token without one'),
  absent(stage) {
    const missing = given(stage)
    const expiredAt = stage.jwt?.expiredAt
    if (missing !== undefined || expiredAt === undefined) return missing
    return Date.now() / 1000 - expiredAt > TOLERANCE_S
      ? undefined
      : 'the token given has not been expired for two minutes'
  },
  requests: wearing('expired'),
  inspect: bobStillWorks,
}
