import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post } from '../../probe.js'

export const storeSearchQuery: Check = {
  id: 'store.search.query',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "Bob does not find Alice's items by their words",
  failure: "Bob found Alice's items by their words",
  impact:
    'The index of a search by meaning is often one table for all users: a question brings what others have stored about it.',
  severity: 'medium',
  refs: ['API1', '200'],
  event: 'store:search',
  fix: `${guardNamespace('store:search')}; where it does, upgrade the server: searches by text must be held to the namespace as well`,
  needs: ['item'],
  own: ['item'],
  on2xx: 'own',
  control: ({ target: { item } }) => [
    post('/store/items/search', { namespace_prefix: item.namespace, query: item.secret }),
  ],
  requests({ target: { item }, own }) {
    const search = (namespace_prefix: readonly string[], offset = 0) =>
      post('/store/items/search', { namespace_prefix, query: item.secret, limit: 1000, offset })
    return [search(own.item.namespace.slice(0, 1)), search(own.item.namespace, 1), search([]), search([], 1)]
  },
}
