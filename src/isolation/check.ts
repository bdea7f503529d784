import type { ActorName, Attacker } from './actor.js'
import type { Evidence } from './evidence.js'
import type { Belongings, Need } from './fixtures.js'
import type { Exchange, Probe } from './probe.js'
import type { OptIn, Stage } from './stage.js'
import type { On2xx, Verdict } from './verdict.js'

/** The worst first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export type Family =
  | 'boundary'
  | 'read'
  | 'write'
  | 'delete'
  | 'list'
  | 'owner'
  | 'collision'
  | 'xref'
  | 'identity'
  | 'stream'
  | 'store'
  | 'oracle'
  | 'http'
  | 'jwt'
  | 'concurrency'
  | 'credential'
  | 'integrity'
  | 'any'

/** The row of the matrix that a check belongs to. */
export const RESOURCES = ['server', 'threads', 'assistants', 'crons', 'store', 'credentials', 'routes'] as const
export type Resource = (typeof RESOURCES)[number]

/** The column of the matrix. */
export const OPERATIONS = ['access', 'read', 'write', 'delete', 'list', 'stream', 'refs', 'takeover'] as const
export type Operation = (typeof OPERATIONS)[number]

/** What a request is made from. The same function makes the attack and both controls; only the scene differs. */
export interface Scene {
  /** Objects of the one who is attacked. In the controls, the sender's own. */
  readonly target: Belongings
  readonly sender: ActorName
  /** Objects of the sender, for attacks that go through an object of his own. */
  readonly own: Belongings
  /** A random word of the sender's. Where it turns up later, he has written. */
  readonly marker: string
  /** The tag of everything that this run makes: `metadata.authkit_isolation`. */
  readonly runId: string
  /** The graph that runs may name. */
  readonly agent: string
  /** How the server calls the attacked user, and under which metadata key it keeps that. */
  readonly identity: { readonly target: string; readonly own: string; readonly ownerKey: string }
  /** An id that nobody has yet, the same for the same name; the ledger knows it. `assistant...` is one of an assistant. */
  fresh(name: string): string
  /** A text that only the target may see, planted with this. For what the victim does meanwhile. */
  secret(slot: string): string
  /** A random UUID that never becomes an object. */
  absent(): string
  /** A place in the store under these labels that nobody has yet; the ledger knows it. */
  place(namespace: readonly string[]): { readonly namespace: readonly string[]; readonly key: string }
  /** An input, or a state, that carries a text. */
  message(text: string): unknown
  /** What a run needs so that nothing is executed; empty where the user wants graphs to run. */
  readonly halt: Readonly<Record<string, unknown>>
  /** The address of the server, without a slash at its end. */
  readonly origin: string
  /** Names of the tokens that were forged in this way, for `{forged:name}`. */
  forged(way: string): readonly string[]
}

/** What a check may look at after the attack. */
export interface Inspection {
  readonly scene: Scene
  readonly stage: Stage
  readonly exchanges: readonly Exchange[]
  /** Everything of others that this exchange shows, as evidence. */
  seen(exchange: Exchange): Evidence[]
  /** Evidence in words. */
  stated(exchange: Exchange, slot: string, excerpt: string, severity?: Severity): Evidence
  /** The attacker sends another request. */
  attack(probe: Probe): Promise<Exchange>
  /** Alice sends one. */
  alice(probe: Probe): Promise<Exchange>
  /** Anybody sends one. */
  as(actor: ActorName, probe: Probe): Promise<Exchange>
  /** Takes a token that the server has issued just now; the templates then know it as `{forged:name}`. */
  adopt(name: string, token: string): void
}

/**
 * What Alice's control must show before anything counts: her data in each answer (`data`) or in one of them (`shown`), a
 * 2xx, or a change that the after-check sees on her own copy. `events` asks that one of her streams brings something, and
 * where another brought nothing, nobody else's empty stream says anything. A function looks at the answers itself.
 */
export type Proof = 'data' | 'shown' | 'success' | 'effect' | 'events' | ((exchanges: readonly Exchange[]) => boolean)

/** What people read of a check: in lists, in reports, on its page. */
export interface CheckInfo {
  /** Same as the file name. */
  readonly id: string
  readonly family: Family
  readonly resource: Resource
  readonly operation: Operation
  /** What holds when all is well. `{who}` is the attacker. */
  readonly title: string
  /** What happened when it does not. */
  readonly failure: string
  /** What an attacker gains, in one or two sentences: for whoever has to decide how urgent it is. */
  readonly impact?: string
  /** The worst it can prove; evidence may say that it proves less. */
  readonly severity: Severity
  /** OWASP API Top 10 2023, OWASP WSTG and CWE (a bare number). */
  readonly refs: readonly string[]
  /** The event that a server asks for this, `authenticate`, or nothing when no handler is asked. */
  readonly event: string | null
  readonly fix: string
  /** Who attacks; Bob when nothing is said. */
  readonly actors?: readonly Attacker[]
  /** It runs only where the user asks for it. */
  readonly optIn?: OptIn
}

/**
 * One experiment. Data, and the requests; the verdict follows from the model unless the check has more to look at.
 * A check is one file in the folder of its family; `npm run generate` lists it.
 */
export interface Check extends CheckInfo {
  /** What Alice must own. `identity` asks that the users' names on the server are known. */
  readonly needs?: readonly (Need | 'identity')[]
  /** What the attacker must own besides. */
  readonly own?: readonly Need[]
  /** What is planted besides where the server offers it; look with `target.has()`. */
  readonly wants?: readonly Need[]
  /** It may change what it attacks, so it gets copies of its own, and the after-check. */
  readonly mutates?: boolean
  /** `false` where changes are another check's subject. */
  readonly afterCheck?: boolean
  /** `alone`: with nothing else on its way, when all others are done. `last`: after these, to look at what is left. */
  readonly when?: 'alone' | 'last'
  /** It waits for something (a quiet stream, a cache), so it starts first. */
  readonly waits?: boolean
  /** Why this server, or these credentials, can't have it; `undefined` where they can. The answer is the reason to skip. */
  absent?(stage: Stage): string | undefined | Promise<string | undefined>
  readonly on2xx: On2xx
  /** Statuses that are an honest answer to this attack, though they are none to others. */
  readonly accepts?: readonly number[]
  /** What to do about a 5xx, where its cause is known. */
  readonly onCrash?: string
  /** What the control must show; `effect` for what mutates and `data` for the rest when nothing is said. */
  readonly proof?: Proof
  /** What the victim does first. */
  prepare?(scene: Scene): readonly Probe[]
  /** What the attacker does first. Nothing is judged by how it is answered. */
  first?(scene: Scene): readonly Probe[]
  requests(scene: Scene): readonly Probe[]
  /**
   * The same thing without the trick. An attacker who gets through here needs none: that is another check's finding,
   * and this one is skipped.
   */
  straight?(scene: Scene): readonly Probe[]
  /** All requests at once, not one after the other: streams that are open and silent would add up. */
  readonly together?: boolean
  /** What the victim does while they are on their way, which then is all at once. */
  meanwhile?(scene: Scene): readonly Probe[]
  /** Another control than the identical request, where an honest server may refuse that to everybody. */
  control?(scene: Scene): readonly Probe[]
  /** A last look after the attack: evidence of a leak, or a verdict of its own. */
  inspect?(inspection: Inspection): Promise<readonly Evidence[] | Verdict>
}
