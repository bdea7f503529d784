import type { ErrorCode } from '../errors/codes.js'
import { problemOf } from '../providers/problem.js'
import type { Json, Provider, ProviderProblem } from '../providers/provider.js'
import type { Authorization } from './authorizations.js'
import { pageProblem } from './page-problem.js'

/** Whoever is signed in to nothing is told so. It is what a provider says to a sign-in that is right. */
const NOT_SIGNED_IN = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/** What a provider has against the beginning of a sign-in; undefined where it has nothing, or shows a page to sign in. */
export function refusalOf(provider: Provider, { answer }: Authorization): ProviderProblem | undefined {
  if (answer.kind === 'unreached') return undefined
  if (answer.kind === 'page') return pageProblem(provider, answer)
  return problemOf(provider, answer.answer) ?? otherRefusal(answer.answer)
}

/** The first refusal with one of these codes. */
export function refusalAmong(
  provider: Provider,
  authorizations: readonly Authorization[],
  codes: readonly ErrorCode[],
): ProviderProblem | undefined {
  return authorizations
    .map((one) => refusalOf(provider, one))
    .find((problem) => problem !== undefined && codes.includes(problem.code))
}

function otherRefusal({ error }: Json): ProviderProblem | undefined {
  if (typeof error !== 'string' || NOT_SIGNED_IN.includes(error)) return undefined
  return {
    code: 'provider_refused',
    message: 'The provider refuses to begin a sign-in.',
    hint: 'Look up the error in the documents of the provider.',
  }
}
