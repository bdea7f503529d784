import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { noCrons } from '../../offers.js'
import { patch } from '../../probe.js'

export const cronUpdate: Check = {
  id: 'cron.update',
  family: 'write',
  resource: 'crons',
  operation: 'write',
  title: "{who} can't change Alice's cron",
  failure: "{who} changed Alice's cron",
  impact: "The attacker decides what runs in Alice's name, and when, again and again.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'crons:update',
  fix: returnOwner('crons:update'),
  actors: ['bob', 'nobody'],
  absent: noCrons,
  needs: ['cron'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target, marker }) => [patch(`/runs/crons/${target.cron.id}`, { metadata: { iso_mark: marker } })],
}
