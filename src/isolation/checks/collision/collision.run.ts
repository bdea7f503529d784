import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const collisionRun: Check = {
  id: 'collision.run',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't enter Alice's thread with a run that creates it if it does not exist",
  failure: "Bob ran on Alice's thread because he asked to create it if it does not exist",
  impact: 'A flag that means "create it if it is missing" opens Alice\'s conversation for reading and writing.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) => [
    post(`/threads/${target.thread.id}/runs/wait`, {
      assistant_id: agent,
      input: message(marker),
      if_not_exists: 'create',
      ...halt,
    }),
  ],
}
