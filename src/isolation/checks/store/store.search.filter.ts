import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { type Exchange, field, post } from '../../probe.js'

export const storeSearchFilter: Check = {
  id: 'store.search.filter',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: "No filter of a search leads Bob to Alice's items",
  failure: "Bob found Alice's items with the filter of a search",
  impact:
    'A filter that reaches the database as text reads the whole store; one whose guesses can be told right from wrong spells out values.',
  severity: 'medium',
  refs: ['943'],
  event: 'store:search',
  fix: `${guardNamespace('store:search')}; where it does, upgrade the server: filters, and the names of their operators, must never become part of a query`,
  needs: ['item'],
  own: ['item'],
  on2xx: 'own',
  control: ({ target: { item } }) => [
    post('/store/items/search', { namespace_prefix: item.namespace, filter: { v: item.secret } }),
  ],
  requests: ({ target: { item }, own, marker }) =>
    [
      { v: item.secret },
      { v: marker },
      { v: { $ne: '' } },
      { $or: [] },
      { "v' OR '1'='1": item.secret },
      { v: { "$eq' OR 1=1 --": marker } },
    ].map((filter) =>
      post('/store/items/search', { namespace_prefix: own.item.namespace.slice(0, -1), filter, limit: 1000 }),
    ),
  async inspect({ exchanges: [right, wrong], stated }) {
    if (!right || !wrong || countOf(right) === countOf(wrong)) return []
    const excerpt = `${countOf(right)} items for a right guess of Alice's value, ${countOf(wrong)} for a wrong one`
    return [stated(right, 'store.value', excerpt)]
  },
}

function countOf(exchange: Exchange): number {
  const items = field(exchange, 'items')
  return Array.isArray(items) ? items.length : 0
}
