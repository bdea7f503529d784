import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runResume: Check = {
  id: 'run.resume',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't answer for Alice where her run waits for her",
  failure: "{who} resumed Alice's interrupted run",
  impact:
    'The attacker approves what only Alice may approve: the payment, the mail, the deletion that her agent asks about.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) => [
    post(`/threads/${target.thread.id}/runs/wait`, {
      assistant_id: agent,
      command: { update: message(marker), goto: '__end__' },
      ...halt,
    }),
    post(`/threads/${target.thread.id}/runs/wait`, { assistant_id: agent, command: { resume: marker }, ...halt }),
  ],
}
