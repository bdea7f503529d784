import { setTimeout as sleep } from 'node:timers/promises'
import { type ActorName, WHO } from '../actor.js'
import type { Check, Scene } from '../check.js'
import type { Evidence } from '../evidence.js'
import { type Belongings, settled } from '../fixtures.js'
import { onlyReads } from '../ledger/ledger.js'
import { unsupported } from '../offers.js'
import { type Exchange, type Probe, routeOf, succeeded } from '../probe.js'
import type { Stage } from '../stage.js'
import type { Verdict } from '../verdict.js'
import { needsOf } from './cast.js'

/**
 * Evidence in one answer. What was planted for another check does not count here: when that check leaks, Bob's own
 * lists show it too. integrity.residue looks for the rest.
 */
export function seenIn(check: Check, { client, evidence }: Stage, exchange: Exchange): Evidence[] {
  const hers = exchange.probe.asAlice !== undefined
  const hits = client
    .hits(exchange)
    .filter(
      (secret) => (secret.check === undefined || secret.check === check.id) && !(hers && secret.owner === 'alice'),
    )
  return hits.map((secret) => evidence.seen(exchange, secret))
}

/** What the victim does before the requests, or meanwhile; a verdict where that did not work. */
export async function prepare(steps: Check['prepare'], stage: Stage, scene: Scene): Promise<Verdict | undefined> {
  for (const probe of steps?.(scene) ?? []) {
    const exchange = await stage.client.send(scene.target.owner, probe)
    if (succeeded(exchange)) continue
    const reason = `${WHO[scene.target.owner]} could not prepare it: ${exchange.status} on ${routeOf(probe)}`
    return unsupported(stage, exchange) ? { kind: 'skipped', reason } : { kind: 'inconclusive', reason }
  }
  return undefined
}

/** 202 says that it will be done, so a moment passes before anybody looks whether it was. */
export async function promised(exchanges: readonly Exchange[]): Promise<void> {
  if (exchanges.some(({ status }) => status === 202)) await sleep(100)
}

/** A pending run is pending for an hour: there is nothing to wait for. */
export function settles(check: Check, objects: Belongings): boolean {
  return objects.has('thread') && !needsOf(check).includes('pending')
}

/** So long a stream takes to open, and a server to notice that somebody has hung up. */
const NOTICE_MS = 150

/** Sends the requests of a check: one after the other, or at once, while the victim does what she does. */
export async function perform(
  check: Check,
  stage: Stage,
  scene: Scene,
  actor: ActorName,
  probes: readonly Probe[],
  attackOf?: string,
): Promise<{ exchanges: Exchange[]; held: Verdict | undefined }> {
  const { client } = stage
  const { target } = scene
  const exchanges: Exchange[] = []
  let held: Verdict | undefined
  const act = async () => {
    await sleep(NOTICE_MS)
    held = await prepare(check.meanwhile, stage, scene)
    if (target.has('thread')) await settled(stage, target.owner, target.thread.id)
  }
  if (check.meanwhile) {
    const meanwhile = act()
    const [sent] = await Promise.all([
      Promise.all(probes.map((probe) => client.send(actor, probe, { meanwhile, check: attackOf }))),
      meanwhile,
    ])
    exchanges.push(...sent)
  } else if (check.together) {
    // A stream of a run that is about to begin is not silent before it has begun.
    const begun = async () => settled(stage, target.owner, target.live.thread, target.live.id).catch(() => undefined)
    const options = { check: attackOf, ...(target.has('live') ? { meanwhile: begun() } : {}) }
    exchanges.push(...(await Promise.all(probes.map((probe) => client.send(actor, probe, options)))))
  } else {
    for (const probe of probes) exchanges.push(await client.send(actor, probe, { check: attackOf }))
  }
  if (probes.some(({ hangUpMs }) => hangUpMs !== undefined)) await sleep(NOTICE_MS)
  return { exchanges, held }
}

/** The same, but what only reads and is asked several times is sent once: without their disguises many probes are alike. */
export async function performOnce(
  check: Check,
  stage: Stage,
  scene: Scene,
  actor: ActorName,
  probes: readonly Probe[],
): Promise<{ exchanges: Exchange[] }> {
  const keys = probes.map((probe, index) => (onlyReads(probe) ? JSON.stringify(probe) : `${index}`))
  const distinct = probes.filter((_, index) => keys.indexOf(keys[index] ?? '') === index)
  const { exchanges } = await perform(check, stage, scene, actor, distinct)
  const answers = new Map([...new Set(keys)].map((key, index) => [key, exchanges[index]]))
  return { exchanges: keys.flatMap((key) => answers.get(key) ?? []) }
}
