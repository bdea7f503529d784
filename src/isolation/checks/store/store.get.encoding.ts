import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { get } from '../../probe.js'
import { itemPath } from '../../snapshot.js'

export const storeGetEncoding: Check = {
  id: 'store.get.encoding',
  family: 'store',
  resource: 'store',
  operation: 'read',
  title: "No spelling of a namespace in a query leads Bob to Alice's item",
  failure: "Bob read Alice's item by spelling its namespace in another way",
  impact:
    'Where the handler and the store read a namespace differently, the rule judges one place and the store answers from another.',
  severity: 'high',
  refs: ['API1', '436'],
  event: 'store:get',
  fix: `${guardNamespace('store:get')}; where it does, upgrade the server: handler and store must be given the same labels`,
  needs: ['item'],
  own: ['item'],
  on2xx: 'own',
  control: ({ target }) => [get(itemPath(target.item))],
  requests({ target: { item }, own }) {
    const key = `key=${item.key}`
    const hers = item.namespace.map(encodeURIComponent)
    const his = own.item.namespace.map(encodeURIComponent).join('.')
    const path = hers.join('.')
    return [
      key,
      `namespace=&${key}`,
      `namespace=${his}&namespace=${path}&${key}`,
      `namespace=${path}&namespace=${his}&${key}`,
      `namespace=${hers.join('%2E')}&${key}`,
      `namespace=${hers.join('%252E')}&${key}`,
      `namespace=${hers.join(',')}&${key}`,
      `namespace=${hers.join('/')}&${key}`,
      `namespace=${hers.join('&namespace=')}&${key}`,
      `namespace[]=${path}&${key}`,
      `namespace=${hers.join('%00.')}&${key}`,
    ].map((query) => get(`/store/items?${query}`))
  },
}
