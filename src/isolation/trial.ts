import { randomUUID } from 'node:crypto'
import { type ActorName, type Attacker, type Owner, WHO } from './actor.js'
import { newCanary } from './canary.js'
import type { Check, Inspection, Scene } from './check.js'
import { type Client, notImplemented } from './client.js'
import type { CheckResult } from './events.js'
import type { Evidence } from './evidence.js'
import { type Belongings, haltOf, messageOf, type Need, PlantFailure, plant, settled } from './fixtures.js'
import { type Exchange, get, isEmptyAnswer, type Probe, routeOf, succeeded, withoutIds } from './probe.js'
import { compareSnapshots, type Difference, type Snapshot, takeSnapshot } from './snapshot.js'
import type { Proof, Stage } from './stage.js'
import { type Control, judge, type Verdict, worst } from './verdict.js'

/** Objects that checks without effects share; planted before the first of them. */
export type Shared = Readonly<Partial<Record<Owner, Belongings | PlantFailure>>>

/** Who attacks, of those who are there: without a third token there is no Carol. */
export function attackersOf({ actors = ['bob'] }: Check, owners: readonly Owner[]): Attacker[] {
  return actors.filter((actor) => actor !== 'carol' || owners.includes('carol'))
}

/** What has to be planted so that the shared checks of a selection can run. */
export function sharedNeeds(checks: readonly Check[]): Need[] {
  return [...new Set(checks.filter(({ mutates }) => !mutates).flatMap(needsOf))]
}

function needsOf({ needs = [], own = [] }: Check): Need[] {
  return [...needs, ...own].filter((need) => need !== 'identity')
}

/**
 * Plays one check with each of its attackers: plants, prepares, attacks, looks again, runs the controls, decides. The
 * controls come last, so that a token that expires on the way takes the verdict with it: nothing is called isolated
 * before the attacker and Alice were served once more.
 */
export async function runTrial(
  check: Check,
  stage: Stage,
  shared: (need: Need) => Promise<Shared>,
): Promise<CheckResult[]> {
  const actors = attackersOf(check, stage.owners)
  const all = (verdict: Verdict, alice = 'not tried'): CheckResult[] =>
    actors.map((actor) => ({ check, actor, verdict, requests: [], controls: { alice, bob: 'not tried' } }))

  if (check.optIn && !stage.settings.optIns.has(check.optIn)) {
    return all({ kind: 'skipped', reason: `only with --${check.optIn}` })
  }
  const absent = await check.absent?.(stage)
  if (absent !== undefined) return all({ kind: 'skipped', reason: absent })
  const { identities } = stage.learnt
  if (check.needs?.includes('identity') && !(identities.alice && identities.bob)) {
    return all({ kind: 'skipped', reason: 'the server does not show who its users are' })
  }
  let cast: Cast
  try {
    cast = await castFor(check, actors, stage, shared)
  } catch (error) {
    if (error instanceof PlantFailure) return all(plantVerdict(stage, error))
    throw error
  }

  const attacks = await Promise.all(cast.attacks.map((part) => attack(check, stage, part, cast.alice)))
  const [alice, bob] = await Promise.all([
    controlOf(check, stage, cast.alice),
    cast.bob ? controlOf(check, stage, cast.bob) : undefined,
  ])
  const results = attacks.map((played) => decide(check, stage, played, alice, bob))
  return Promise.all(results.map((result) => withoutLostTokens(stage, result, { alice, bob })))
}

/** Takes an `isolated` back where the token of one of the two is not accepted any more. */
async function withoutLostTokens(
  stage: Stage,
  result: CheckResult,
  controls: Readonly<Partial<Record<ActorName, ControlRun | undefined>>>,
): Promise<CheckResult> {
  if (result.verdict.kind !== 'isolated') return result
  for (const owner of stage.owners) {
    if ((owner !== 'alice' && owner !== result.actor) || controls[owner]?.served) continue
    const { id, secret } = stage.learnt.proofs[owner] as Proof
    const again = await stage.client.send(owner, get(`/threads/${id}`))
    if (succeeded(again) && again.body.includes(secret)) continue
    const reason = `${WHO[owner]} could not read a thread of ${owner === 'bob' ? 'his' : 'her'} own afterwards`
    return { ...result, verdict: { kind: 'inconclusive', reason: `${reason} (${again.status || 'no answer'})` } }
  }
  return result
}

interface Part {
  readonly actor: Attacker
  readonly target: Belongings
  readonly own: Belongings | undefined
}

interface Cast {
  readonly attacks: readonly Part[]
  readonly alice: Belongings
  readonly bob: Belongings | undefined
}

