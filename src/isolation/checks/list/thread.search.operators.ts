import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const threadSearchOperators: Check = {
  id: 'thread.search.operators',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "{who} does not find Alice's threads with operators in place of values",
  failure: "{who} found Alice's threads with operators in place of values",
  impact:
    'A search that takes operators or bits of SQL from the client goes around every filter: it reads the whole table.',
  severity: 'high',
  refs: ['943', '89'],
  event: 'threads:search',
  fix: serverBug('keys and values of a search are data: they must never become operators or SQL'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'own',
  // A server may refuse such conditions to everybody; that she finds her threads must stand.
  control: () => [post('/threads/search', { limit: 1000 })],
  requests({ identity: { ownerKey: owner, target, own } }) {
    const conditions: Record<string, unknown>[] = [
      { [owner]: { $ne: 'x' } },
      { [owner]: null },
      { [owner]: [target, own] },
      { $or: [{}] },
      { [`${owner}.x`]: 1 },
      { [`${owner}' OR 1=1--`]: 1 },
      { x: { $regex: '.*' } },
    ]
    return conditions.map((metadata) => post('/threads/search', { metadata, limit: 1000 }))
  },
}
