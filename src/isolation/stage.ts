import type { Owner } from './actor.js'
import type { Secrets } from './canary.js'
import type { Client } from './client.js'
import type { EvidenceMaker } from './evidence.js'
import type { Belongings } from './fixtures.js'
import type { Ledger } from './ledger.js'
import type { Snapshot } from './snapshot.js'

/** What preflight learnt about the server and the two users. */
export interface Learnt {
  /** The graph that runs name. */
  readonly agent: string
  /** Who Alice and Bob are to the server, where it shows that. */
  readonly identities: Partial<Record<Owner, string>>
  /** The metadata key that the server stamps with the identity; `owner` where it shows none. */
  readonly ownerKey: string
  /** How an unknown route answers Alice, ids removed. */
  readonly unknownRoute: { readonly status: number; readonly body: string }
  /** Name and version of the server, as far as it says. */
  readonly server: string
}

/** An object of Alice's as the last look found it. */
export interface Victim {
  readonly check: string
  readonly target: Belongings
  readonly snapshot: Snapshot
}

/** Everything a check runs on. One stage is one run. */
export interface Stage {
  readonly runId: string
  readonly client: Client
  readonly secrets: Secrets
  readonly ledger: Ledger
  readonly evidence: EvidenceMaker
  readonly learnt: Learnt
  /** What the attacks left behind, for the last look. */
  readonly victims: Victim[]
  /** Checks that leaked so far; their consequences are not reported twice. */
  readonly leaked: Set<string>
}
