import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, get, post } from '../../probe.js'

export const deleteResidue: Check = {
  id: 'delete.residue',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "Nothing of Alice's deleted thread comes back when Bob creates one under its id",
  failure: "Bob created a thread under the id of Alice's deleted one and found her conversation",
  impact: 'A row is deleted, the conversation under it is not: whoever creates the id again reads it.',
  severity: 'high',
  refs: ['226', '672'],
  event: null,
  fix: serverBug('deleting a thread must delete its checkpoints and runs'),
  needs: ['run'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  proof: 'success',
  prepare: ({ target }) => [del(`/threads/${target.thread.id}`)],
  requests: ({ target: { thread }, agent }) => [
    post('/threads', { thread_id: thread.id, metadata: { graph_id: agent } }),
    get(`/threads/${thread.id}`),
    get(`/threads/${thread.id}/state`),
    post(`/threads/${thread.id}/history`, { limit: 100 }),
    get(`/threads/${thread.id}/runs?limit=100`),
  ],
}
