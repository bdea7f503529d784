import { localIssuerOf } from './local-issuer.js'
import { LOCAL, sourcesOf } from './method.js'

/** Where RFC 9728 3 puts the document of a server that is a resource as a whole. */
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource'

/** What a server says of itself to applications that look for its authorization server (RFC 9728 2). */
export interface ProtectedResource {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
}

/**
 * The document of the server that a request reached, by the methods behind its `authenticate`.
 *
 * @returns Undefined where no issuer vouches for its users.
 */
export function protectedResource(authenticate: unknown, request: Request): ProtectedResource | undefined {
  const sources = sourcesOf(authenticate)
  const issuers = sources.flatMap((source) => source.authorizationServers)
  const named = issuers.map((issuer) => (issuer === LOCAL ? localIssuerOf(request)?.issuer : issuer))
  const servers = [...new Set(named.filter((issuer) => issuer !== undefined))]
  if (servers.length === 0) return undefined
  const scopes = [...new Set(sources.flatMap((source) => source.scopes))]
  return {
    resource: new URL(request.url).origin,
    authorization_servers: servers,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  }
}

/** Where that document stands on the server that a request reached. */
export function protectedResourceUrl(request: Request): string {
  return new URL(PROTECTED_RESOURCE_PATH, request.url).href
}
