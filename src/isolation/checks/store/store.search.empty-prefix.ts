import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeSearchEmptyPrefix: Check = {
  id: 'store.search.empty-prefix',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not find Alice's items by searching everywhere",
  failure: "{who} found Alice's items by searching everywhere",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'store:search',
  fix: guardNamespace('store:search'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  // Honest policies refuse a search without a prefix to everybody.
  control: ({ target }) => [post('/store/items/search', { namespace_prefix: target.item.namespace })],
  requests: () => [
    post('/store/items/search', { namespace_prefix: [], limit: 1000 }),
    post('/store/items/search', { limit: 1000 }),
  ],
}
