import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

export const xrefConfigThreadId: Check = {
  id: 'xref.config.thread-id',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run on his thread does not reach the thread that its configuration names",
  failure: "Bob's run reached Alice's thread because its configuration named it",
  impact: 'Whoever learns the id of a thread reads that conversation and writes into it, from a thread of his own.',
  severity: 'critical',
  refs: ['API1', '639', '472'],
  event: 'threads:create_run',
  fix: serverBug('config.configurable.thread_id of a request must be overwritten with the id in the path'),
  needs: ['played'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse such a configuration to everybody.
  control: ({ halt, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
  requests: ({ halt, target, own, agent, message, marker }) => {
    const run = { assistant_id: agent, input: message(marker), ...halt }
    const path = `/threads/${own.thread.id}/runs/wait`
    const thread_id = target.thread.id
    return [
      post(path, { ...run, config: { configurable: { thread_id } } }),
      post(path, { ...run, config: { configurable: { thread_id, run_id: target.run.id, checkpoint_ns: '' } } }),
    ]
  },
  inspect: async ({ scene, attack, seen }) => seen(await attack(get(`/threads/${scene.own.thread.id}/state`))),
}
