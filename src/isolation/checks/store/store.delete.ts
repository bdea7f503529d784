import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { del } from '../../probe.js'
import { itemPath } from '../../snapshot.js'

export const storeDelete: Check = {
  id: 'store.delete',
  family: 'store',
  resource: 'store',
  operation: 'delete',
  title: "{who} can't delete Alice's item",
  failure: "{who} deleted Alice's item",
  impact: 'What agents remember of a user is lost, for anybody who knows or guesses the name of the place.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:delete',
  fix: guardNamespace('store:delete'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  mutates: true,
  // A store deletes whatever it is told to delete: 204 is honest where there is no such item in Bob's own space.
  on2xx: 'own',
  control: ({ target: { item } }) => [del('/store/items', { namespace: item.namespace, key: item.key })],
  requests: ({ target: { item } }) => [
    del('/store/items', { namespace: item.namespace, key: item.key }),
    del('/store/items', { key: item.key }),
    del(itemPath(item)),
  ],
}
