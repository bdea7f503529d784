import { randomBytes } from 'node:crypto'
import type { Json } from '../providers/provider.js'
import type { Target } from './target.js'
import type { Web } from './web.js'

/** What an authorization endpoint answered to somebody who is signed in to nothing. */
export type AuthorizeAnswer =
  | { readonly kind: 'unreached'; readonly why: string }
  /** It sent the browser to the callback, so it knows the application and the callback. */
  | { readonly kind: 'called-back'; readonly answer: Json }
  /** It showed a page: a sign-in, or an error. */
  | { readonly kind: 'page'; readonly status: number; readonly url: URL; readonly text: string }

/** Providers lead through a few pages of their own before they say anything. */
const MOST_REDIRECTS = 6

/**
 * Begins a sign-in without a browser, and reads how the provider takes it. An OpenID provider is asked to show no page
 * (`prompt=none`), so one that knows the callback sends its answer there at once, mostly `login_required`.
 */
export async function askAuthorize(
  { provider, clientId, scopes, audience }: Target & { readonly clientId: string },
  endpoint: string,
  callback: string,
  web: Web,
): Promise<AuthorizeAnswer> {
  const url = new URL(endpoint)
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    state: random(),
    ...(scopes.length > 0 && { scope: scopes.join(provider.scopes.separator) }),
    ...(audience !== undefined && provider.audienceParam !== undefined && { [provider.audienceParam]: audience }),
    ...provider.authorizationParams,
    ...(provider.pkce && { code_challenge: random(), code_challenge_method: 'S256' }),
    ...(provider.oidc && { nonce: random(), prompt: 'none' }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return await follow(url, callback, web)
}

async function follow(first: URL, callback: string, web: Web): Promise<AuthorizeAnswer> {
  let url = first
  for (let redirects = 0; ; redirects++) {
    const answer = await web.get(url.href, { accept: 'text/html' })
    if (answer.kind === 'unreached') return answer
    const { location, status, text } = answer
    if (location && `${location.origin}${location.pathname}` === callback) {
      return { kind: 'called-back', answer: Object.fromEntries(location.searchParams) }
    }
    if (!location || redirects === MOST_REDIRECTS) return { kind: 'page', status, url, text }
    url = location
  }
}

/** What stands for a state, a nonce or a challenge: 256 bits, as theirs. */
function random(): string {
  return randomBytes(32).toString('base64url')
}

/** What a person reads of a page, and the errors that its address names: the rest of the address is what was asked. */
export function readable({ url, text }: Extract<AuthorizeAnswer, { kind: 'page' }>): string {
  const errors = [...url.searchParams].filter(([name]) => /^(err|code$|message$)/i.test(name))
  const address = errors.map(([name, value]) => `${name}: ${value}`).join(' ')
  return `${address} ${text.replaceAll(/<[^<>]*>/g, ' ').replaceAll(/\s+/g, ' ')}`
}
