import type { Attacker } from '../actor.js'
import type { CheckResult, RequestReport } from '../events.js'
import { type Exchange, routeOf, succeeded } from '../probe.js'
import { type Control, judge, type Verdict, worst } from '../verdict.js'
import type { AnyCheck, Attack, Bench, Trial } from './any-check.js'

/** Plays one trial with each of its attackers; Alice's controls come last. */
export async function playTrial(check: AnyCheck, trial: Trial, bench: Bench): Promise<CheckResult[]> {
  const actors = trial.actors ?? check.actors ?? ['bob']
  const result = (actor: Attacker, verdict: Verdict, exchanges: readonly Exchange[], alice: string): CheckResult => {
    const bob = actor !== 'bob' ? 'not tried' : trial.bobs === false ? 'not known' : 'ok'
    return {
      check,
      actor,
      subject: trial.subject,
      verdict: actor === 'bob' ? ofBob(verdict, trial, bench) : verdict,
      requests: exchanges.map((exchange) => reportOf(bench, exchange)),
      controls: { alice, bob },
    }
  }
  if (trial.skip !== undefined) {
    const verdict: Verdict = { kind: 'skipped', reason: trial.skip }
    return actors.map((actor) => result(actor, verdict, [], 'not tried'))
  }
  const { play } = trial
  if (play) {
    const results: CheckResult[] = []
    for (const actor of actors) {
      const { verdict, exchanges, alice } = await play(bench, actor)
      results.push(result(actor, verdict, exchanges, alice))
    }
    return results
  }
  const attacks = trial.attacks ?? []
  const attacked = await Promise.all(
    actors.map(async (actor) => {
      const exchanges: Exchange[] = []
      for (const { probe } of attacks) exchanges.push(await bench.send(actor, probe))
      return { actor, exchanges }
    }),
  )
  const controls: { control: Control; empty: boolean }[] = []
  for (const attack of attacks) controls.push(await controlOf(bench, attack, trial.guessed === true))
  const failed = controls.find(({ control }) => control.kind === 'failed')?.control
  const alice = failed?.kind === 'failed' ? failed.reason : 'ok'
  return attacked.map(({ actor, exchanges }) => {
    const verdicts = exchanges.map((exchange, index): Verdict => {
      const { control, empty } = controls[index] as (typeof controls)[number]
      const evidence = bench.seen(exchange, trial.known)
      if (evidence.length === 0 && empty) return { kind: 'skipped', reason: PUBLIC }
      return judge({ exchange, evidence, control }, { on2xx: trial.on2xx ?? 'own' }, (odd) =>
        bench.stated(odd, 'answer', `served with ${odd.status}`),
      )
    })
    return result(actor, worst(verdicts), exchanges, alice)
  })
}

/** The word for what nobody could tell apart: everybody gets it, or there is nothing in it. */
export const PUBLIC = 'public or empty'

/** Alice gets her data. Where the server has no such thing, or shows her nothing of hers, nothing can be said. */
async function controlOf(bench: Bench, { probe, control = probe }: Attack, guessed: boolean) {
  const exchange = await bench.send('alice', control)
  const kind = (): Control => {
    if (succeeded(exchange)) return { kind: 'proved' }
    const unknown =
      [405, 501].includes(exchange.status) || (guessed && [400, 403, 404, 410, 415, 422].includes(exchange.status))
    if (unknown) return { kind: 'unsupported', reason: 'the server has no such method' }
    const status = exchange.status === 0 ? 'is not answered' : `answers ${exchange.status}`
    const reason =
      exchange.status === 401
        ? "Alice's own request answers 401: her credential has expired or is wrong"
        : `Alice's own request ${status}`
    return { kind: 'failed', reason }
  }
  return { control: kind(), empty: succeeded(exchange) && !bench.client.shows(exchange, 'alice') }
}

/** A refusal of Bob means something only where he is somebody. */
function ofBob(verdict: Verdict, trial: Trial, bench: Bench): Verdict {
  if (verdict.kind !== 'isolated') return verdict
  if (!bench.harvest.bobKnown) {
    return { kind: 'inconclusive', reason: "nothing shows that Bob's credential is accepted: record a request of his" }
  }
  return { ...verdict, byRole: verdict.byRole || trial.bobs === false }
}

function reportOf({ evidence }: Bench, { actor, probe, status, ms }: Exchange): RequestReport {
  return { route: routeOf(probe), status, ms, curl: evidence.curl(actor, probe) }
}
