import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runWait: Check = {
  id: 'run.wait',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't run Alice's thread and wait for its state",
  failure: "{who} ran Alice's thread and got its state",
  impact: 'One request writes into the conversation and answers with all of it.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) => [
    post(`/threads/${target.thread.id}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
}
