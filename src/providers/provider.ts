import type { ErrorCode } from '../errors/codes.js'

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
  /** What an issuer looks like, where customers have their own: `https://keycloak.example.com/realms/demo`. */
  readonly issuerExample?: string
  /** Whether an issuer is one of this provider's, where its address tells. */
  readonly hasIssuer?: (issuer: URL) => boolean
  /** Whether sign-in is OpenID Connect: discovery, ID tokens, `openid` scope. Plain OAuth otherwise. */
  readonly oidc: boolean
  /** Where there is no discovery document. */
  readonly endpoints?: Endpoints
  /** What it calls itself in the `iss` of a callback (RFC 9207), where there is no discovery document that says so. */
  readonly callbackIssuer?: string
  /** What every request to its API carries besides: `{ 'notion-version': '2022-06-28' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether a S256 challenge is sent: to whoever takes one, or merely ignores it. */
  readonly pkce: boolean
  /** How an application with a secret shows it at the token endpoint. */
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post'
  /**
   * Where an application without a secret can sign in: `device-flow` by device code only, `none` where even a native
   * application is given a secret.
   */
  readonly publicClients: 'any-flow' | 'device-flow' | 'none'
  /** The application that is registered from the start, so that none has to be. */
  readonly clientId?: string
  readonly scopes: {
    readonly separator: ' ' | ','
    /** What sign-in asks for unless told otherwise. */
    readonly login: readonly string[]
    /** What has to be asked for to get a refresh token; nothing where one always comes, or never does. */
    readonly offline?: string
    /** Scopes of OpenID Connect that it answers with an error. */
    readonly refused?: readonly string[]
  }
  /** What else goes with every authorization request: `{ prompt: 'consent' }`. */
  readonly authorizationParams?: Readonly<Record<string, string>>
  /**
   * The `prompt` that makes it ask who signs in, although the browser is signed in already. `login` at an OpenID provider
   * and nothing elsewhere, where absent.
   */
  readonly accountPrompt?: 'login' | 'select_account'
  /** The parameter that names the service which the access token is for. Undefined where that is set at the provider. */
  readonly audienceParam?: 'audience' | 'resource'
  /** Whether a service can verify an access token by itself, or has to ask the provider about it. */
  readonly accessTokens: 'jwt' | 'opaque'
  readonly loopback: Loopback
  readonly refresh: {
    /** Whether the refresh token changes with each use, so that the old one must not be used again. */
    readonly rotates: boolean
    /** Whether taking it back ends its access tokens too, at every service that they are for. */
    readonly endsAccess?: boolean
  }
  /**
   * Makes a standard token answer (RFC 6749 5.1, 5.2) of what the provider sends, where that differs. It gets the decoded
   * body, JSON or form, and the HTTP status; it returns the body and the status to go on with.
   */
  readonly tokenAnswer?: (body: Json, status: number) => TokenAnswer
  /**
   * Who it is, from the ID token's claims or the answer of the userinfo endpoint, to which the answer of
   * `endpoints.emails` is added as `emails`. Undefined where that names nobody, such as an error answered with 200.
   */
  readonly person: (claims: Json) => Person | undefined
  /** How a token is taken back, where that is not RFC 7009. */
  readonly revocation?: (granted: Granted) => RevocationRequest | undefined
  /** Error codes of the provider, as they appear in `error`, `code` or the description, and what to do about them. */
  readonly errors?: Readonly<Record<string, ProviderProblem>>
  /** What goes wrong there: a line each, for docs and `authkit doctor`. */
  readonly pitfalls: readonly string[]
}

/** A JSON object, or a decoded form. */
export type Json = Readonly<Record<string, unknown>>

export interface Endpoints {
  readonly authorization: string
  readonly token: string
  readonly userinfo: string
  /** Where the user's addresses are listed, each with whether it is verified. */
  readonly emails?: string
  /** RFC 7009. */
  readonly revocation?: string
  /** RFC 8628. */
  readonly device?: string
}

/**
 * What a callback on this machine may be. `any-port` follows RFC 8252 7.3; `fixed-ports` compares exactly, so each of the
 * ports has to be registered; `none` wants https, so there is only the device flow or a token.
 */
export type Loopback =
  | { readonly rule: 'any-port'; readonly host: LoopbackHost }
  | { readonly rule: 'fixed-ports'; readonly host: LoopbackHost; readonly ports: readonly number[] }
  | { readonly rule: 'none' }

export type LoopbackHost = '127.0.0.1' | 'localhost'

export interface TokenAnswer {
  readonly status: number
  readonly body: Json
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

/** What a sign-in left that can be taken back. */
export interface Granted {
  readonly issuer?: string
  readonly clientId: string
  readonly clientSecret?: string
  readonly accessToken: string
  readonly refreshToken?: string
}

export interface RevocationRequest {
  readonly method: 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ProviderProblem {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}
