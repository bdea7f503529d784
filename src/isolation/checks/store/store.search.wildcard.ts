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
  impact: 'A label that the database takes for a pattern finds the items of all users at once.',
  severity: 'critical',
  refs: ['943', '89'],
  event: 'store:search',
  fix: `${guardNamespace('store:search')}; a server that takes labels for patterns needs an upgrade`,
  needs: ['item'],
  on2xx: 'own',
  control: ({ target }) => [post('/store/items/search', { namespace_prefix: target.item.namespace })],
  requests({ target: { item } }) {
    const [first = ''] = item.namespace
    return ['*', '%', '_', '\\', `${first}%`, `${first.slice(0, 3)}%`].map((label) =>
      post('/store/items/search', { namespace_prefix: [label], limit: 1000 }),
    )
  },
}