async function castFor(
  check: Check,
  actors: readonly Attacker[],
  stage: Stage,
  shared: (need: Need) => Promise<Shared>,
): Promise<Cast> {
  const all = needsOf(check)
  if (!check.mutates) {
    // Each kind was planted by itself, so that a server without a store still has its threads tested.
    const planted = await Promise.all(all.map(async (need) => [need, await shared(need)] as const))
    const of = (owner: Owner) =>
      combine(
        owner,
        planted.map(([need, each]) => [need, unwrap(each[owner])] as const),
      )
    const alice = of('alice')
    const bob = of('bob')
    const mine = (actor: Attacker) => (actor === 'carol' ? of('carol') : actor === 'bob' ? bob : undefined)
    return { alice, bob, attacks: actors.map((actor) => ({ actor, target: alice, own: mine(actor) })) }
  }
  const needs = all.filter((need) => check.needs?.includes(need))
  const own = all.filter((need) => check.own?.includes(need))
  const [alice, bob, attacks] = await Promise.all([
    plant(stage, 'alice', all, check.id),
    actors.includes('bob') ? plant(stage, 'bob', all, check.id) : undefined,
    Promise.all(
      actors.map(async (actor): Promise<Part> => {
        const [target, mine] = await Promise.all([
          plant(stage, 'alice', needs, check.id),
          actor === 'bob' || actor === 'carol' ? plant(stage, actor, own, check.id) : undefined,
        ])
        return { actor, target, own: mine }
      }),
    ),
  ])
  return { alice, bob, attacks }
}

function unwrap(planted: Belongings | PlantFailure | undefined): Belongings {
  if (!planted) throw new Error('Nothing was planted for this user.')
  if (planted instanceof PlantFailure) throw planted
  return planted
}

function combine(owner: Owner, parts: readonly (readonly [Need, Belongings])[]): Belongings {
  const of = (...kinds: Need[]): Belongings => {
    const found = parts.find(([need]) => kinds.includes(need))
    if (!found) throw new Error(`No ${kinds[0]} was planted: add it to the needs of the check.`)
    return found[1]
  }
  return {
    owner,
    get thread() {
      return of('run', 'played', 'pending', 'thread').thread
    },
    get run() {
      return of('run', 'played', 'pending').run
    },
    get assistant() {
      return of('assistant').assistant
    },
    get cron() {
      return of('cron').cron
    },
    get item() {
      return of('item').item
    },
    has: (kind) => parts.some(([, planted]) => planted.has(kind)),
  }
}

function plantVerdict(stage: Stage, { what, exchange }: PlantFailure): Verdict {
  const { status, actor } = exchange
  const who = WHO[actor]
  if (unsupported(stage, exchange)) {
    return { kind: 'skipped', reason: `${what}: not offered by this server (${status})` }
  }
  if (status === 403) return { kind: 'skipped', reason: `${who} may not create ${what} here (403)` }
  return { kind: 'inconclusive', reason: `${who} could not create ${what} (${status || 'no answer'})` }
}

function sceneFor(
  check: Check,
  stage: Stage,
  sender: ActorName,
  target: Belongings,
  own: Belongings | undefined,
): Scene {
  const { learnt, ledger, secrets } = stage
  const owner = sender === 'junk' ? 'nobody' : sender
  const plantOwn = (value: string, slot: string, hard: boolean) =>
    secrets.plant({ value, slot, owner, check: check.id, hard })
  const marker = newCanary()
  plantOwn(marker, 'marker', true)
  const fresh = new Map<string, string>()
  return {
    target,
    get own() {
      if (!own) throw new Error(`${sender} owns nothing in ${check.id}.`)
      return own
    },
    marker,
    agent: learnt.agent,
    identity: {
      target: learnt.identities[target.owner] ?? '',
      own: learnt.identities[own?.owner ?? target.owner] ?? '',
      ownerKey: learnt.ownerKey,
    },
    fresh(name) {
      const id = fresh.get(name) ?? randomUUID()
      if (!fresh.has(name)) {
        fresh.set(name, id)
        ledger.reserve({ kind: name === 'assistant' ? 'assistant' : 'thread', id, owner: sender })
        plantOwn(id, `id of an object of ${sender}`, false)
      }
      return id
    },
    absent() {
      const id = randomUUID()
      ledger.reserve({ kind: 'thread', id, owner: sender })
      return id
    },
    message: (text) => messageOf(stage.settings, text),
    halt: haltOf(stage.settings),
  }
}

