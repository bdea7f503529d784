import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { field, get, post } from '../../probe.js'

export const threadCopy: Check = {
  id: 'thread.copy',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't copy Alice's thread",
  failure: "{who} copied Alice's thread",
  impact:
    'A copy belongs to the attacker: he reads the whole conversation at leisure, and it stays when Alice deletes hers.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: `${returnOwner('threads:read')}; a copy reads its source`,
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'leak',
  proof: 'success',
  requests: ({ target }) => [post(`/threads/${target.thread.id}/copy`)],
  // The copy is the leak, even where the answer shows nothing of it.
  async inspect({ exchanges, attack, seen }) {
    const id = exchanges[0] && field(exchanges[0], 'thread_id')
    if (typeof id !== 'string') return []
    return seen(await attack(get(`/threads/${id}/state`)))
  },
}
