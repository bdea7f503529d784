import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

export const xrefStateCheckpoint: Check = {
  id: 'xref.state.checkpoint',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob can't reach Alice's checkpoint through a thread of his",
  failure: "Bob reached Alice's checkpoint through a thread of his",
  impact:
    'Whoever learns the ids of a thread and a checkpoint reads that conversation, or adds to it, by naming them in a body.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug(
    'the thread of a checkpoint in a request, however it is spelled, must be overwritten with the id in the path',
  ),
  needs: ['thread'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'data',
  // Not every server knows every spelling.
  control: ({ own: { thread } }) => [get(`/threads/${thread.id}/state/${thread.checkpoint}`)],
  requests({ target: { thread }, own, message, marker }) {
    const path = `/threads/${own.thread.id}`
    const checkpoint = { thread_id: thread.id, checkpoint_id: thread.checkpoint, checkpoint_ns: '' }
    const history = (part: object) => post(`${path}/history`, { limit: 100, ...part })
    return [
      get(`${path}/state/${thread.checkpoint}`),
      post(`${path}/state/checkpoint`, { checkpoint }),
      history({ checkpoint }),
      history({ before: thread.checkpoint }),
      history({ before: { configurable: checkpoint } }),
      post(`${path}/state`, { values: message(marker), as_node: '__start__', checkpoint }),
    ]
  },
}
