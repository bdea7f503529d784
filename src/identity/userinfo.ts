import { github } from '../providers/github.js'
import { PROVIDERS } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'
import { type AskProvider, createAskingMethod, looksLike } from './asking-method.js'
import { askEndpoint, askGithub, askPreset } from './issuer/userinfo-source.js'
import type { AuthMethod } from './method.js'
import { notSetUp } from './not-set-up.js'
import { createOptionCheck } from './option-check.js'
import { enforceScopes } from './token/rules.js'
import { USER_OPTIONS, type UserFields, type UserOptions, type UserWith } from './token/user.js'

interface SharedOptions<F extends UserFields> extends UserOptions<F> {
  /** The scopes that every token has to have, where the provider says which it has. */
  readonly requiredScopes?: readonly string[] | undefined
  /** What tokens of the provider look like; others are not its own. */
  readonly tokens?: RegExp | undefined
  /** How long an answer is remembered, in seconds: so long a token works on that was taken back. 60, where absent. */
  readonly cacheSeconds?: number | undefined
}

/** Users of GitHub, by tokens that your own OAuth app or GitHub App got for them. */
export interface GithubOptions<F extends UserFields = UserFields> extends SharedOptions<F> {
  readonly provider: 'github'
  /** Of your OAuth app or GitHub App. */
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  /** `https://<host>/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl?: string | undefined
}

/** Users of any other provider that tells who a token is for. */
export interface EndpointOptions<F extends UserFields = UserFields> extends SharedOptions<F> {
  /** One of those that authkit knows, with its own rule for who somebody is. */
  readonly provider?: 'gitlab' | 'bitbucket' | 'google' | 'feishu' | 'lark' | 'notion' | 'slack' | undefined
  /** What is asked, with the token of the request, where it is none of those. */
  readonly endpoint?: string | undefined
  /**
   * Says that tokens of other applications may open this service too. A userinfo endpoint tells who a token is for, not to
   * whom it was given: whoever runs any application of the provider has tokens of its users.
   */
  readonly dangerouslyAcceptAnyClient?: true
}

export type UserinfoOptions<F extends UserFields = UserFields> = GithubOptions<F> | EndpointOptions<F>

type NoFields = Record<never, never>

const check = createOptionCheck('userinfo()')

const SHARED = [...USER_OPTIONS, 'provider', 'requiredScopes', 'tokens', 'cacheSeconds']
const AN_HOUR = 3600
const GITHUB_API = 'https://api.github.com'
/** Tokens that an OAuth app (`gho_`, and 40 digits of old) or a GitHub App (`ghu_`) gets for its users. */
const GITHUB_TOKENS = /^(?:gh[ou]_[\w.-]+|[0-9a-f]{40})$/

/**
 * Lets in the users of a provider that has neither JWTs nor introspection: asks it who each token is for, and remembers the
 * answer for a short time under the digest of the token.
 *
 * An opaque token says nothing about the application that it was given to. For GitHub only tokens of your own application
 * count: anybody can register one, and whoever uses it hands its operator a token that `GET /user` takes as well.
 *
 * Inside `authkit dev` this name stands for {@link devUserinfo}.
 *
 * @throws TypeError where an option can't be, the application or the endpoint is not named, or tokens of any application
 *   would do and `dangerouslyAcceptAnyClient` does not say so.
 * @example
 * userinfo({
 *   provider: 'github',
 *   clientId: process.env['GITHUB_CLIENT_ID'],
 *   clientSecret: process.env['GITHUB_CLIENT_SECRET'],
 * })
 */
export function userinfo<F extends UserFields = NoFields>(options: UserinfoOptions<F>): AuthMethod<UserWith<F>> {
  const source = sourceIn(options)
  if (!source) {
    throw check.wrong(
      options.provider === 'github'
        ? 'name clientId and clientSecret of your OAuth app or GitHub App. Where auth.ts takes them from environment ' +
            'variables such as GITHUB_CLIENT_ID, set those.'
        : "name the endpoint, or provider: 'github'.",
    )
  }
  return createUserinfo(options, source)
}

/**
 * The variant that `authkit dev` puts in the place of {@link userinfo}: while its application is not named, it takes no
 * token, and says so.
 *
 * @throws TypeError as {@link userinfo}, where only a part is named.
 */
export function devUserinfo<F extends UserFields = NoFields>(options: UserinfoOptions<F>): AuthMethod<UserWith<F>> {
  const source = sourceIn(options)
  if (source) return createUserinfo(options, source)
  const variables = options.provider === 'github' ? ', such as GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET' : ''
  return notSetUp('userinfo() names no application yet', `Set the variables that auth.ts reads for it${variables}.`)
}

interface Source {
  readonly name: string
  /** Whose rule for email addresses counts. */
  readonly provider: Provider | undefined
  readonly tokens: RegExp | undefined
  readonly ask: AskProvider
}

/** Undefined where nothing is named. */
function sourceIn(options: UserinfoOptions<UserFields>): Source | undefined {
  if (options.provider === 'github') return githubIn(options)
  check.known(options, [...SHARED, 'endpoint', 'dangerouslyAcceptAnyClient'])
  const { provider: name, endpoint, dangerouslyAcceptAnyClient, tokens } = options
  if (!name && !endpoint) return undefined
  if (name && endpoint) throw check.wrong('name a provider or an endpoint, not both.')
  const provider = name && PROVIDERS.find((one) => one.name === name && one.accessTokens === 'opaque')
  if (name && !provider) throw check.wrong(`${name} is no provider whose tokens have to be asked about.`)
  if (dangerouslyAcceptAnyClient !== true) {
    throw check.wrong(
      'a userinfo endpoint takes the tokens of every application. Prefer oidc() or introspection(); where the provider has ' +
        'neither, say dangerouslyAcceptAnyClient: true.',
    )
  }
  if (provider) return { name: provider.issuer ?? provider.name, provider, tokens, ask: askPreset(provider) }
  const url = check.secure('endpoint', endpoint ?? '')
  return { name: url, provider: undefined, tokens, ask: askEndpoint(url) }
}

function githubIn(options: GithubOptions<UserFields>): Source | undefined {
  check.known(options, [...SHARED, 'clientId', 'clientSecret', 'apiUrl'])
  const { clientId, clientSecret, apiUrl = GITHUB_API, tokens = GITHUB_TOKENS, requireVerifiedEmail = false } = options
  if (!clientId && !clientSecret) return undefined
  if (!clientId || !clientSecret) throw check.wrong('name both clientId and clientSecret.')
  const app = { apiUrl: check.secure('apiUrl', apiUrl).replace(/\/$/, ''), clientId, clientSecret }
  return { name: apiUrl, provider: github, tokens, ask: askGithub({ ...app, withEmail: requireVerifiedEmail }) }
}

function createUserinfo<F extends UserFields>(options: UserinfoOptions<F>, source: Source): AuthMethod<UserWith<F>> {
  const { name, provider, tokens, ask } = source
  const { requiredScopes = [], cacheSeconds = 60 } = options
  const scopes = requiredScopes.length === 0 ? [] : check.tokens('requiredScopes', requiredScopes)
  return createAskingMethod({
    name,
    authorizationServers: [],
    scopes,
    resourceMetadata: () => undefined,
    mayBeOwn: (token) => looksLike(tokens, token),
    ask,
    cacheMs: check.seconds('cacheSeconds', cacheSeconds, AN_HOUR) * 1000,
    enforce(claims, refuse) {
      const { exp } = claims
      if (typeof exp === 'number' && exp <= Date.now() / 1000)
        throw refuse('token_expired', { problem: `exp is ${exp}` })
      enforceScopes(claims, scopes, refuse)
    },
    provider,
    options,
  })
}
