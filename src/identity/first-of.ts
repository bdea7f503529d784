import { AuthError } from './auth-error.js'
import { credentialOf } from './bearer.js'
import { type AuthMethod, createMethod, LOCAL, sourcesOf, type UserSource } from './method.js'
import { placeholderTokensOf, withPublicTokens } from './placeholder-tokens.js'

/** One of ours, or any function: it returns a user, or nothing where the request holds no credential of its kind. */
type Method = ((request: Request) => unknown) & { claim?: (request: Request) => Promise<unknown> }

type UserOf<M> = M extends { claim(request: Request): Promise<infer U> }
  ? Exclude<U, undefined>
  : M extends (request: Request) => infer R
    ? Exclude<Awaited<R>, undefined>
    : never

/**
 * Takes the user of the first method whose kind of credential the request holds. A credential that is of a method's kind and
 * bad ends the search: it is never tried on the next one.
 *
 * A function of your own can stand among them. It returns a user, or undefined for "not my kind of credential"; what it
 * throws refuses the request.
 *
 * @throws TypeError where there is no method, or two issuers would share identities: `sub` is unique within one issuer only.
 * @example
 * export const auth = new Auth().authenticate(
 *   firstOf(
 *     placeholderTokens({ 'user1-token': 'user1' }),
 *     oidc({ issuer: 'https://login.example.com', audience: 'https://agent.example.com' }),
 *   ),
 * )
 */
export function firstOf<const M extends readonly [Method, ...Method[]]>(...methods: M): AuthMethod<UserOf<M[number]>> {
  if (methods.length === 0) throw new TypeError('firstOf() needs at least one method of authentication.')
  if (methods.some((method) => typeof method !== 'function')) {
    throw new TypeError('firstOf() takes functions: oidc(...), placeholderTokens(...), or one of your own.')
  }
  const sources = methods.flatMap(sourcesOf)
  refuseSharedIdentities(sources)

  async function claim(request: Request): Promise<UserOf<M[number]> | undefined> {
    for (const method of methods) {
      const user = await (method.claim ? method.claim(request) : method(request))
      if (user !== undefined) return user as UserOf<M[number]>
    }
    return undefined
  }

  return withPublicTokens(
    createMethod({ claim, refusal: (request) => refusalOf(request, sources), sources }),
    methods.flatMap((method) => placeholderTokensOf(method) ?? []),
  )
}

function refuseSharedIdentities(sources: readonly UserSource[]): void {
  const issuers = new Set(sources.filter(({ bySub }) => bySub).flatMap((source) => source.issuers))
  if (issuers.size < 2) return
  const names = [...issuers].map((issuer) => (issuer === LOCAL ? 'the local issuer' : issuer))
  throw new TypeError(
    `firstOf() got ${names.join(' and ')}, and each may give the same \`sub\` to another person, who would then be the ` +
      "same user. Say what tells them apart for all but one of them: identity: ({ sub }) => 'partner:' + sub",
  )
}

/** What to say where no method knows the credential. */
function refusalOf(request: Request, sources: readonly UserSource[]): AuthError {
  const resourceMetadata = sources.map((source) => source.resourceMetadata(request)).find((url) => url !== undefined)
  const credential = credentialOf(request)
  if (credential.kind === 'none') return new AuthError('no_credentials', { resourceMetadata })
  if (credential.kind === 'malformed') {
    return new AuthError('token_malformed', { problem: credential.problem, resourceMetadata })
  }
  const refusals = sources.map((source) => source.refusal(request))
  // Placeholder tokens stand first by custom: what the last one says is about the tokens that matter.
  const { code = 'token_invalid', hint } = refusals.at(-1) ?? {}
  const problem = refusals.map((refusal) => refusal.problem ?? refusal.message).join('; ')
  return new AuthError(code, { problem: problem || undefined, hint, resourceMetadata })
}
