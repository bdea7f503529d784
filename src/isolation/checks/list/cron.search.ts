import type { Check } from '../../check.js'
import { excess } from '../../check-parts/count-guess.js'
import { returnOwner } from '../../fix.js'
import { noCrons } from '../../offers.js'
import { post, succeeded } from '../../probe.js'

export const cronSearch: Check = {
  id: 'cron.search',
  family: 'list',
  resource: 'crons',
  operation: 'list',
  title: "{who} does not find Alice's crons",
  failure: "{who} found Alice's crons",
  impact: "The list tells what everybody's agents do, when, and with which input.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'crons:search',
  fix: returnOwner('crons:search'),
  actors: ['bob', 'nobody'],
  absent: noCrons,
  needs: ['thread', 'cron'],
  // With nothing else on its way the attacker's own crons stay as many as they are.
  when: 'alone',
  on2xx: 'own',
  proof: 'shown',
  requests: ({ target, agent }) => [
    post('/runs/crons/search'),
    post('/runs/crons/search', { limit: 1000 }),
    post('/runs/crons/search', { thread_id: target.thread.id }),
    post('/runs/crons/search', { assistant_id: agent, limit: 1000 }),
    post('/runs/crons/count'),
  ],
  async inspect({ exchanges, attack, stated }) {
    const counted = exchanges.at(-1)
    if (!counted || !succeeded(counted)) return []
    return excess(counted, { search: '/runs/crons/search', id: 'cron_id', attack, stated })
  },
}
