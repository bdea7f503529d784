import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { get } from '../../probe.js'
import { itemPath } from '../../snapshot.js'

export const storeGet: Check = {
  id: 'store.get',
  family: 'store',
  resource: 'store',
  operation: 'read',
  title: "{who} can't read Alice's item",
  failure: "{who} read Alice's item",
  impact: 'What agents remember of a user, read by anybody who knows or guesses the name of the place.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:get',
  fix: guardNamespace('store:get'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  requests: ({ target }) => [get(itemPath(target.item))],
}
