import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ActorName, type Attacker, type Owner, WHO } from './actor.js'
import { newCanary } from './canary.js'
import { type Check, type Inspection, type Scene, SEVERITIES, type Severity } from './check.js'
import type { Client } from './client.js'
import type { CheckResult } from './events.js'
import type { Evidence } from './evidence.js'
import { type Belongings, haltOf, messageOf, type Need, PlantFailure, plant, settled } from './fixtures.js'
import { onlyReads } from './ledger/ledger.js'
import { unsupported } from './offers.js'
import { type Exchange, get, isEmptyAnswer, type Probe, routeOf, succeeded } from './probe.js'
import { compareSnapshots, type Difference, type Snapshot, takeSnapshot } from './snapshot.js'
import type { Proof, Stage } from './stage.js'
import { type Control, held, judge, type Verdict, worst } from './verdict.js'

/** Objects that checks without effects share; planted before the first of them. */
export type Shared = Readonly<Partial<Record<Owner, Belongings | PlantFailure>>>

/** Who attacks, of those who are there: without a third token there is no Carol. */
export function attackersOf({ actors = ['bob'] }: Check, owners: readonly Owner[]): Attacker[] {
  return actors.filter((actor) => actor !== 'carol' || owners.includes('carol'))
}

/** What has to be planted so that the shared checks of a selection can run. */
export function sharedNeeds(checks: readonly Check[]): Need[] {
  return [
    ...new Set(checks.filter(({ mutates }) => !mutates).flatMap((check) => [...needsOf(check), ...wantsOf(check)])),
  ]
}

function needsOf({ needs = [], own = [] }: Check): Need[] {
  return [...needs, ...own].filter((need) => need !== 'identity')
}

function wantsOf({ wants = [] }: Check): readonly Need[] {
  return wants
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
    const wanted = wantsOf(check)
    const planted = await Promise.all([...all, ...wanted].map(async (need) => [need, await shared(need)] as const))
    const there = ([need, each]: (typeof planted)[number]) =>
      !wanted.includes(need) || Object.values(each).every((one) => !(one instanceof PlantFailure))
    const of = (owner: Owner) =>
      combine(
        owner,
        planted.filter(there).map(([need, each]) => [need, unwrap(each[owner])] as const),
      )
    const alice = of('alice')
    const bob = of('bob')
    const mine = (actor: Attacker) => (actor === 'carol' ? of('carol') : actor === 'bob' ? bob : undefined)
    return { alice, bob, attacks: actors.map((actor) => ({ actor, target: alice, own: mine(actor) })) }
  }
  const needs = all.filter((need) => check.needs?.includes(need))
  const own = all.filter((need) => check.own?.includes(need))
  const wanted = wantsOf(check)
  const [alice, bob, attacks] = await Promise.all([
    plantAll(stage, 'alice', all, wanted, check.id),
    actors.includes('bob') ? plantAll(stage, 'bob', all, wanted, check.id) : undefined,
    Promise.all(
      actors.map(async (actor): Promise<Part> => {
        const [target, mine] = await Promise.all([
          plantAll(stage, 'alice', needs, wanted, check.id),
          actor === 'bob' || actor === 'carol' ? plant(stage, actor, own, check.id) : undefined,
        ])
        return { actor, target, own: mine }
      }),
    ),
  ])
  return { alice, bob, attacks }
}

/** What must be there, and what may be missing. */
async function plantAll(
  stage: Stage,
  owner: Owner,
  needs: readonly Need[],
  wanted: readonly Need[],
  check: string,
): Promise<Belongings> {
  if (wanted.length === 0) return plant(stage, owner, needs, check)
  const parts = await Promise.all([
    ...needs.map(async (need) => [need, await plant(stage, owner, [need], check)] as const),
    ...wanted.map(async (need) => {
      const planted = await plant(stage, owner, [need], check).catch((error: unknown) => {
        if (error instanceof PlantFailure) return undefined
        throw error
      })
      return planted && ([need, planted] as const)
    }),
  ])
  return combine(
    owner,
    parts.filter((part) => part !== undefined),
  )
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
    get live() {
      return of('live').live
    },
    get bare() {
      return of('bare').bare
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
    sender,
    get own() {
      if (!own) throw new Error(`${sender} owns nothing in ${check.id}.`)
      return own
    },
    marker,
    runId: stage.runId,
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
        ledger.reserve({ kind: name.startsWith('assistant') ? 'assistant' : 'thread', id, owner: sender })
        plantOwn(id, `id of an object of ${sender}`, false)
      }
      return id
    },
    secret(slot) {
      const value = newCanary()
      secrets.plant({ value, slot, owner: target.owner, check: check.id, hard: true })
      return value
    },
    absent() {
      const id = randomUUID()
      ledger.reserve({ kind: 'thread', id, owner: sender })
      return id
    },
    place(namespace) {
      const key = newCanary()
      ledger.reserve({ kind: 'item', id: key, owner: sender, namespace })
      plantOwn(key, `key of an item of ${sender}`, false)
      return { namespace, key }
    },
    message: (text) => messageOf(stage.settings, text),
    halt: haltOf(stage.settings),
    origin: stage.target.origin + stage.target.pathname.replace(/\/$/, ''),
    forged: (way) => stage.jwt?.names.filter((name) => name.startsWith(`${way}-`)) ?? [],
  }
}

