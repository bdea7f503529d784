import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { post, put } from '../../probe.js'

export const storeSearch: Check = {
  id: 'store.search',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "{who} does not find Alice's items under her namespace",
  failure: "{who} found Alice's items under her namespace",
  impact: 'Everything that agents remember of a user, with one request and nothing but the name of the user.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:search',
  fix: guardNamespace('store:search'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  proof: 'data',
  control: ({ target }) => [post('/store/items/search', { namespace_prefix: target.item.namespace })],
  // Where the server puts namespaces under their user, he then has an item of his own there, and finds that one.
  first: ({ target, place, marker }) => [
    put('/store/items', { ...place(target.item.namespace), value: { v: marker } }),
  ],
  requests({ target: { item } }) {
    const prefixes = [...item.namespace.map((_, index) => item.namespace.slice(0, index + 1)), ['iso']]
    return prefixes.map((namespace_prefix) => post('/store/items/search', { namespace_prefix, limit: 1000 }))
  },
}
