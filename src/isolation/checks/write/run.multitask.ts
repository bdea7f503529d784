import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { post } from '../../probe.js'

export const runMultitask: Check = {
  id: 'run.multitask',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't push Alice's waiting run aside with one of their own",
  failure: "{who} pushed Alice's waiting run aside with one of their own",
  impact: "The attacker stops or undoes what Alice's agent is doing, and puts a run of his in its place.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: returnOwner('threads:create_run'),
  actors: ['bob', 'nobody'],
  needs: ['pending'],
  mutates: true,
  on2xx: 'own',
  requests: ({ halt, target, agent, message, marker }) =>
    ['interrupt', 'rollback', 'enqueue'].map((multitask_strategy) =>
      post(`/threads/${target.thread.id}/runs`, {
        assistant_id: agent,
        input: message(marker),
        multitask_strategy,
        ...halt,
      }),
    ),
}
