import { setTimeout as sleep } from 'node:timers/promises'
import { WHO } from '../actor.js'
import type { Check } from '../check.js'
import { type Belongings, settled } from '../fixtures.js'
import { unsupported } from '../offers.js'
import { type Exchange, isEmptyAnswer, type Probe, routeOf, succeeded } from '../probe.js'
import { compareSnapshots, type Snapshot, takeSnapshot } from '../snapshot.js'
import type { Stage } from '../stage.js'
import type { Control } from '../verdict.js'
import { performOnce, prepare, promised, settles } from './perform.js'
import { sceneFor } from './scene.js'

/** A busy server may do later what it has said yes to: so long it is looked for again. */
const PATIENCE_MS = [100, 200, 400, 800, 0]

export interface ControlRun {
  readonly controls: readonly Control[]
  /** Whether the controls were the identical requests, one by one. */
  readonly paired: boolean
  readonly summary: string
  /** Whether any of them succeeded, so that the sender's token was good at that time. */
  readonly served: boolean
}

/** The attack's requests, sent by somebody to his own objects, undisguised. */
export async function controlOf(check: Check, stage: Stage, mine: Belongings): Promise<ControlRun> {
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
  for (const pauseMs of PATIENCE_MS) {
    const { changed } = compareSnapshots(before, await takeSnapshot(stage.client, mine))
    if (changed.length > 0) return undefined
    await sleep(pauseMs)
  }
  return 'her own request changed nothing that could be seen'
}

function undisguised({ disguise: _, asAlice: __, ...plain }: Probe): Probe {
  return plain
}
