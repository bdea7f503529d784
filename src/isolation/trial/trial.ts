import { type ActorName, WHO } from '../actor.js'
import { type Check, SEVERITIES, type Severity } from '../check.js'
import type { CheckResult } from '../events.js'
import type { Evidence } from '../evidence.js'
import { type Need, PlantFailure } from '../fixtures.js'
import { type Exchange, get, routeOf, succeeded } from '../probe.js'
import type { Proof, Stage } from '../stage.js'
import { type Control, held, judge, type Verdict, worst } from '../verdict.js'
import { attack, type Played } from './attack.js'
import { attackersOf, type Cast, castFor, plantVerdict, type Shared } from './cast.js'
import { type ControlRun, controlOf } from './control.js'
import { seenIn } from './perform.js'

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
