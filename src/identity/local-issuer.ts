/** The OpenID provider that `authkit dev` serves beside the API, as auth.ts needs to know it. */
export interface LocalIssuer {
  /** As its tokens and its discovery document spell it: `http://127.0.0.1:2024/_authkit/oidc`. */
  readonly issuer: string
  /** The `aud` of the access tokens for this server: `http://127.0.0.1:2024`. */
  readonly audience: string
  /**
   * Whether an access token that it issued was taken back before its time, by its `jti`: whoever signs out is refused at
   * once. Other providers don't tell, so their tokens last until they expire.
   */
  readonly isRevoked?: (tokenId: string) => Promise<boolean>
}

/** On the request itself and under a name that both know: the bundle of auth.ts has a copy of this module of its own. */
const LOCAL_ISSUER = Symbol.for('authkit.localIssuer')

/**
 * Tells `authenticate` of auth.ts which local issuer there is.
 *
 * @returns The same request. A clone of it does not carry the issuer.
 */
export function withLocalIssuer(request: Request, issuer: LocalIssuer): Request {
  return Object.defineProperty(request, LOCAL_ISSUER, { value: issuer, configurable: true })
}

/** The local issuer of the server that got the request. Undefined outside `authkit dev`, and where it has none. */
export function localIssuerOf(request: Request): LocalIssuer | undefined {
  return (request as { [LOCAL_ISSUER]?: LocalIssuer })[LOCAL_ISSUER]
}
