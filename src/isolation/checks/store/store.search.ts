import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeSearch: Check = {
  id: 'store.search',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not find Alice's items under her namespace",
  failure: "{who} found Alice's items under her namespace",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:search',
  fix: guardNamespace('store:search'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  requests: ({ target: { item } }) =>
    item.namespace.map((_, index) =>
      post('/store/items/search', { namespace_prefix: item.namespace.slice(0, index + 1), limit: 1000 }),
    ),
}
