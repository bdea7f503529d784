import { AuthkitError } from '../../errors/authkit-error.js'
import { isRenewable, isUsable } from '../../login/access/validity.js'
import type { Check } from '../check.js'
import { type Finding, ok, skipped, warning, wrong, wrongAs } from '../finding.js'

const MINUTE_MS = 60_000
const SOON_MS = 5 * MINUTE_MS
const A_DAY_MS = 24 * 60 * MINUTE_MS

export const tokenValid: Check = {
  id: 'token.valid',
  subject: 'tokens',
  title: 'The sign-in of the profile is valid, and will be for a while',
  about:
    'Reads when the tokens of the profile end and whether they can be renewed. It renews nothing: with rotation, that would use up the refresh token.',
  async look({ login, now }) {
    const found = await login()
    if (!found) return skipped('Nobody is signed in.')
    if (found instanceof AuthkitError) return wrongAs(found)
    const { profile, login: stored } = found
    const { tokens } = stored.secrets
    const again = `Sign in again: \`authkit login --profile ${profile.name}\`.`
    const renewable = isRenewable(tokens, now())
    if (!isUsable(tokens, now()) && !renewable) {
      return wrong(`The sign-in of profile ${profile.name} is over.`, again, 'login_expired')
    }
    const warnings: Finding[] = []
    if (stored.renewingSince !== undefined) {
      warnings.push(
        warning(
          'The provider was asked for new tokens, and its answer was lost: the refresh token may be used up.',
          again,
          'refresh_uncertain',
        ),
      )
    }
    const ends = tokens.expiresAt === undefined ? undefined : tokens.expiresAt - now()
    if (!renewable && ends !== undefined && ends < SOON_MS) {
      warnings.push(warning(`The access token ends ${inWords(ends)}, and there is no refresh token.`, again))
    }
    const over = tokens.refreshExpiresAt === undefined ? undefined : tokens.refreshExpiresAt - now()
    if (renewable && over !== undefined && over < A_DAY_MS) {
      warnings.push(warning(`The sign-in ends ${inWords(over)}, unless it is used before.`, again))
    }
    if (warnings.length > 0) return warnings
    const what = ends === undefined ? 'has no end that is known' : ends <= 0 ? 'has ended' : `ends ${inWords(ends)}`
    return ok(`${profile.name}: the access token ${what}${renewable ? ', and is renewed when it is used' : ''}`)
  },
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS)
  if (minutes < 1) return `in ${Math.max(0, Math.round(ms / 1000))} s`
  return minutes < 120 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`
}