interface Played extends Part {
  readonly exchanges: readonly Exchange[]
  readonly evidence: readonly Evidence[]
  /** A verdict that the check reached by itself, or a set-up that failed. */
  readonly instead: Verdict | undefined
  readonly unread: readonly string[]
}

async function attack(check: Check, stage: Stage, part: Part, twin: Belongings): Promise<Played> {
  const { client, evidence } = stage
  const { actor, target, own } = part
  const scene = sceneFor(check, stage, actor, target, own)
  const prepared = await prepare(check, stage, scene)
  if (prepared) return { ...part, exchanges: [], evidence: [], instead: prepared, unread: [] }

  const looks = check.mutates === true && check.afterCheck !== false
  const before: Snapshot = looks ? await takeSnapshot(client, target) : []
  const exchanges: Exchange[] = []
  for (const probe of check.requests(scene)) exchanges.push(await client.send(actor, probe))

  const found: Evidence[] = []
  let unread: readonly string[] = []
  if (looks) {
    const moved = exchanges.some((exchange) => succeeded(exchange) && exchange.probe.path.includes('/runs'))
    if (moved && settles(check, target)) await settled(stage, target.owner, target.thread.id)
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
  const inspection: Inspection = {
    scene,
    stage,
    exchanges,
    seen: (exchange) => seenIn(check, stage, exchange),
    stated: evidence.stated,
    attack: (probe) => client.send(actor, probe),
    alice: (probe) => client.send('alice', probe),
    as: (who, probe) => client.send(who, probe),
  }
  const last = (await check.inspect?.(inspection)) ?? []
  if ('kind' in last) return { ...part, exchanges, evidence: found, instead: last, unread }
  return { ...part, exchanges, evidence: [...found, ...last], instead: undefined, unread }
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

/**
 * Evidence in one answer. What was planted for another check does not count here: when that check leaks, Bob's own
 * lists show it too. integrity.residue looks for the rest.
 */
function seenIn(check: Check, { client, evidence }: Stage, exchange: Exchange): Evidence[] {
  const hits = client.hits(exchange).filter((secret) => secret.check === undefined || secret.check === check.id)
  return hits.map((secret) => evidence.seen(exchange, secret))
}

async function prepare(check: Check, stage: Stage, scene: Scene): Promise<Verdict | undefined> {
  for (const probe of check.prepare?.(scene) ?? []) {
    const exchange = await stage.client.send(scene.target.owner, probe)
    if (succeeded(exchange)) continue
    const reason = `${WHO[scene.target.owner]} could not prepare it: ${exchange.status} on ${routeOf(probe)}`
    return unsupported(stage, exchange) ? { kind: 'skipped', reason } : { kind: 'inconclusive', reason }
  }
  return undefined
}

/** A pending run is pending for an hour: there is nothing to wait for. */
function settles(check: Check, objects: Belongings): boolean {
  return objects.has('thread') && !needsOf(check).includes('pending')
}

interface ControlRun {
  readonly controls: readonly Control[]
  /** Whether the controls were the identical requests, one by one. */
  readonly paired: boolean
  readonly summary: string
  /** Whether any of them succeeded, so that the sender's token was good at that time. */
  readonly served: boolean
}

/** The attack's requests, sent by somebody to his own objects, undisguised. */
async function controlOf(check: Check, stage: Stage, mine: Belongings): Promise<ControlRun> {
  const { client } = stage
  const scene = sceneFor(check, stage, mine.owner, mine, mine)
  const prepared = await prepare(check, stage, scene)
  if (prepared && prepared.kind !== 'leak' && prepared.kind !== 'isolated') {
    const control: Control = { kind: prepared.kind === 'skipped' ? 'unsupported' : 'failed', reason: prepared.reason }
    return { controls: [control], paired: false, summary: prepared.reason, served: false }
  }
  const proof = check.proof ?? (check.mutates ? 'effect' : 'data')
  const before = proof === 'effect' ? await takeSnapshot(client, mine) : []
  const probes = (check.control ?? check.requests).call(check, scene)
  const exchanges: Exchange[] = []
  for (const probe of probes) exchanges.push(await client.send(mine.owner, undisguised(probe)))

  const who = WHO[mine.owner]
  const failed = (reason: string): Control => ({ kind: 'failed', reason })
  let controls = exchanges.map((exchange): Control => {
    const { status } = exchange
    if (unsupported(stage, exchange)) {
      return { kind: 'unsupported', reason: `not offered by this server (${status} for ${who} as well)` }
    }
    if (!succeeded(exchange)) {
      return failed(`${who} is refused as well: ${status || exchange.ending} on ${routeOf(exchange.probe)}`)
    }
    if (mine.owner === 'alice' && proof === 'data' && !client.shows(exchange, 'alice')) {
      return failed('her own answer does not show what was planted')
    }
    return { kind: 'proved' }
  })
  if (mine.owner === 'alice' && controls.some(({ kind }) => kind === 'proved')) {
    const missing = await missingProof(check, proof, stage, mine, before, exchanges)
    if (missing) controls = controls.map((control) => (control.kind === 'proved' ? failed(missing) : control))
  }
  const bad = controls.find(({ kind }) => kind !== 'proved')
  return {
    controls,
    paired: check.control === undefined,
    summary: bad && 'reason' in bad ? bad.reason : 'ok',
    served: exchanges.some(succeeded),
  }
}

async function missingProof(
  check: Check,
  proof: Check['proof'],
  stage: Stage,
  mine: Belongings,
  before: Snapshot,
  exchanges: readonly Exchange[],
): Promise<string | undefined> {
  if (typeof proof === 'function') {
    return proof(exchanges) ? undefined : 'her own answers do not show what was planted'
  }
  if (proof === 'success') {
    const something = exchanges.some(
      (exchange) => succeeded(exchange) && (exchange.status !== 200 || !isEmptyAnswer(exchange)),
    )
    return something ? undefined : 'her own answers are empty'
  }
  if (proof !== 'effect') return undefined
  if (settles(check, mine)) await settled(stage, mine.owner, mine.thread.id)
  const { changed } = compareSnapshots(before, await takeSnapshot(stage.client, mine))
  return changed.length > 0 ? undefined : 'her own request changed nothing that could be seen'
}

function undisguised(probe: Probe): Probe {
  const { disguise: _, ...plain } = probe
  return plain
}

/** Whether this answer to somebody who may says that the server has no such route. */
function unsupported(stage: Stage, exchange: Exchange): boolean {
  if (exchange.status === 405 || notImplemented(exchange)) return true
  const { unknownRoute } = stage.learnt
  return (
    exchange.status === 404 &&
    exchange.status === unknownRoute.status &&
    withoutIds(exchange.body) === unknownRoute.body
  )
}

function decide(
  check: Check,
  stage: Stage,
  played: Played,
  alice: ControlRun,
  bob: ControlRun | undefined,
): CheckResult {
  const { evidence } = stage
  const { actor, exchanges } = played
  const report = (verdict: Verdict): CheckResult => {
    if (verdict.kind === 'leak') stage.leaked.add(check.id)
    return {
      check,
      actor,
      verdict,
      requests: exchanges.map(({ probe, status, ms }) => ({
        route: routeOf(probe),
        status,
        ms,
        curl: evidence.curl(actor, probe),
      })),
      controls: { alice: alice.summary, bob: bob?.summary ?? 'not needed' },
    }
  }
  const controlAt = (index: number): Control => {
    const bad = alice.controls.find(({ kind }) => kind !== 'proved')
    const pair = alice.paired ? alice.controls[index] : undefined
    return pair ?? bad ?? { kind: 'proved' }
  }
  const unexpected = (exchange: Exchange) =>
    evidence.stated(exchange, 'answer', `${exchange.status} with ${exchange.body.length} characters`)
  const verdicts = exchanges.map((exchange, index) =>
    judge(
      {
        exchange,
        evidence: seenIn(check, stage, exchange),
        control: controlAt(index),
      },
      check.on2xx,
      unexpected,
    ),
  )
  if (played.evidence.length > 0) verdicts.push({ kind: 'leak', evidence: played.evidence })
  if (played.instead) verdicts.push(played.instead)
  if (played.unread.length > 0) {
    verdicts.push({ kind: 'inconclusive', reason: `Alice's ${played.unread.join(', ')} could not be read afterwards` })
  }
  if (verdicts.length === 0) verdicts.push(withoutRequests(alice))
  const verdict = worst(verdicts)
  if (verdict.kind !== 'isolated' || actor !== 'bob' || !bob) return report(verdict)
  return report({ ...verdict, byRole: bob.controls.some(({ kind }) => kind === 'failed') })
}

/** A check that sends its requests in `inspect` has found nothing; that counts when its control holds. */
function withoutRequests({ controls }: ControlRun): Verdict {
  const bad = controls.find(({ kind }) => kind !== 'proved')
  if (bad && bad.kind !== 'proved') {
    return { kind: bad.kind === 'failed' ? 'inconclusive' : 'skipped', reason: bad.reason }
  }
  return { kind: 'isolated', note: 'nothing found', byRole: false }
}
