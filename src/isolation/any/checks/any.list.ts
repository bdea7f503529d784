import { type AnyCheck, byRoute, isFunction } from '../any-check.js'
import { matchesRoute } from '../config.js'
import { FILTER_LIST } from '../fix.js'
import { isList } from '../harvest.js'
import { pathOf } from '../request.js'

export const anyList: AnyCheck = {
  id: 'any.list',
  family: 'any',
  resource: 'routes',
  operation: 'list',
  title: "{who} sees nothing of Alice's in his lists",
  failure: "Alice's data stands in a list of {who}'s",
  impact: 'One request shows the data of every user, and with it the ids that all other attacks need.',
  severity: 'high',
  refs: ['API1', 'ATHZ-02', '200'],
  event: null,
  fix: FILTER_LIST,
  trials: ({ harvest, input }) => {
    const ofBob = harvest.bob.filter(
      ({ exchange, places }) => isList(exchange) && places.every(({ in: at }) => at !== 'path'),
    )
    const lists = [...harvest.alice.filter(({ list }) => list), ...ofBob].filter(({ probe }) => !isFunction(probe))
    return byRoute(lists).map(([route, group]) => ({
      subject: route,
      ...(group.every(({ probe }) => matchesRoute(input.config.shared, probe.method, pathOf(probe)))
        ? { skip: 'shared on purpose' }
        : { attacks: group.map(({ probe }) => ({ probe })) }),
    }))
  },
}
