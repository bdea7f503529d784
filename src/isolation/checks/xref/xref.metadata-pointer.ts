import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, field, get, patch, post } from '../../probe.js'

export const xrefMetadataPointer: Check = {
  id: 'xref.metadata-pointer',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Metadata of Bob's that names objects of Alice's leads to none of them",
  failure: "Metadata of Bob's that names objects of Alice's led to them",
  impact:
    'Metadata is what its user writes. Where a server follows it like a foreign key, writing an id is enough to reach its object.',
  severity: 'medium',
  refs: ['API3', '639'],
  event: null,
  fix: serverBug('ids in metadata are text of the user: no route may look anything up by them without a filter'),
  needs: ['thread', 'assistant'],
  own: ['thread', 'assistant'],
  mutates: true,
  on2xx: 'own',
  proof: 'data',
  control: ({ own }) => [get(`/threads/${own.thread.id}/state`)],
  requests({ agent, halt, message, marker, own, target }) {
    const path = `/threads/${own.thread.id}`
    const pointers = {
      thread_id: target.thread.id,
      parent_id: target.thread.id,
      parent_thread_id: target.thread.id,
      assistant_id: target.assistant.id,
    }
    return [
      patch(path, { metadata: pointers }),
      patch(`/assistants/${own.assistant.id}`, { metadata: pointers }),
      get(`${path}/state`),
      post(`${path}/history`, { limit: 100 }),
      // Only now: some servers read a state with the graph that the metadata names.
      patch(path, { metadata: { graph_id: target.assistant.id } }),
      post(`${path}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
      post(`${path}/copy`),
      del(path),
      del(`/assistants/${own.assistant.id}?delete_threads=true`),
    ]
  },
  async inspect({ exchanges, attack, seen }) {
    const copy = exchanges.find(({ probe }) => probe.path.endsWith('/copy'))
    const id = copy && field(copy, 'thread_id')
    return typeof id === 'string' ? seen(await attack(get(`/threads/${id}/state`))) : []
  },
}
