import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'

const CHANNELS = ['values', 'messages', 'updates', 'lifecycle', 'checkpoints']
const FIRST = { 'last-event-id': '-1' }

export const streamReplay: Check = {
  id: 'stream.replay',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "Bob can't replay Alice's finished run from its first event",
  failure: "Bob replayed Alice's finished run from its first event",
  impact: 'Runs that ended long ago can be read from the beginning, as often as one likes, by whoever knows their id.',
  severity: 'high',
  refs: ['API1', '639', '672'],
  event: 'threads:read',
  fix: serverBug('a replay must be let through by the same question as the live stream: who may read the thread'),
  needs: ['run'],
  own: ['thread'],
  on2xx: 'leak-unless-empty',
  proof: 'events',
  together: true,
  waits: true,
  control: ({ target: { thread, run } }) => [get(`/threads/${thread.id}/runs/${run.id}/stream`, FIRST)],
  requests({ target, own }) {
    const byId: Probe = get(`/runs/${target.run.id}/stream`, FIRST)
    return [
      get(`/threads/${own.thread.id}/runs/${target.run.id}/stream`, FIRST),
      byId,
      { ...byId, disguise: { headers: { authorization: null, 'x-auth-scheme': 'langsmith' } } },
      post(`/threads/${target.thread.id}/stream/events`, { channels: CHANNELS, since: 0 }),
    ]
  },
}
