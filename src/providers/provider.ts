/**
 * What is known about one identity provider: data, and small functions only where it leaves the standard. Login, the
 * checks of auth.ts, `authkit doctor` and docs/providers.md read it from here.
 */
export interface Provider {
  /** As it is written on the command line: `keycloak`. */
  readonly name: string
  /** As it is written for people: `Keycloak`. */
  readonly title: string
  /** When these facts were last held against the vendor's documents: `2026-11`. */
  readonly checked: string
  /** The vendor's page about registering an application. */
  readonly docs: string
  /** The issuer, where there is one for everybody. */
  readonly issuer?: string
  /** What an issuer looks like, where every customer has one: `https://keycloak.example.com/realms/demo`. */
  readonly issuerExample?: string
  /** Whether an issuer is one of this provider's, where its address tells. */
  readonly hasIssuer?: (issuer: URL) => boolean
  /** Whether sign-in is OpenID Connect: discovery, ID tokens, `openid` scope. Plain OAuth otherwise. */
  readonly oidc: boolean
  /** Where there is no discovery document. */
  readonly endpoints?: Endpoints
  /** Whether the authorization endpoint takes a S256 challenge. It is sent to whoever merely ignores it. */
  readonly pkce: boolean
  /** How an application with a secret shows it at the token endpoint. */
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post'
  /** Whether an application without a secret can sign in: `false` where even a native one is given one. */
  readonly publicClients: boolean
  readonly scopes: {
    readonly separator: ' ' | ','
    /** What sign-in asks for unless told otherwise. */
    readonly login: readonly string[]
    /** What has to be asked for to get a refresh token; nothing where one always comes, or never does. */
    readonly offline?: string
  }
  /** What else goes with every authorization request: `{ prompt: 'consent' }`. */
  readonly authorizationParams?: Readonly<Record<string, string>>
  /** What a callback on this machine may be. */
  readonly loopback: {
    /** `any-port` follows RFC 8252 7.3; `fixed-ports` compares exactly; `none` wants https, so there is only the device flow or a token. */
    readonly rule: 'any-port' | 'fixed-ports' | 'none'
    readonly host: '127.0.0.1' | 'localhost'
  }
  readonly refresh: {
    /** Whether the refresh token changes with each use, so that the old one must not be used again. */
    readonly rotates: boolean
  }
  /**
   * Makes a standard token answer (RFC 6749 5.1, 5.2) of what the provider sends, where that differs. It gets the decoded
   * body, JSON or form, and the HTTP status; it returns the body and the status to go on with.
   */
  readonly tokenAnswer?: (body: Readonly<Record<string, unknown>>, status: number) => TokenAnswer
  /** Who it is, from the ID token's claims or the answer of the userinfo endpoint. */
  readonly person: (claims: Readonly<Record<string, unknown>>) => Person
  /** Error codes of the provider, as they appear in `error`, `code` or the description, and what to do about them. */
  readonly errors?: Readonly<Record<string, ProviderProblem>>
  /** What goes wrong there: a line each, for docs and `authkit doctor`. */
  readonly pitfalls: readonly string[]
}

export interface Endpoints {
  readonly authorization: string
  readonly token: string
  readonly userinfo?: string
  readonly revocation?: string
  readonly device?: string
}

export interface TokenAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A user of a provider. */
export interface Person {
  /** What stays the same for ever, whatever the user renames: `sub`, or the provider's numeric id as a string. */
  readonly subject: string
  readonly name?: string
  /** As the provider says it; nobody may be let in for it unless `emailVerified`. */
  readonly email?: string
  /** Whether this provider has made sure of it itself, by its own rule. */
  readonly emailVerified: boolean
}

export interface ProviderProblem {
  readonly message: string
  readonly hint: string
}
