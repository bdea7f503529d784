import { AuthkitError } from '../../errors/authkit-error.js'
import { isUsable } from '../../login/access/validity.js'
import { nameOf } from '../../login/protocol/errors.js'
import { providerNamed } from '../../providers/index.js'
import { problemOf } from '../../providers/problem.js'
import { endpointOf } from '../authorizations.js'
import type { Check } from '../check.js'
import { discover, objectIn } from '../discovery.js'
import { ok, skipped, undecided, wrong } from '../finding.js'

export const tokenKnown: Check = {
  id: 'token.known',
  subject: 'tokens',
  title: 'The provider still knows whose the access token is',
  about:
    'Asks the userinfo endpoint with the access token of the profile. A token that was revoked is refused; an application that lacks a permission is told which (Feishu 99991672, 99991679).',
  async look({ login, web, now }) {
    const found = await login()
    if (!found || found instanceof AuthkitError) return skipped('There is no access token.')
    const { profile, login: stored } = found
    if (!isUsable(stored.secrets.tokens, now())) return skipped('The access token has ended.')
    const provider = providerNamed(profile.provider)
    const discovery = profile.issuer === undefined ? undefined : await discover(profile.issuer, web)
    const url = endpointOf(provider, discovery, 'userinfo')
    if (url === undefined) return skipped(`${nameOf(provider)} has no userinfo endpoint.`)
    const answer = await web.get(url, {
      accept: 'application/json',
      ...provider.headers,
      authorization: `Bearer ${stored.secrets.tokens.accessToken}`,
    })
    if (answer.kind === 'unreached') {
      return undecided(
        `The userinfo endpoint can not be reached: ${answer.why}.`,
        'Check the network, and run it again.',
      )
    }
    const claims = objectIn(answer.text)
    const problem = problemOf(provider, claims)
    if (problem) return wrong(problem.message, problem.hint, problem.code)
    const person = answer.status === 200 ? provider.person(claims) : undefined
    if (person?.subject === profile.user.subject) return ok(`${profile.name}: ${person.name ?? person.subject}`)
    if (person) {
      return wrong('The access token is of another user than the profile says.', again(profile.name))
    }
    if (answer.status >= 500 || answer.status === 429) {
      return undecided(`The userinfo endpoint answers ${answer.status}.`, 'Run it again later.')
    }
    // RFC 6750 3.1: the token is good, and may not do this.
    if (answer.status === 403) return skipped('The access token is not for the userinfo endpoint.')
    return wrong(`${nameOf(provider)} does not accept the access token any more.`, again(profile.name), 'login_expired')
  },
}

function again(profile: string): string {
  return `Sign in again: \`authkit login --profile ${profile}\`.`
}
