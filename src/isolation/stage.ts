import type { Owner } from './actor.js'
import type { Secrets } from './canary.js'
import type { Client } from './client.js'
import type { EvidenceMaker } from './evidence.js'
import type { Belongings } from './fixtures.js'
import type { Ledger } from './ledger.js'
import type { Snapshot } from './snapshot.js'

/** A thread that one user made first of all, and must be able to read as long as his token is good. */
export interface Proof {
  readonly id: string
  readonly secret: string
}

/** What preflight learnt about the server and the two users. */
export interface Learnt {
  /** The graph that runs name. */
  readonly agent: string
  /** Who Alice and Bob are to the server, where it shows that. */
  readonly identities: Partial<Record<Owner, string>>
  /** The metadata key that the server stamps with the identity; `owner` where it shows none. */
  readonly ownerKey: string
  readonly proofs: Readonly<Partial<Record<Owner, Proof>>>
  /** How an unknown route answers Alice, ids removed. */
  readonly unknownRoute: { readonly status: number; readonly body: string }
  /** Name and version of the server, as far as it says. */
  readonly server: string
}

/** What only happens when the user asks for it, by the name of its flag. */
export type OptIn = 'timing' | 'agent-memory' | 'destructive'

/** What the user asked for. */
export interface Settings {
  readonly optIns: ReadonlySet<OptIn>
  /** Graphs run, instead of stopping before their first node. */
  readonly runGraphs: boolean
  /** The input of runs and the values of states, as JSON with `<canary>` where the marker goes. */
  readonly input: string
  /** Where, besides its own bounds, a run may take longer: in milliseconds. */
  readonly runTimeoutMs: number
}

export const DEFAULT_SETTINGS: Settings = {
  optIns: new Set(),
  runGraphs: false,
  input: '{"messages":[{"role":"user","content":"<canary>"}]}',
  runTimeoutMs: 30_000,
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
  readonly settings: Settings
  /** Who has a token. */
  readonly owners: readonly Owner[]
  /** What the attacks left behind, for the last look. */
  readonly victims: Victim[]
  /** Checks that leaked so far; their consequences are not reported twice. */
  readonly leaked: Set<string>
}
