import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { json, post } from '../../probe.js'

export const xrefBatch: Check = {
  id: 'xref.batch',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Alice's part of a request that also names objects of Bob's is refused or left out",
  failure: "Alice's part of a request that also names objects of Bob's was done as well",
  impact:
    'Where only the first of several ids is checked, every other one reads, runs or deletes what belongs to somebody else.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:delete',
  fix: `${returnOwner('threads:delete')}; where it does, upgrade the server: every id of a request must be held against the filter`,
  needs: ['thread', 'assistant'],
  own: ['thread', 'assistant'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests({ halt, own, target, message, marker }) {
    const run = { input: message(marker), ...halt }
    return [
      post('/runs/batch', [
        { ...run, assistant_id: own.assistant.id },
        { ...run, assistant_id: target.assistant.id },
      ]),
      post('/threads/search', { ids: [own.thread.id, target.thread.id] }),
      post('/threads/prune', { thread_ids: [own.thread.id, target.thread.id] }),
    ]
  },
  async inspect({ scene, exchanges: [batch], stated }) {
    if (!batch) return []
    const runs = json(batch)
    if (!Array.isArray(runs)) return []
    const hers = runs.some((run) => run?.assistant_id === scene.target.assistant.id)
    return hers ? [stated(batch, 'run', "a run whose assistant_id is Alice's assistant")] : []
  },
}
