import { type AnyCheck, byRoute, isFunction } from '../any-check.js'
import { matchesRoute } from '../config.js'
import { COMPARE_OWNER } from '../fix.js'
import { pathOf } from '../request.js'

export const anyReplayBob: AnyCheck = {
  id: 'any.replay.bob',
  family: 'any',
  resource: 'routes',
  operation: 'read',
  title: "{who} gets nothing of Alice's when he repeats her request",
  failure: "{who} repeated Alice's request and got her data",
  impact:
    'Whoever learns or guesses an address reads the data behind it. Ids stand in links, logs and browser histories, and many can be counted up.',
  severity: 'high',
  refs: ['API1', 'ATHZ-04', '639'],
  event: null,
  fix: COMPARE_OWNER,
  // Lists and functions are tried by their own checks.
  trials: ({ harvest, input }) => {
    const own = new Set(harvest.bob.map(({ route }) => route))
    const requests = harvest.alice.filter(({ list, probe }) => !list && !isFunction(probe))
    return byRoute(requests).map(([route, group]) => ({
      subject: route,
      bobs: own.has(route) || group.every(({ places }) => places.length === 0),
      ...(group.every(({ probe }) => matchesRoute(input.config.shared, probe.method, pathOf(probe)))
        ? { skip: 'shared on purpose' }
        : { attacks: group.map(({ probe }) => ({ probe })) }),
    }))
  },
}
