import type { Seal } from '../seal/seal.js'
import type { LocalUser } from './users.js'

/** What the local issuer is made of. */
export interface IssuerOptions {
  /** The origin of the server that it is part of, which is also what its access tokens are for: `http://127.0.0.1:2024`. */
  readonly origin: string
  /** A file, made for its owner alone where it is missing, or `:memory:`. */
  readonly database: string
  /** What may not lie in that file in the clear goes through it. */
  readonly seal: Seal
  /** Who can be chosen at this moment. */
  readonly users: () => readonly LocalUser[]
  /** The applications of the project at this moment, besides `authkit login`. */
  readonly clients: () => readonly LocalClient[]
  /** Told where something went wrong that no page can tell, and the issuer goes on. */
  readonly onProblem: (message: string, error?: unknown) => void
}

/** An application of the developer's: public, so without a secret, and with PKCE. */
export interface LocalClient {
  readonly id: string
  /** Compared exactly. */
  readonly redirectUris: readonly string[]
  /** The id, where absent. */
  readonly name?: string
}