interface Played extends Part {
  readonly exchanges: readonly Exchange[]
  /** What was sent after the look, by the check itself, which judges it as well. */
  readonly later: readonly Exchange[]
  readonly evidence: readonly Evidence[]
  /** A verdict that the check reached by itself, or a set-up that failed. */
  readonly instead: Verdict | undefined
  readonly unread: readonly string[]
}

async function attack(check: Check, stage: Stage, part: Part, twin: Belongings): Promise<Played> {
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

/**
 * Evidence in one answer. What was planted for another check does not count here: when that check leaks, Bob's own
 * lists show it too. integrity.residue looks for the rest.
 */
function seenIn(check: Check, { client, evidence }: Stage, exchange: Exchange): Evidence[] {
  const hers = exchange.probe.asAlice !== undefined
  const hits = client
    .hits(exchange)
    .filter(
      (secret) => (secret.check === undefined || secret.check === check.id) && !(hers && secret.owner === 'alice'),
    )
  return hits.map((secret) => evidence.seen(exchange, secret))
}

/** What the victim does before the requests, or meanwhile; a verdict where that did not work. */
async function prepare(steps: Check['prepare'], stage: Stage, scene: Scene): Promise<Verdict | undefined> {
  for (const probe of steps?.(scene) ?? []) {
    const exchange = await stage.client.send(scene.target.owner, probe)
    if (succeeded(exchange)) continue
    const reason = `${WHO[scene.target.owner]} could not prepare it: ${exchange.status} on ${routeOf(probe)}`
    return unsupported(stage, exchange) ? { kind: 'skipped', reason } : { kind: 'inconclusive', reason }
  }
  return undefined
}

/** 202 says that it will be done, so a moment passes before anybody looks whether it was. */
async function promised(exchanges: readonly Exchange[]): Promise<void> {
  if (exchanges.some(({ status }) => status === 202)) await sleep(100)
}

/** A pending run is pending for an hour: there is nothing to wait for. */
function settles(check: Check, objects: Belongings): boolean {
  return objects.has('thread') && !needsOf(check).includes('pending')
}

/** So long a stream takes to open, and a server to notice that somebody has hung up. */
const NOTICE_MS = 150

/** Sends the requests of a check: one after the other, or at once, while the victim does what she does. */
async function perform(
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
async function performOnce(
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
  const prepared = await prepare(check.prepare, stage, scene)
  if (prepared && prepared.kind !== 'leak' && prepared.kind !== 'isolated') {
    const control: Control = { kind: prepared.kind === 'skipped' ? 'unsupported' : 'failed', reason: prepared.reason }
    return { controls: [control], paired: false, summary: prepared.reason, served: false }
  }
  const proof = check.proof ?? (check.mutates ? 'effect' : 'data')
  const before = proof === 'effect' && mine.owner === 'alice' ? await takeSnapshot(client, mine) : []
  const probes = (check.control ?? check.requests).call(check, scene)
  const { exchanges } = await performOnce(check, stage, scene, mine.owner, probes.map(undisguised))

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
    if (mine.owner === 'alice' && proof === 'events' && isEmptyAnswer(exchange)) {
      return { kind: 'silent', reason: "Alice's own stream brings nothing either" }
    }
    return { kind: 'proved' }
  })
  if (mine.owner === 'alice' && proof === 'events') {
    const some = controls.some(({ kind }) => kind === 'proved')
    if (!some) controls = controls.map((control) => (control.kind === 'silent' ? failed(control.reason) : control))
    // Not the same requests, so one that shows her events speaks for all.
    else if (check.control) controls = [{ kind: 'proved' }]
  } else if (mine.owner === 'alice' && controls.some(({ kind }) => kind === 'proved')) {
    const missing = await missingProof(check, proof, stage, mine, before, exchanges)
    if (missing) controls = controls.map((control) => (control.kind === 'proved' ? failed(missing) : control))
  }
  // A route that a server lacks says nothing about those that it has.
  const tried = controls.filter(({ kind }) => kind !== 'unsupported')
  const bad = (tried.length > 0 ? tried : controls).find(({ kind }) => kind !== 'proved' && kind !== 'silent')
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
  if (proof === 'shown') {
    return exchanges.some((exchange) => stage.client.shows(exchange, 'alice'))
      ? undefined
      : 'none of her own answers shows what was planted'
  }
  if (proof === 'success') {
    const something = exchanges.some(
      (exchange) => succeeded(exchange) && (exchange.status !== 200 || !isEmptyAnswer(exchange)),
    )
    return something ? undefined : 'her own answers are empty'
  }
  if (proof !== 'effect') return undefined
  if (settles(check, mine)) await settled(stage, mine.owner, mine.thread.id)
  await promised(exchanges)
  const { changed } = compareSnapshots(before, await takeSnapshot(stage.client, mine))
  return changed.length > 0 ? undefined : 'her own request changed nothing that could be seen'
}

