import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const xrefStatelessThreadId: Check = {
  id: 'xref.stateless.thread-id',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run without a thread does not reach the thread that its body names",
  failure: "Bob's run without a thread reached Alice's thread because its body named it",
  impact:
    'Whoever learns the id of a thread reads that conversation and writes into it, through routes that guard no thread.',
  severity: 'critical',
  refs: ['API1', '639', '472'],
  event: 'threads:create_run',
  fix: serverBug('a run without a thread in its path must get a new one, whatever its body and its configuration name'),
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse a thread in the body to everybody.
  control: ({ halt, agent, message, marker }) => [
    post('/runs/wait', { assistant_id: agent, input: message(marker), ...halt }),
  ],
  requests({ halt, target, agent, message, marker }) {
    const run = { assistant_id: agent, input: message(marker), ...halt }
    const thread_id = target.thread.id
    const configured = { ...run, config: { configurable: { thread_id } } }
    const named = { ...run, thread_id }
    return [
      post('/runs/wait', configured),
      post('/runs/wait', named),
      post('/runs/stream', { ...configured, thread_id }),
      post('/runs/batch', [configured, named]),
    ]
  },
}
