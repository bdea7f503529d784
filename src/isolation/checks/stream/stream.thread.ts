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
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: returnOwner('threads:read'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  // The end of a stream that is over may be all there is; what can be replayed, the last request shows.
  proof: (exchanges) => exchanges.some(({ body }) => /iso[a-z2-7]{26}/.test(body)),
  requests({ target }) {
    const path = `/threads/${target.thread.id}/runs/${target.run.id}/stream`
    return [
      get(path),
      get(`${path}?stream_mode=values`, { 'last-event-id': '-1' }),
      get(path, { 'last-event-id': '-1' }),
    ]
  },
}
