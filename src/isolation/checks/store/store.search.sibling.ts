import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { isEmptyAnswer, post, put } from '../../probe.js'

export const storeSearchSibling: Check = {
  id: 'store.search.sibling',
  family: 'store',
  resource: 'store',
  operation: 'list',
  title: '{who} does not find what stands beside a namespace when searching in it',
  failure: '{who} searched in a namespace, and found what stands in another whose name only begins alike',
  impact:
    'Where a prefix is compared letter by letter, user1 finds everything that is stored for user10, under rules that allow user1 only what begins with user1.',
  severity: 'high',
  refs: ['API1', '706'],
  event: 'store:search',
  fix: serverBug('a namespace prefix must be compared label by label'),
  actors: ['bob', 'carol'],
  needs: ['item'],
  own: ['item'],
  on2xx: 'own',
  proof: (exchanges) => exchanges.some((exchange) => !isEmptyAnswer(exchange)),
  control: ({ own }) => [post('/store/items/search', { namespace_prefix: own.item.namespace })],
  requests({ own: { item }, identity, place, marker }) {
    const last = item.namespace.length - 1
    const sibling = item.namespace.with(last, `${item.namespace[last]}-b`)
    const search = (namespace_prefix: readonly string[]) =>
      post('/store/items/search', { namespace_prefix, limit: 1000 })
    // One user may be called as another one begins. A rule that lets everybody search their own name lets this through.
    const alike = identity.own !== '' && identity.target !== identity.own && identity.target.startsWith(identity.own)
    return [
      put('/store/items', { ...place(sibling), value: { v: marker } }),
      search(item.namespace),
      ...(alike ? [search([identity.own])] : []),
    ]
  },
  // Within the space of one user it proves the same fault, and less harm.
  async inspect({ scene, exchanges: [, found], stated }) {
    if (!found?.body.includes(scene.marker)) return []
    return [stated(found, 'store.value', 'an item from a namespace beside it', 'medium')]
  },
}