function undisguised({ disguise: _, asAlice: __, ...plain }: Probe): Probe {
  return plain
}

function decide(
  check: Check,
  stage: Stage,
  played: Played,
  alice: ControlRun,
  bob: ControlRun | undefined,
): CheckResult {
  const { evidence } = stage
  const { actor, exchanges, later } = played
  const report = (verdict: Verdict): CheckResult => {
    if (verdict.kind === 'leak') stage.leaked.add(check.id)
    return {
      check: verdict.kind === 'leak' ? { ...check, severity: severityOf(check, verdict.evidence) } : check,
      actor,
      verdict,
      requests: [...exchanges, ...later].map(({ probe, status, ms }) => ({
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
  const verdicts = exchanges.map((exchange, index): Verdict => {
    const seen = seenIn(check, stage, exchange)
    const { asAlice: remark } = exchange.probe
    if (remark !== undefined && seen.length === 0 && succeeded(exchange) && stage.client.shows(exchange, 'alice')) {
      return held(`${exchange.status} as Alice`, remark === '' ? [] : [remark])
    }
    return judge({ exchange, evidence: seen, control: controlAt(index) }, check, unexpected)
  })
  if (played.evidence.length > 0) verdicts.push({ kind: 'leak', evidence: played.evidence })
  // What the check found by itself counts, like all that is no leak, only as much as the control does.
  if (played.instead)
    verdicts.push(played.instead.kind === 'isolated' ? provided(alice, played.instead) : played.instead)
  if (played.unread.length > 0) {
    verdicts.push({ kind: 'inconclusive', reason: `Alice's ${played.unread.join(', ')} could not be read afterwards` })
  }
  if (verdicts.length === 0) verdicts.push(provided(alice, held('nothing found')))
  const found = worst(verdicts)
  // A check that could not see what it looks for has shown nothing, whatever the statuses were.
  const verdict = played.instead?.kind === 'skipped' && found.kind === 'isolated' ? played.instead : found
  if (verdict.kind !== 'isolated' || actor !== 'bob' || !bob) return report(verdict)
  return report({ ...verdict, byRole: bob.controls.some(({ kind }) => kind === 'failed') })
}

/** That of the worst piece of evidence. */
function severityOf({ severity }: Check, evidence: readonly Evidence[]): Severity {
  const proved = evidence.map((piece) => piece.severity ?? severity)
  return SEVERITIES.find((one) => proved.includes(one)) ?? severity
}

/** A check that looks for itself has found nothing; that counts when its control holds. */
function provided({ controls }: ControlRun, found: Verdict): Verdict {
  const bad = controls.find(({ kind }) => kind !== 'proved')
  if (bad && bad.kind !== 'proved') {
    return { kind: bad.kind === 'failed' ? 'inconclusive' : 'skipped', reason: bad.reason }
  }
  return found
}
