import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

export const xrefStateCheckpoint: Check = {
  id: 'xref.state.checkpoint',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob can't read Alice's checkpoint through a thread of his",
  failure: "Bob read Alice's checkpoint through a thread of his",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('checkpoint.thread_id of a request must be overwritten with the id in the path'),
  needs: ['thread'],
  own: ['thread'],
  on2xx: 'own',
  requests({ target: { thread }, own }) {
    const checkpoint = { thread_id: thread.id, checkpoint_id: thread.checkpoint, checkpoint_ns: '' }
    return [
      get(`/threads/${own.thread.id}/state/${thread.checkpoint}`),
      post(`/threads/${own.thread.id}/state/checkpoint`, { checkpoint }),
      post(`/threads/${own.thread.id}/history`, { limit: 100, checkpoint }),
    ]
  },
}
