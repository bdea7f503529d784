import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const streamParent: Check = {
  id: 'stream.parent',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "Bob can't stream Alice's run through a thread of his",
  failure: "Bob streamed Alice's run through a thread of his",
  impact:
    'Any user reads any run whose id he learns: the server asks about the thread in the path, which is his, and then ' +
    'hands out the run, which is not.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('the events of a run must be looked up under the thread in the path, not by the id of the run alone'),
  needs: ['run', 'live'],
  own: ['thread'],
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
  requests: ({ target, own }) => [
    get(`/threads/${own.thread.id}/runs/${target.run.id}/stream`),
    get(`/threads/${own.thread.id}/runs/${target.live.id}/stream`),
  ],
}
