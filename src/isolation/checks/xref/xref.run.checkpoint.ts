import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

export const xrefRunCheckpoint: Check = {
  id: 'xref.run.checkpoint',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run on his thread does not continue from Alice's checkpoint",
  failure: "Bob's run on his thread continued from Alice's checkpoint",
  impact: 'Whoever learns the id of a checkpoint has the conversation up to there in a thread of his own.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:create_run',
  fix: serverBug('a checkpoint must be looked up under the thread in the path, whatever thread the body names'),
  needs: ['thread'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  // Where the graph stops before its first node, some servers answer with nothing.
  proof: 'success',
  control: ({ halt, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs/wait`, {
      assistant_id: agent,
      input: message(marker),
      checkpoint_id: own.thread.checkpoint,
      ...halt,
    }),
  ],
  requests({ halt, target: { thread }, own, agent, message, marker }) {
    const run = { assistant_id: agent, input: message(marker), ...halt }
    const path = `/threads/${own.thread.id}/runs/wait`
    const checkpoint_id = thread.checkpoint
    const checkpoint_map = { '': checkpoint_id }
    const checkpoint = { thread_id: thread.id, checkpoint_id, checkpoint_ns: '' }
    return [
      post(path, { ...run, checkpoint_id }),
      post(path, { ...run, checkpoint }),
      post(path, { ...run, checkpoint: { ...checkpoint, checkpoint_map } }),
      post(path, { ...run, config: { configurable: { checkpoint_id, checkpoint_ns: '', checkpoint_map } } }),
      // Without an input a run continues from there.
      post(path, { ...run, input: null, checkpoint }),
    ]
  },
  inspect: async ({ scene, attack, seen }) => seen(await attack(get(`/threads/${scene.own.thread.id}/state`))),
}
