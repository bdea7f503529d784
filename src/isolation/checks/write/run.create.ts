import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runCreate: Check = {
  id: 'run.create',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't start a run on Alice's thread",
  failure: "{who} started a run on Alice's thread",
  impact: "The attacker writes into Alice's conversation and makes her agent act on it, with her memory and her tools.",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) => [
    post(`/threads/${target.thread.id}/runs`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
}
