/** Where the developers of a project sign in: `authkit.login` of langgraph.json. */
export interface LoginConfig {
  readonly provider?: string
  readonly issuer?: string
  readonly clientId?: string
  readonly scopes?: readonly string[]
  readonly audience?: string
}

/** `authkit.login` as it is written. */
export interface RawLogin {
  readonly provider?: string | null
  readonly issuer?: string | null
  readonly client_id?: string | null
  /** Between spaces, or as an array. */
  readonly scope?: string | readonly string[] | null
  readonly audience?: string | null
}

export function loginOf({ provider, issuer, client_id, scope, audience }: RawLogin): LoginConfig {
  return {
    ...(provider ? { provider } : {}),
    ...(issuer ? { issuer } : {}),
    ...(client_id ? { clientId: client_id } : {}),
    ...(scope ? { scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope } : {}),
    ...(audience ? { audience } : {}),
  }
}
