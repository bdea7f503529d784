import type { Check } from '../../check.js'
import { askForExistence } from '../../check-parts/existence.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const oracleStatus: Check = {
  id: 'oracle.status',
  family: 'oracle',
  resource: 'threads',
  operation: 'read',
  title: "Bob can't tell Alice's objects from ones that don't exist",
  failure: "Bob can tell Alice's objects from ones that don't exist",
  impact: 'An attacker learns which ids exist, and so which ones are worth trying elsewhere.',
  severity: 'low',
  refs: ['203', '204'],
  event: null,
  fix: serverBug('an object that a filter hides must be answered like one that is not there, status and body'),
  needs: ['run', 'assistant'],
  mutates: true,
  afterCheck: false,
  // Streams of a run that is not there may open, and stay silent.
  waits: true,
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`), get(`/assistants/${target.assistant.id}`)],
  proof: 'data',
  requests: () => [],
  async inspect(inspection) {
    const rows = await askForExistence(inspection)
    if ('kind' in rows) return rows
    return rows.flatMap(({ hidden, random, random7, deleted }) => {
      const other = [random, random7, deleted].find(({ status }) => status !== hidden.status)
      if (!other) return []
      const whose = other === deleted ? 'one that Alice has deleted' : 'an id that does not exist'
      return [inspection.stated(hidden, 'existence', `${hidden.status}, and ${other.status} for ${whose}`)]
    })
  },
}
