import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { get } from '../../probe.js'

export const streamThread: Check = {
  id: 'stream.thread',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't join the stream of Alice's run",
  failure: "{who} joined the stream of Alice's run",
  impact: 'Whoever learns the id of a run reads the conversation while it is written, every token and every tool call.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  // The end of a stream that is over may be all there is; what can be replayed, the last requests show.
  proof: 'events',
  together: true,
  waits: true,
  requests({ target }) {
    const path = `/threads/${target.thread.id}/runs/${target.run.id}/stream`
    return [
      get(path),
      get(`${path}?stream_mode=values`),
      get(path, { 'last-event-id': '-1' }),
      get(path, { 'last-event-id': '0' }),
    ]
  },
}
