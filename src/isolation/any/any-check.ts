import type { ActorName, Attacker } from '../actor.js'
import type { CheckInfo } from '../check.js'
import type { Client } from '../client.js'
import type { Evidence, EvidenceMaker } from '../evidence.js'
import type { Exchange, Probe } from '../probe.js'
import type { On2xx, Verdict } from '../verdict.js'
import type { Harvest } from './harvest.js'
import type { Input } from './input.js'
import type { WriteGuard } from './write-guard.js'

/** One request of an attack, and the request of Alice's that shows that it means something. */
export interface Attack {
  readonly probe: Probe
  /** Alice's; the same request when nothing is said. */
  readonly control?: Probe
}

/** What one check tries on one route. */
export interface Trial {
  /** The route, as the reports show it. */
  readonly subject: string
  /** Who attacks; everybody whom the check names when nothing is said. */
  readonly actors?: readonly Attacker[]
  /** Why it isn't tried. */
  readonly skip?: string
  readonly attacks?: readonly Attack[]
  /** What the attacker sees without attacking: no evidence. */
  readonly known?: string
  readonly on2xx?: On2xx
  /** Nobody has said that it exists: where Alice is refused as well, there is nothing to try. */
  readonly guessed?: boolean
  /** Bob's own request of this kind is known to work. */
  readonly bobs?: boolean
  readonly play?: (bench: Bench, actor: Attacker) => Promise<Played>
}

export interface Played {
  readonly verdict: Verdict
  readonly exchanges: readonly Exchange[]
  readonly alice: string
}

/** A check of the any-API mode. It looks at what was harvested and says what to try on which routes. */
export interface AnyCheck extends CheckInfo {
  readonly family: 'any'
  trials(bench: Bench): readonly Trial[]
}

/** Everything a trial runs on. */
export interface Bench {
  readonly input: Input
  readonly harvest: Harvest
  readonly client: Client
  readonly guard: WriteGuard
  readonly evidence: EvidenceMaker
  readonly allowWrites: boolean
  /** Alice's strings in an answer to somebody else, under the echo rule, without those in a text that is known already. */
  seen(exchange: Exchange, known?: string): Evidence[]
  stated(exchange: Exchange, slot: string, excerpt: string): Evidence
  send(actor: ActorName, probe: Probe): Promise<Exchange>
}

/** The routes that only some may use, by the words in their paths. */
const FUNCTION = /(^|[/._-])(admin|internal|manage|management|export|debug|metrics)([/._-]|$)/i

export function isFunction({ path }: Probe): boolean {
  return FUNCTION.test(path.split('?')[0] ?? '')
}

/** Requests by route, so that five orders are one result. */
export function byRoute<R extends { readonly route: string }>(
  requests: readonly R[],
): [route: string, requests: R[]][] {
  const groups = new Map<string, R[]>()
  for (const request of requests) groups.set(request.route, [...(groups.get(request.route) ?? []), request])
  return [...groups]
}
