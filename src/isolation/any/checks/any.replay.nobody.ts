import { type AnyCheck, byRoute, isFunction } from '../any-check.js'
import { REQUIRE_CREDENTIAL } from '../fix.js'

export const anyReplayNobody: AnyCheck = {
  id: 'any.replay.nobody',
  family: 'any',
  resource: 'routes',
  operation: 'access',
  title: "{who} gets nothing of Alice's",
  failure: "{who} repeated Alice's request and got her data",
  impact: 'Anybody on the network reads private data without an account, and nothing in the logs says who it was.',
  severity: 'critical',
  refs: ['API2', 'ATHZ-02', '306'],
  event: null,
  fix: REQUIRE_CREDENTIAL,
  actors: ['nobody', 'junk'],
  trials: ({ harvest }) =>
    byRoute(harvest.alice.filter(({ probe }) => !isFunction(probe))).map(([route, group]) => ({
      subject: route,
      attacks: group.map(({ probe }) => ({ probe })),
    })),
}
