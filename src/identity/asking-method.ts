import type { Provider } from '../providers/provider.js'
import { ProviderProblem } from './issuer/fetch-json.js'
import { createBreaker } from './issuer/gate.js'
import { providerError } from './issuer/provider-error.js'
import { type AuthMethod, createBearerMethod, type Refuse } from './method.js'
import type { Claims } from './token/claims.js'
import { createTokenCache } from './token/token-cache.js'
import { type UserFields, type UserOptions, type UserWith, userFromClaims } from './token/user.js'

/** How long it is remembered that a token is not good, in milliseconds. */
const REFUSED_MS = 10_000

/**
 * What a provider says about a token; undefined where it is not good, or was given to somebody else.
 *
 * @throws ProviderProblem where it can't be asked.
 */
export type AskProvider = (token: string) => Promise<Claims | undefined>

export interface AskingSpec<F extends UserFields> {
  /** The issuer, or what stands in its place. */
  readonly name: string
  readonly authorizationServers: readonly string[]
  readonly scopes: readonly string[]
  readonly resourceMetadata: (request: Request) => string | undefined
  /** Whether a token may be one of this provider's. Others are never shown to it. */
  readonly mayBeOwn: (token: string) => boolean
  readonly ask: AskProvider
  readonly cacheMs: number
  /** Refuses what is good for the provider, and not for this service. */
  readonly enforce: (claims: Claims, refuse: Refuse) => void
  /** Whose rule for email addresses counts. */
  readonly provider: Provider | undefined
  readonly options: UserOptions<F>
}

/** A method that asks the provider about each token, and remembers for a short time what it said. */
export function createAskingMethod<F extends UserFields>(spec: AskingSpec<F>): AuthMethod<UserWith<F>> {
  const { name, authorizationServers, scopes, resourceMetadata, mayBeOwn, ask, cacheMs, enforce, provider, options } =
    spec
  const breaker = createBreaker()
  const cache = createTokenCache<Claims | undefined>()

  async function claimsOf(token: string, refuse: Refuse): Promise<Claims | undefined> {
    try {
      return await cache.get(token, async () => {
        const value = await breaker.run(() => ask(token))
        return { value, until: Date.now() + (value ? cacheMs : Math.min(cacheMs, REFUSED_MS)) }
      })
    } catch (error) {
      if (error instanceof ProviderProblem) throw providerError(error, breaker.closedForMs(), refuse)
      throw error
    }
  }

  return createBearerMethod<UserWith<F>>({
    issuers: [name],
    authorizationServers,
    bySub: options.identity === undefined || options.identity === 'sub',
    scopes,
    resourceMetadata,
    async userOf({ token, refuse }) {
      if (!mayBeOwn(token)) return undefined
      const claims = await claimsOf(token, refuse)
      if (!claims) throw refuse('token_invalid', { problem: `${name} does not accept it` })
      enforce(claims, refuse)
      return userFromClaims(claims, provider, options, refuse)
    },
    stranger: ({ refuse }) => refuse('token_invalid', { problem: `it does not look like a token of ${name}` }),
  })
}

/** Whether a token looks as the project says. */
export function looksLike(pattern: RegExp | undefined, token: string): boolean {
  // One that goes on from where it was last would find every other token only.
  return pattern === undefined || new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')).test(token)
}
