import { type Attacker, WHO } from '../actor.js'
import type { Check, Inspection, Scene } from '../check.js'
import type { Client } from '../client.js'
import type { Evidence } from '../evidence.js'
import { type Belongings, settled } from '../fixtures.js'
import { type Exchange, isEmptyAnswer, routeOf, succeeded } from '../probe.js'
import { compareSnapshots, type Difference, type Snapshot, takeSnapshot } from '../snapshot.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'
import type { Part } from './cast.js'
import { perform, prepare, promised, seenIn, settles } from './perform.js'
import { sceneFor } from './scene.js'

export interface Played extends Part {
  readonly exchanges: readonly Exchange[]
  /** What was sent after the look, by the check itself, which judges it as well. */
  readonly later: readonly Exchange[]
  readonly evidence: readonly Evidence[]
  /** A verdict that the check reached by itself, or a set-up that failed. */
  readonly instead: Verdict | undefined
  readonly unread: readonly string[]
}

export async function attack(check: Check, stage: Stage, part: Part, twin: Belongings): Promise<Played> {
  const { client, evidence } = stage
  const { actor, target, own } = part
  const scene = sceneFor(check, stage, actor, target, own)
  const prepared = await prepare(check.prepare, stage, scene)
  const instead = prepared ?? (await openRoad(check, stage, actor, scene))
  if (instead) return { ...part, exchanges: [], later: [], evidence: [], instead, unread: [] }

  for (const probe of check.first?.(scene) ?? []) await client.send(actor, probe)
  const looks = check.mutates === true && check.afterCheck !== false
  const before: Snapshot = looks ? await takeSnapshot(client, target) : []
  const { exchanges, held } = await perform(check, stage, scene, actor, check.requests(scene), check.id)
  if (held) return { ...part, exchanges, later: [], evidence: [], instead: held, unread: [] }

  const found: Evidence[] = []
  let unread: readonly string[] = []
  if (looks) {
    const moved = exchanges.some((exchange) => succeeded(exchange) && exchange.probe.path.includes('/runs'))
    if (moved && settles(check, target)) await settled(stage, target.owner, target.thread.id)
    await promised(exchanges)
    const after = await takeSnapshot(client, target)
    const compared = compareSnapshots(before, after)
    const { changed, lostAlso } = await withoutOutages(client, compared.changed, twin)
    unread = [...compared.unread, ...lostAlso]
    for (const { part: what, what: change } of changed) {
      const [guilty] = exchanges
      if (guilty) found.push(evidence.stated(guilty, 'after-check', `Alice's ${what}: ${change}`))
    }
    if (target.owner === 'alice') stage.victims.push({ check: check.id, target, snapshot: after })
  }
  const later: Exchange[] = []
  const inspection: Inspection = {
    scene,
    stage,
    exchanges,
    seen: (exchange) => seenIn(check, stage, exchange),
    stated: evidence.stated,
    async attack(probe) {
      const exchange = await client.send(actor, probe, { check: check.id })
      later.push(exchange)
      return exchange
    },
    alice: (probe) => client.send('alice', probe),
    as: (who, probe) => client.send(who, probe),
    adopt: stage.adopt,
  }
  const last = (await check.inspect?.(inspection)) ?? []
  if ('kind' in last) return { ...part, exchanges, later, evidence: found, instead: last, unread }
  return { ...part, exchanges, later, evidence: [...found, ...last], instead: undefined, unread }
}

/** Whether the attacker gets there without any trick. */
async function openRoad(check: Check, stage: Stage, actor: Attacker, scene: Scene): Promise<Verdict | undefined> {
  for (const probe of check.straight?.(scene) ?? []) {
    const exchange = await stage.client.send(actor, probe)
    const open = seenIn(check, stage, exchange).length > 0 || (check.on2xx === 'leak' && succeeded(exchange))
    if (open) return { kind: 'skipped', reason: `${WHO[actor]} needs no trick for it: see ${routeOf(probe)}` }
  }
  return undefined
}

/**
 * Alice can't reach her object any more, or finds it empty. If the same is true of an untouched twin, the server has
 * changed its mind about her, and nothing is known about the attack.
 */
async function withoutOutages(client: Client, changed: readonly Difference[], twin: Belongings) {
  const gone = (exchange: Exchange) => !succeeded(exchange) || isEmptyAnswer(exchange)
  if (!changed.some(({ exchange }) => gone(exchange))) return { changed, lostAlso: [] }
  const untouched = new Map((await takeSnapshot(client, twin)).map(({ part, exchange }) => [part, exchange]))
  const outage = ({ part, exchange }: Difference) => {
    const other = untouched.get(part)
    return other !== undefined && gone(exchange) && gone(other) && other.status === exchange.status
  }
  return {
    changed: changed.filter((difference) => !outage(difference)),
    lostAlso: changed.filter(outage).map(({ part }) => part),
  }
}
