import { AuthkitError } from '../../errors/authkit-error.js'
import type { RefreshTokens, TokenSet } from '../login.js'
import type { StoredLogin, TokenStore } from '../store/token-store.js'
import { isFresh, isRenewable, isUsable } from './validity.js'

/** How long a provider has to answer, in milliseconds. */
const REFRESH_MS = 20_000

/** How often, and how far apart, it is tried to put new tokens away: with them the session would be lost. */
const KEEP_TRIES = 4
const KEEP_EVERY_MS = 250

export interface RenewalOptions {
  readonly profile: string
  readonly store: TokenStore
  readonly refresh: RefreshTokens
  /** Whether the second use of a refresh token is taken for theft (RFC 9700 4.14). */
  readonly rotates: (login: StoredLogin) => boolean
  readonly now: () => number
  readonly random: () => number
}

/** A sign-in whose access token works. */
export interface UsableLogin {
  readonly login: StoredLogin
  /** What a person has to know all the same: a sentence or two. */
  readonly notice?: string
}

/**
 * A sign-in with a fresh access token, renewed if need be. Only one at a time may do this for a profile, of all processes:
 * it reads again what the store has, so whoever comes second finds what the first one got.
 *
 * With rotation a refresh token is good for one use, and its answer must not be lost. So before the provider is asked, the
 * store says that it will be; its answer is stored before anybody gets to see it; and where it never came, nothing is tried
 * again while the old access token works. Once that is over there is nothing to lose: the refresh token is tried again, and
 * where the provider refuses it then, the error says what happened, and when.
 *
 * @throws AuthkitError `not_signed_in`, `login_expired`, `refresh_uncertain`, what `refresh` throws, and what the store
 *   does. None of them where the old access token still works: it comes with a notice.
 */
export async function renewLogin(options: RenewalOptions): Promise<UsableLogin> {
  const { profile, store, now, random, rotates } = options
  const login = await store.read(profile)
  if (!login) throw signedOut(profile, store)
  const { tokens } = login.secrets
  const usable = isUsable(tokens, now())
  if (isFresh(tokens, now(), random())) return { login }
  if (!isRenewable(tokens, now())) {
    if (usable) return { login }
    throw expired(profile, 'The session of', 'has expired')
  }
  if (usable && login.renewingSince !== undefined && rotates(login)) return { login, notice: lostAnswer(login) }
  try {
    return await exchange(login, options)
  } catch (error) {
    if (!usable || !isUsable(tokens, now())) throw error
    return { login, notice: `${messageOf(error)} The access token of before still works for a while.` }
  }
}

async function exchange(login: StoredLogin, options: RenewalOptions): Promise<UsableLogin> {
  const { profile, store, refresh, now } = options
  await store.write(profile, { ...login, renewingSince: now() })
  let answer: TokenSet
  try {
    answer = await refresh(login.profile, login.secrets, { signal: AbortSignal.timeout(REFRESH_MS) })
  } catch (error) {
    return afterFailure(error, login, options)
  }
  const { tokens } = login.secrets
  const renewed: StoredLogin = {
    profile: login.profile,
    secrets: { ...login.secrets, tokens: { ...keptOf(tokens, answer), ...answer } },
  }
  const problem = await keep(renewed, options)
  return problem === undefined ? { login: renewed } : { login: renewed, notice: notStored(profile, problem) }
}

/** What stays as it is where the answer says nothing about it. */
function keptOf({ refreshToken, refreshExpiresAt, idToken }: TokenSet, answer: TokenSet): Partial<TokenSet> {
  return {
    ...(idToken !== undefined && { idToken }),
    ...(answer.refreshToken === undefined && refreshToken !== undefined && { refreshToken }),
    ...(answer.refreshToken === undefined && refreshExpiresAt !== undefined && { refreshExpiresAt }),
  }
}

async function keep(login: StoredLogin, { profile, store }: RenewalOptions): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.write(profile, login)
      return undefined
    } catch (error) {
      if (attempt === KEEP_TRIES) return error
      await new Promise((resolve) => setTimeout(resolve, KEEP_EVERY_MS))
    }
  }
}

async function afterFailure(error: unknown, login: StoredLogin, options: RenewalOptions): Promise<UsableLogin> {
  const { profile, store, now } = options
  const code = error instanceof AuthkitError ? error.code : 'refresh_uncertain'
  // Whether the refresh token was used is not known, and the store goes on saying so.
  if (code === 'refresh_uncertain') throw uncertain(profile, error)
  if (code !== 'login_expired') {
    // It was not: all is as it was.
    await store.write(profile, login).catch(() => undefined)
    throw error
  }
  const { refreshToken: refused, refreshExpiresAt: _, ...tokens } = login.secrets.tokens
  const there = await store.read(profile)
  if (there && there.secrets.tokens.refreshToken !== refused && isUsable(there.secrets.tokens, now())) {
    // Somebody was faster who does not share the lock, such as a container with the same keychain.
    return { login: there }
  }
  await store.write(profile, { profile: login.profile, secrets: { ...login.secrets, tokens } }).catch(() => undefined)
  if (login.renewingSince === undefined)
    throw expired(profile, 'The session of', 'has expired: the provider no longer takes its refresh token', error)
  const when = momentOf(login.renewingSince)
  throw expired(
    profile,
    'The session of',
    `is over: on ${when} the provider was asked for new tokens, and its answer was lost, with the refresh token in it`,
    error,
  )
}

/** What is said of a profile whose tokens are not there. */
export function signedOut(profile: string, { title }: TokenStore): AuthkitError {
  return new AuthkitError('not_signed_in', `Profile ${profile} has no tokens in the ${title}.`, {
    hint: loginAgain(profile),
  })
}

function expired(profile: string, before: string, after: string, cause?: unknown): AuthkitError {
  return new AuthkitError('login_expired', `${before} profile ${profile} ${after}.`, {
    cause,
    hint: loginAgain(profile),
  })
}

function uncertain(profile: string, cause: unknown): AuthkitError {
  return new AuthkitError(
    'refresh_uncertain',
    `The provider was asked for new tokens of profile ${profile}, and no answer came that can be read.`,
    { cause },
  )
}

function lostAnswer({ renewingSince = 0 }: StoredLogin): string {
  return `On ${momentOf(renewingSince)} the provider was asked for new tokens, and its answer was lost. The access token of before still works for a while; then it is tried once more, and you may have to sign in again.`
}

function notStored(profile: string, error: unknown): string {
  return `The provider gave new tokens for profile ${profile}, and they could not be stored. ${messageOf(error)} This access token works; after it, sign in again: authkit login --profile ${profile}.`
}

function loginAgain(profile: string): string {
  return `Run \`authkit login --profile ${profile}\`.`
}

function messageOf(error: unknown): string {
  return error instanceof AuthkitError ? error.message : 'Something unexpected went wrong.'
}

function momentOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
