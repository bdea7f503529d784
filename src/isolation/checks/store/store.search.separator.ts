import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { isEmptyAnswer, post, put } from '../../probe.js'

export const storeSearchSeparator: Check = {
  id: 'store.search.separator',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: 'A label that holds a separator is a place of its own',
  failure: 'Labels that hold a separator lead to the place of several labels',
  impact:
    'Users whose names hold a colon or a dot, as auth0:x or an e-mail address do, read and overwrite what is stored for others.',
  severity: 'high',
  refs: ['API1', '706'],
  event: 'store:put',
  fix:
    serverBug('labels must be kept apart by something that no label can hold, and dots refused') +
    '. Until then, write the identity into namespaces in a form without separators',
  own: ['item'],
  on2xx: 'own',
  proof: ([, found]) => found !== undefined && !isEmptyAnswer(found),
  control: ({ own, place, marker }) => [
    put('/store/items', { ...place([...own.item.namespace, 'a', 'b']), value: { v: marker } }),
    post('/store/items/search', { namespace_prefix: [...own.item.namespace, 'a', 'b'] }),
  ],
  requests({ own, place, marker }) {
    const under = (...labels: string[]) => [...own.item.namespace, ...labels]
    const write = (...labels: string[]) => put('/store/items', { ...place(under(...labels)), value: { v: marker } })
    const read = (...labels: string[]) =>
      post('/store/items/search', { namespace_prefix: under(...labels), limit: 1000 })
    return [write('a:b'), write('a.b'), read('a', 'b'), write('c', 'd'), read('c:d'), read('c.d')]
  },
  inspect: async ({ scene, exchanges, stated }) =>
    exchanges
      .filter(({ probe, body }) => probe.method === 'POST' && body.includes(scene.marker))
      .map((exchange) => stated(exchange, 'store.value', 'an item from a namespace of other labels')),
}
