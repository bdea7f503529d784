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
  impact: 'Everything that agents remember of all users, with one request and without knowing anything.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'store:search',
  fix: guardNamespace('store:search'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  // Honest policies refuse a search without a prefix to everybody.
  control: ({ target }) => [post('/store/items/search', { namespace_prefix: target.item.namespace })],
  requests: () =>
    [{ namespace_prefix: [] }, {}, { namespace_prefix: [''] }, { namespace_prefix: null }].map((search) =>
      post('/store/items/search', { ...search, limit: 1000 }),
    ),
}
