import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeNamespaces: Check = {
  id: 'store.namespaces',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not see Alice's namespaces",
  failure: "{who} listed Alice's namespaces",
  impact: 'Labels are data: names of users, projects and customers, and where to read next.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:list_namespaces',
  fix: `${guardNamespace('store:list_namespaces')}; without a prefix value.namespace is undefined`,
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  // Honest policies refuse a list without a prefix to everybody.
  control: ({ target }) => [post('/store/namespaces', { prefix: target.item.namespace.slice(0, -1) })],
  requests: () => [post('/store/namespaces', {}), post('/store/namespaces', { limit: 1000 })],
}
