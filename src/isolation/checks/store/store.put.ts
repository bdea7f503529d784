import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { put } from '../../probe.js'

export const storePut: Check = {
  id: 'store.put',
  family: 'store',
  resource: 'store',
  operation: 'write',
  title: "{who} can't overwrite Alice's item",
  failure: "{who} overwrote Alice's item",
  impact:
    "The attacker writes what the victim's agent believes to remember, and so steers what it does for the victim.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'store:put',
  fix: guardNamespace('store:put'),
  actors: ['bob', 'nobody'],
  needs: ['item'],
  mutates: true,
  // 204 is honest where the server writes into Bob's own space.
  on2xx: 'own',
  requests: ({ target: { item }, marker }) => [
    put('/store/items', { namespace: item.namespace, key: item.key, value: { v: marker } }),
  ],
}
