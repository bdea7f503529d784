import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeSearchWildcard: Check = {
  id: 'store.search.wildcard',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not find Alice's items with a wildcard",
  failure: "{who} found Alice's items with a wildcard",
  severity: 'critical',
  refs: ['943', '89'],
  event: 'store:search',
  fix: `${guardNamespace('store:search')}; a server that takes labels for patterns needs an upgrade`,
  needs: ['item'],
  on2xx: 'own',
  control: ({ target }) => [post('/store/items/search', { namespace_prefix: target.item.namespace })],
  requests: ({ target: { item } }) =>
    ['*', '%', '_', '\\', `${item.namespace[0]?.slice(0, 3)}%`].map((label) =>
      post('/store/items/search', { namespace_prefix: [label], limit: 1000 }),
    ),
}
