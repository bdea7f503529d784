import { problemOf } from '../providers/problem.js'
import type { Provider, ProviderProblem } from '../providers/provider.js'
import { type AuthorizeAnswer, readable } from './authorize.js'

type Page = Extract<AuthorizeAnswer, { kind: 'page' }>

/** What the error pages of providers say, in the words of most. The first that fits. */
const WORDINGS: readonly (readonly [says: RegExp, error: string])[] = [
  [/redirect[_ -]?ur[il]|callback ur[il]|reply (url|address)/i, 'redirect_uri_mismatch'],
  [/invalid_scope|scopes? (is|are|does|do|not)/i, 'invalid_scope'],
  [/invalid_target|audience|resource (is|not)/i, 'invalid_target'],
  [/unauthorized_client|grant type|not allowed to initiate/i, 'unauthorized_client'],
  [
    /invalid_client|(client|application)[^.]{0,40}(not found|unknown|invalid|exist|disabled|deleted)/i,
    'invalid_client',
  ],
]

/** Codes that are a mere number may stand on a page for anything: what is before them has to say what they are. */
const MERE_NUMBER = /^\d{1,5}$/

/**
 * What the page of an authorization endpoint says is wrong.
 *
 * @returns undefined where it says nothing, as a page to sign in does.
 */
export function pageProblem(provider: Provider, page: Page): ProviderProblem | undefined {
  const text = readable(page)
  const failed = page.status >= 400
  const own = Object.keys(provider.errors ?? {}).find((code) => mentions(text, code, failed))
  if (own !== undefined) return problemOf(provider, { error: own })
  if (!failed) return undefined
  const wording = WORDINGS.find(([says]) => says.test(text))
  if (wording) return problemOf(provider, { error: wording[1] })
  return page.status === 404 ? NOT_THERE : undefined
}

const NOT_THERE: ProviderProblem = {
  code: 'provider_app_missing',
  message: 'The provider has no page for this application: it answers 404.',
  hint: 'Check --client-id; the application may have been deleted.',
}

function mentions(text: string, code: string, failed: boolean): boolean {
  const before = MERE_NUMBER.test(code) && !failed ? '(?:code|error)\\W{1,10}' : '\\b'
  return new RegExp(`${before}${code}\\b`, 'i').test(text)
}
