import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { dormant } from '../../fixtures.js'
import { noCrons } from '../../offers.js'
import { del, field, post, succeeded } from '../../probe.js'

export const cronDelete: Check = {
  id: 'cron.delete',
  family: 'delete',
  resource: 'crons',
  operation: 'delete',
  title: "{who} can't delete Alice's cron",
  failure: "{who} deleted Alice's cron",
  impact: 'What Alice has scheduled never comes again, and nothing says so.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'crons:delete',
  fix: returnOwner('crons:delete'),
  actors: ['bob', 'nobody'],
  absent: noCrons,
  needs: ['cron'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target }) => [del(`/runs/crons/${target.cron.id}`)],
  // Where Alice may put a cron on a thread of Bob's, the thread must not take it along.
  async inspect({ scene, exchanges, alice, attack, stated }) {
    if (exchanges[0]?.actor !== 'bob') return []
    const thread = scene.own.thread.id
    const body = { assistant_id: scene.agent, input: scene.message(scene.marker), ...dormant(), ...scene.halt }
    const made = await alice(post(`/threads/${thread}/runs/crons`, body))
    const id = field(made, 'cron_id')
    if (!succeeded(made) || typeof id !== 'string') return []
    const deleted = await attack(del(`/threads/${thread}`))
    const left = await alice(post('/runs/crons/search', { limit: 1000 }))
    if (!succeeded(deleted) || !succeeded(left) || left.body.includes(id)) return []
    return [stated(deleted, 'cron', "Alice's cron went with Bob's thread")]
  },
}
