import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeNamespacesMatch: Check = {
  id: 'store.namespaces.match',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not see Alice's namespaces by prefix, suffix or depth",
  failure: "{who} listed Alice's namespaces by prefix, suffix or depth",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:list_namespaces',
  fix: `${guardNamespace('store:list_namespaces')}; suffix and max_depth come without value.namespace`,
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  control: ({ target }) => [post('/store/namespaces', { prefix: target.item.namespace.slice(0, -1) })],
  requests: ({ target: { item } }) => [
    post('/store/namespaces', { prefix: item.namespace.slice(0, 1), limit: 1000 }),
    post('/store/namespaces', { prefix: ['*'], limit: 1000 }),
    post('/store/namespaces', { suffix: ['iso', '*'], limit: 1000 }),
    post('/store/namespaces', { max_depth: 3, limit: 1000 }),
  ],
}
