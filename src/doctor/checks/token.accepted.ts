import { printable } from '../../cli/printable.js'
import { userFrom } from '../../engine/user.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { ErrorCode } from '../../errors/codes.js'
import { ERRORS } from '../../errors/codes.js'
import { withLocalIssuer } from '../../identity/local-issuer.js'
import { isUsable } from '../../login/access/validity.js'
import { text } from '../../providers/values.js'
import type { Check } from '../check.js'
import { ok, skipped, undecided, wrong } from '../finding.js'

export const tokenAccepted: Check = {
  id: 'token.accepted',
  subject: 'tokens',
  title: 'auth.ts lets the user of the profile in',
  about:
    'Calls the `authenticate` of auth.ts with the access token of the profile, in this process: wrong issuer, wrong audience, a client that may not call, a missing scope and an address that is not verified are named by the claim. The token is never shown.',
  async look({ login, project, devPort, now }) {
    const found = await login()
    if (!found || found instanceof AuthkitError) return skipped('There is no access token.')
    const { profile, login: stored } = found
    const { tokens } = stored.secrets
    if (!isUsable(tokens, now())) return skipped('The access token has ended.')
    const [state, port] = await Promise.all([project(), devPort()])
    if (state.kind === 'broken' || typeof state.authenticate !== 'function')
      return skipped('auth.ts has to load first.')
    const origin = `http://127.0.0.1:${port.port}`
    const request = new Request(`${origin}/threads`, { headers: { authorization: `Bearer ${tokens.accessToken}` } })
    if (port.kind === 'server' && port.issuer !== undefined) {
      withLocalIssuer(request, { issuer: port.issuer, audience: origin })
    }
    try {
      const user = userFrom(await state.authenticate(request))
      return ok(`${profile.name} is user ${printable(user.identity)}`)
    } catch (error) {
      const { code, problem, hint } = refusalIn(error)
      const message = `auth.ts refuses the user of profile ${profile.name}${problem === undefined ? '' : `: ${printable(problem)}`}.`
      const fix = hint ?? 'Look at authenticate() in auth.ts: it threw.'
      return code === 'provider_unavailable' ? undecided(message, fix) : wrong(message, fix, code)
    }
  },
}

/** What an error says to the developer. It may come from another copy of our modules: the bundle of auth.ts has one. */
function refusalIn(error: unknown): { code?: ErrorCode; problem?: string; hint?: string } {
  const { code, problem, hint, cause, message } = (error ?? {}) as Record<string, unknown>
  const said = text(problem) ?? text(cause) ?? text(message)
  const known = typeof code === 'string' && Object.hasOwn(ERRORS, code)
  const advice = known ? text(hint) : undefined
  return {
    ...(known && { code: code as ErrorCode }),
    ...(said !== undefined && { problem: said.replace(/\.$/, '') }),
    ...(advice !== undefined && { hint: advice }),
  }
}
