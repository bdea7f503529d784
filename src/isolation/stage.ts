import type { Owner } from './actor.js'
import type { Secrets } from './canary.js'
import type { Client } from './client.js'
import type { EvidenceMaker } from './evidence.js'
import type { Belongings } from './fixtures.js'
import type { Forgery } from './jwt/forgery.js'
import type { Ledger } from './ledger/ledger.js'
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
  /** Whether it has crons: `false` only where it says so. */
  readonly crons: boolean
  /** How far the clock of the server is ahead of ours. */
  readonly clockSkewMs: number
  /** Name and version of the server, as far as it says. */
  readonly server: string
}

/** What only happens when the user asks for it, by the name of its flag. */
export const OPT_INS = ['timing', 'agent-memory', 'destructive'] as const
export type OptIn = (typeof OPT_INS)[number]

/** Genuine tokens with which something is wrong by now, or may go wrong. */
export type GivenToken = 'deleted-user' | 'session' | 'revocable'

/** What the user asked for. */
export interface Settings {
  readonly optIns: ReadonlySet<OptIn>
  /** Graphs run, instead of stopping before their first node. */
  readonly runGraphs: boolean
  /** The input of runs and the values of states, as JSON with `<canary>` where the marker goes. */
  readonly input: string
  /** Where, besides its own bounds, a run may take longer: in milliseconds. */
  readonly runTimeoutMs: number
  /** Where a POST ends a session; undefined where the session is deleted by its id. */
  readonly signOutPath: string | undefined
  /** Revokes the token that was given for it, in a shell. */
  readonly revokeCommand: string | undefined
  /** So long a revoked credential may still be accepted. */
  readonly revocationWindowMs: number
}

export const DEFAULT_SETTINGS: Settings = {
  optIns: new Set(),
  runGraphs: false,
  input: '{"messages":[{"role":"user","content":"<canary>"}]}',
  runTimeoutMs: 30_000,
  signOutPath: undefined,
  revokeCommand: undefined,
  revocationWindowMs: 5000,
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
  /** The server. */
  readonly target: URL
  /** Which header carries the credential, and the word in front of the token. */
  readonly credential: { readonly header: string; readonly scheme: string }
  /** What was forged out of the users' JWTs; undefined where their tokens are none. */
  readonly jwt?: Forgery | undefined
  /** Takes a token that the server issued during the run. */
  adopt(name: string, token: string): void
  /** Tokens that the user gave besides those of the actors, by the name that templates use: `{forged:deleted-user}`. */
  readonly given: ReadonlySet<GivenToken>
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
