import { randomUUID } from 'node:crypto'
import type { Attacker } from '../../actor.js'
import { isEmptyAnswer, succeeded } from '../../probe.js'
import { judge, type Verdict, worst } from '../../verdict.js'
import { type AnyCheck, type Bench, byRoute, isFunction, type Played } from '../any-check.js'
import { matchesRoute } from '../config.js'
import { type ApiRequest, pathOf } from '../request.js'

/** An export of one's own data is no function of an admin. */
const OWN = /(^|[/._-])(manage|management|export)([/._-]|$)/i

export const anyFunctions: AnyCheck = {
  id: 'any.functions',
  family: 'any',
  resource: 'routes',
  operation: 'takeover',
  title: '{who} is refused where only admins belong',
  failure: '{who} was served where only admins belong',
  impact: 'Functions for operators show or change the data of all users at once, and often the settings of the server.',
  severity: 'high',
  refs: ['API5', 'ATHZ-02', '285'],
  event: null,
  fix: 'ask for the role of the caller in front of all these routes, or keep them off the public address',
  actors: ['bob', 'nobody'],
  trials: ({ harvest, input }) => {
    const requests = [...harvest.alice, ...harvest.bob].filter(({ probe }) => isFunction(probe))
    return byRoute<ApiRequest>(requests).map(([route, [request]]) => {
      if (!request) return { subject: route, attacks: [] }
      const shared = matchesRoute(input.config.shared, request.probe.method, pathOf(request.probe))
      if (shared) return { subject: route, skip: 'shared on purpose' }
      return { subject: route, play: (bench: Bench, actor: Attacker) => playFunction(bench, actor, request) }
    })
  },
}

async function playFunction(bench: Bench, actor: Attacker, { probe }: ApiRequest): Promise<Played> {
  const exchange = await bench.send(actor, probe)
  const evidence = bench.seen(exchange)
  const alice = await bench.send('alice', probe)
  const shown = succeeded(alice) ? 'ok' : `answers ${alice.status}`
  const played = (verdict: Verdict): Played => ({ verdict, exchanges: [exchange], alice: shown })
  if (evidence.length > 0) return played({ kind: 'leak', evidence })
  if ([404, 405].includes(exchange.status) && exchange.status === alice.status) {
    return played({ kind: 'skipped', reason: 'the server has no such route' })
  }
  if (succeeded(exchange) && !isEmptyAnswer(exchange)) {
    const absent = await bench.send(actor, { ...probe, path: `${pathOf(probe)}-${randomUUID()}` })
    if (succeeded(absent)) return played({ kind: 'skipped', reason: 'the server answers every path' })
    const ownData = OWN.test(pathOf(probe)) && actor === 'bob'
    if (!ownData) {
      return played({ kind: 'leak', evidence: [bench.stated(exchange, 'answer', `served with ${exchange.status}`)] })
    }
  }
  // That Alice is refused as well is what should be: she is no admin either.
  const verdict = judge({ exchange, evidence, control: { kind: 'proved' } }, { on2xx: 'own' }, (odd) =>
    bench.stated(odd, 'answer', ''),
  )
  return played(worst([verdict]))
}
