/** Tokens as a provider gave them. */
export interface TokenSet {
  readonly accessToken: string
  /** Milliseconds since 1970; undefined where the provider does not say when it ends. */
  readonly expiresAt?: number
  /** When it was issued, in milliseconds since 1970: what part of its life is over decides when it is renewed. */
  readonly issuedAt: number
  readonly refreshToken?: string
  readonly refreshExpiresAt?: number
  readonly idToken?: string
  /** What was granted, which may be less than what was asked for. */
  readonly scopes: readonly string[]
}

/** What is secret of one sign-in: what the token store keeps. */
export interface Secrets {
  readonly tokens: TokenSet
  /** Of the registered application, where it has one; a refresh needs it. */
  readonly clientSecret?: string
}

/** Who is signed in where: what the list of profiles keeps. It holds no secret. */
export interface Profile {
  /** `default`, or what `--profile` said: letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /** The name of a preset: `keycloak`, `oidc` for any other OpenID provider, `local` for that of `authkit dev`. */
  readonly provider: string
  /** As the discovery document and the tokens spell it. Undefined where the provider has none (GitHub). */
  readonly issuer?: string
  readonly clientId: string
  /** What was asked for. */
  readonly scopes: readonly string[]
  /** The service that the access token is for. */
  readonly audience?: string
  readonly user: { readonly subject: string; readonly name?: string; readonly email?: string }
  /** Milliseconds since 1970. */
  readonly signedInAt: number
}

/** A sign-in, complete. */
export interface Login {
  readonly profile: Profile
  readonly secrets: Secrets
}

/**
 * Asks the provider for new tokens with the refresh token (RFC 6749 section 6). It asks once: with rotation, the second
 * use of a refresh token ends the session.
 *
 * @returns What the provider sent. What it left out, such as an unchanged refresh token, may be missing.
 * @throws AuthkitError `login_expired` where the provider refused the refresh token, `provider_unavailable` where it
 *   certainly did not use it (no connection, 429, 503), `refresh_uncertain` where it may have (no answer, or none that
 *   can be read), and others for a provider that is set up wrongly.
 */
export type RefreshTokens = (
  profile: Profile,
  secrets: Secrets,
  options: { readonly signal: AbortSignal },
) => Promise<TokenSet>

/**
 * Asks the provider to take back the tokens (RFC 7009), the refresh token first.
 *
 * @returns `unsupported` where the provider has no way to do so.
 * @throws AuthkitError where it could not be asked, or said no.
 */
export type RevokeTokens = (
  profile: Profile,
  secrets: Secrets,
  options: { readonly signal: AbortSignal },
) => Promise<Revocation>

/** `partly`: no new tokens can be had, but the access token at hand is good until it ends by itself. */
export type Revocation = 'revoked' | 'partly' | 'unsupported'
