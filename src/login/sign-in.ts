import type { Configuration } from 'openid-client'
import type { Person, Provider } from '../providers/provider.js'
import type { TokenSet } from './login.js'

/** What is to be signed in to, for either flow. */
export interface SignInRequest {
  readonly provider: Provider
  readonly client: Configuration
  readonly scopes: readonly string[]
  /** The service that the access token shall be for. */
  readonly audience?: string | undefined
}

/** Who has signed in, and what they were given. */
export interface SignedIn {
  readonly person: Person
  readonly tokens: TokenSet
}
