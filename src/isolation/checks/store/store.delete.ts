import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { del } from '../../probe.js'

export const storeDelete: Check = {
  id: 'store.delete',
  family: 'store',
  resource: 'store',
  operation: 'delete',
  title: "{who} can't delete Alice's item",
  failure: "{who} deleted Alice's item",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:delete',
  fix: guardNamespace('store:delete'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target: { item } }) => [del('/store/items', { namespace: item.namespace, key: item.key })],
}
