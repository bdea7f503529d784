import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runStream: Check = {
  id: 'run.stream',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't stream a run on Alice's thread",
  failure: "{who} streamed a run on Alice's thread",
  impact:
    "The attacker writes into Alice's conversation and reads all of it in the events, through a route with a code path of its own.",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) => [
    post(`/threads/${target.thread.id}/runs/stream`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
}
