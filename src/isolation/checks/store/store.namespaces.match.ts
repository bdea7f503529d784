import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { field, post } from '../../probe.js'

export const storeNamespacesMatch: Check = {
  id: 'store.namespaces.match',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not see Alice's namespaces by prefix, suffix or depth",
  failure: "{who} listed Alice's namespaces by prefix, suffix or depth",
  impact: 'Labels are data: names of users, projects and customers, and where to read next.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:list_namespaces',
  fix: `${guardNamespace('store:list_namespaces')}; suffix and max_depth come without value.namespace`,
  actors: ['bob', 'nobody'],
  needs: ['item'],
  on2xx: 'own',
  control: ({ target }) => [post('/store/namespaces', { prefix: target.item.namespace.slice(0, -1) })],
  requests({ target: { item } }) {
    const label = item.namespace.slice(-1)
    return [
      { prefix: item.namespace.slice(0, 1) },
      { prefix: ['*'] },
      { prefix: ['*', 'iso'] },
      { suffix: label },
      { suffix: ['iso', ...label] },
      { suffix: ['iso', '*'] },
      { max_depth: 1 },
      { max_depth: 2 },
      { max_depth: 3 },
      { max_depth: 3, offset: 1 },
    ].map((search) => post('/store/namespaces', { limit: 1000, ...search }))
  },
  // A label that was asked for proves nothing, but that there is a namespace with it does: nobody else has written it.
  async inspect({ scene: { target }, exchanges, stated }) {
    const label = target.item.namespace.at(-1)
    return exchanges
      .filter((exchange) => {
        const namespaces = field(exchange, 'namespaces')
        return Array.isArray(namespaces) && namespaces.some((row) => Array.isArray(row) && row.at(-1) === label)
      })
      .map((exchange) => stated(exchange, 'store.namespace', "a namespace that ends in Alice's label"))
  },
}
