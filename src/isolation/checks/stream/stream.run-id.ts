import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { field, get, post } from '../../probe.js'

export const streamRunId: Check = {
  id: 'stream.run-id',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't stream Alice's run by its id alone",
  failure: "{who} streamed Alice's run by its id alone",
  impact: 'The id of a run, which stands in logs and traces, is all it takes to read the conversation it belongs to.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('GET /runs/{run_id}/stream must ask threads:read for the thread of the run'),
  actors: ['bob', 'nobody'],
  needs: ['run', 'live'],
  mutates: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  proof: 'events',
  together: true,
  waits: true,
  control: ({ target: { live, run, thread } }) => [
    get(`/threads/${thread.id}/runs/${run.id}/stream`, { 'last-event-id': '-1' }),
    get(`/threads/${live.thread}/runs/${live.id}/stream`, { 'last-event-id': '-1' }),
  ],
  requests: ({ target }) => [get(`/runs/${target.run.id}/stream`), get(`/runs/${target.live.id}/stream`)],
  // A run without a thread has no route but this one.
  async inspect({ scene, alice, attack, seen }) {
    const { agent, halt, message, secret } = scene
    const made = await alice(
      post('/runs', { assistant_id: agent, input: message(secret('run.input')), stream_resumable: true, ...halt }),
    )
    const id = field(made, 'run_id')
    return typeof id === 'string' ? seen(await attack(get(`/runs/${id}/stream`))) : []
  },
}
