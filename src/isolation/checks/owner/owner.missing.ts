import type { Check } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { field, get, post } from '../../probe.js'

export const ownerMissing: Check = {
  id: 'owner.missing',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: 'A thread that was created without metadata is not everybody’s',
  failure: 'A thread that Bob created without metadata is readable by Alice',
  severity: 'high',
  refs: ['API1', '284'],
  event: 'threads:create',
  fix: `${stampOwner('threads:create')}; metadata may be missing altogether`,
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ fresh }) => [
    post('/threads', { thread_id: fresh('no metadata') }),
    post('/threads', { thread_id: fresh('empty metadata'), metadata: {} }),
    post('/threads', {}),
  ],
  async inspect({ exchanges, alice, stated }) {
    const found = []
    for (const exchange of exchanges) {
      const id = field(exchange, 'thread_id')
      if (typeof id !== 'string') continue
      const read = await alice(get(`/threads/${id}`))
      if (field(read, 'thread_id') === id) found.push(stated(read, 'thread id', "Alice read Bob's thread"))
    }
    return found
  },
}
