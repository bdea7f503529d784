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
  severity: 'critical',
  refs: ['API1', '639', '472'],
  event: 'threads:create_run',
  fix: serverBug('config.configurable.thread_id of a request must be overwritten with the id in the path'),
  needs: ['thread'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ halt, target, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs/wait`, {
      assistant_id: agent,
      input: message(marker),
      config: { configurable: { thread_id: target.thread.id } },
      ...halt,
    }),
  ],
  inspect: async ({ scene, attack, seen }) => seen(await attack(get(`/threads/${scene.own.thread.id}/state`))),
}
