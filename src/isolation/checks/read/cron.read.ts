import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { noCrons } from '../../offers.js'
import { get } from '../../probe.js'

export const cronRead: Check = {
  id: 'cron.read',
  family: 'read',
  resource: 'crons',
  operation: 'read',
  title: "{who} can't read Alice's cron",
  failure: "{who} read Alice's cron, with the input of its runs",
  impact: 'A cron holds what it tells the agent each time, when, and in whose name.',
  severity: 'medium',
  refs: ['API1', '639'],
  event: 'crons:read',
  fix: returnOwner('crons:read'),
  actors: ['bob', 'nobody'],
  absent: noCrons,
  needs: ['cron'],
  on2xx: 'leak-unless-empty',
  requests: ({ target }) => [get(`/runs/crons/${target.cron.id}`)],
}
