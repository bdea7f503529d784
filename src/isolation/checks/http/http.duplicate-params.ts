import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'
import { itemPath } from '../../snapshot.js'

/** The same key twice, which an object can't hold. */
function twice(path: string, key: string, first: unknown, second: unknown): Probe[] {
  const pair = (values: readonly unknown[]) => values.map((value) => `"${key}":${JSON.stringify(value)}`).join(',')
  return [
    [first, second],
    [second, first],
  ].map((values): Probe => ({ method: 'POST', path, raw: { text: `{${pair(values)},"limit":1,"limit":10}` } }))
}

export const httpDuplicateParams: Check = {
  id: 'http.duplicate-params',
  family: 'http',
  resource: 'threads',
  operation: 'read',
  title: 'Bob gains nothing by sending a parameter twice, his and hers',
  failure: "Bob sent a parameter twice, his and hers, and got Alice's",
  impact: 'One of the two values is checked and the other is used, so every check of that parameter can be passed.',
  severity: 'medium',
  refs: ['235', '436'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  needs: ['thread'],
  own: ['thread'],
  wants: ['item'],
  on2xx: 'own',
  straight: ({ target }) => [
    get(`/threads/${target.thread.id}`),
    post('/threads/search', { ids: [target.thread.id] }),
    ...(target.has('item')
      ? [get(itemPath(target.item)), post('/store/items/search', { namespace_prefix: target.item.namespace })]
      : []),
  ],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests({ target, own }) {
    const hers = target.thread.id
    const mine = own.thread.id
    const inStore = () => {
      const [her, my] = [target.item, own.item]
      const spaces = [her, my].map(({ namespace }) => encodeURIComponent(namespace.join('.')))
      const path = (first = '', second = '') =>
        `/store/items?namespace=${first}&namespace=${second}&key=${my.key}&key=${her.key}`
      return [
        get(path(spaces[1], spaces[0])),
        get(path(spaces[0], spaces[1])),
        ...twice('/store/items/search', 'namespace_prefix', my.namespace, her.namespace),
      ]
    }
    return [
      get(`/threads/${mine}?thread_id=${hers}`),
      get(`/threads/${mine}/state?thread_id=${mine}&thread_id=${hers}`),
      ...twice('/threads/search', 'ids', [mine], [hers]),
      ...(target.has('item') ? inStore() : []),
    ]
  },
}
