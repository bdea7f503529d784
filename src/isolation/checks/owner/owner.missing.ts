import { WHO } from '../../actor.js'
import type { Check } from '../../check.js'
import { onlookers } from '../../check-parts/onlookers.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { field, get, json, post, succeeded } from '../../probe.js'

export const ownerMissing: Check = {
  id: 'owner.missing',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: 'A thread that was created without metadata is not everybody’s',
  failure: 'A thread that Bob created without metadata can be read by others',
  impact: 'Objects without an owner are everybody’s: what one user creates this way, all others read.',
  severity: 'high',
  refs: ['API1', '284'],
  event: 'threads:create',
  fix: `${stampOwner('threads:create')}; metadata may be missing altogether`,
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse `null` and an empty body to everybody.
  control: () => [post('/threads', {})],
  requests: ({ fresh }) => [
    post('/threads', { thread_id: fresh('no metadata') }),
    post('/threads', { thread_id: fresh('empty metadata'), metadata: {} }),
    post('/threads', { thread_id: fresh('null'), metadata: null }),
    { ...post('/threads'), raw: { text: '' } },
  ],
  async inspect(inspection) {
    const { exchanges, as, attack, stated } = inspection
    const made = exchanges.filter(succeeded).map((exchange) => String(field(exchange, 'thread_id')))
    const found: Evidence[] = []
    for (const actor of onlookers(inspection)) {
      const listed = await as(actor, post('/threads/search', { ids: made, limit: 1000 }))
      const rows = json(listed)
      for (const id of made) {
        const read = await as(actor, get(`/threads/${id}`))
        if (field(read, 'thread_id') === id) found.push(stated(read, 'thread id', `${WHO[actor]} read Bob's thread`))
        if (!Array.isArray(rows) || !rows.some((row: { thread_id?: unknown }) => row.thread_id === id)) continue
        found.push(stated(listed, 'thread id', `${WHO[actor]} found Bob's thread`))
      }
    }
    if (found.length > 0) return found
    for (const id of made) {
      const own = await attack(get(`/threads/${id}`))
      if (own.status === 404 || own.status === 403) {
        return { kind: 'inconclusive', reason: `not even Bob may read what he made without metadata (${own.status})` }
      }
    }
    return []
  },
}
