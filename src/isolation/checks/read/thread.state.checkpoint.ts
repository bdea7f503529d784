import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

export const threadStateCheckpoint: Check = {
  id: 'thread.state.checkpoint',
  family: 'read',
  resource: 'threads',
  operation: 'read',
  title: "{who} can't read a checkpoint of Alice's thread",
  failure: "{who} read a checkpoint of Alice's thread",
  impact:
    'A checkpoint is the whole conversation at one moment. Servers that guard the thread forget this route easily.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  on2xx: 'leak-unless-empty',
  requests({ target: { thread } }) {
    const checkpoint = { checkpoint_id: thread.checkpoint, checkpoint_ns: '' }
    return [
      get(`/threads/${thread.id}/state/${thread.checkpoint}`),
      post(`/threads/${thread.id}/state/checkpoint`, { checkpoint }),
    ]
  },
}
