import { succeeded } from '../../probe.js'
import { type AnyCheck, type Attack, type Bench, byRoute, isFunction } from '../any-check.js'
import { COMPARE_OWNER } from '../fix.js'
import type { Own } from '../harvest.js'
import { type ApiRequest, keyOf, type Place, swapped } from '../request.js'
import { valueUnder } from '../strings.js'

export const anyIdSwap: AnyCheck = {
  id: 'any.id-swap',
  family: 'any',
  resource: 'routes',
  operation: 'refs',
  title: "{who} gets nothing of Alice's when he puts her ids into his own requests",
  failure: "{who} put an id of Alice's into his own request and got her data",
  impact:
    'The server checks who asks, and not for what: a user with an account of his own reads the data of any other whose id he knows.',
  severity: 'high',
  refs: ['API1', 'ATHZ-04', '639'],
  event: null,
  fix: COMPARE_OWNER,
  trials: ({ harvest }) => {
    const hers = new Set(harvest.alice.map(({ probe }) => keyOf(probe)))
    const own = harvest.bob.filter(({ exchange, places, probe }) => {
      return places.length > 0 && succeeded(exchange) && !isFunction(probe)
    })
    return byRoute(own).flatMap(([route, group]) => {
      // What is Alice's own request after the swap, any.replay.bob has tried.
      const attacks = group
        .flatMap((request) => attacksOf(request, harvest))
        .filter(({ probe }) => !hers.has(keyOf(probe)))
      const known = group.map(({ exchange }) => exchange.body.toLowerCase()).join('\n')
      return attacks.length === 0 ? [] : [{ subject: route, attacks, known, bobs: true }]
    })
  },
}

/** Each id by itself, and all at once, which is also what Alice does to show that there is something to get. */
function attacksOf(request: Own, { alice }: Bench['harvest']): Attack[] {
  const changes = request.places.flatMap((place) => {
    const value = counterpart(place, request, alice)
    return value === undefined || value === place.value ? [] : [[place, value] as const]
  })
  if (changes.length === 0) return []
  const all = swapped(request.probe, changes)
  const single = changes.length > 1 ? changes.map((change) => swapped(request.probe, [change])) : []
  return [...single, all].map((probe) => ({ probe, control: all }))
}

/** Alice's id for the same place: in her request of the same route, under the same name, or in an answer of hers. */
function counterpart(place: Place, { route }: ApiRequest, alice: Bench['harvest']['alice']): string | undefined {
  const same = (other: Place) => other.in === place.in && String(other.at) === String(place.at)
  const ofRoute = alice.find((request) => request.route === route)?.places.find(same)
  if (ofRoute) return ofRoute.value
  const named = (other: Place) => other.name.toLowerCase() === place.name.toLowerCase() && other.name !== 'id'
  const ofName = alice.flatMap(({ places }) => places).find(named)
  if (ofName) return ofName.value
  const wanted = place.name.replace(/^x-|-id$/g, '').replaceAll('-', '_')
  return alice.map(({ first }) => valueUnder(first, wanted)).find((value) => value !== undefined)
}
