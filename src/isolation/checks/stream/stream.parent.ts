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
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('the events of a run must be looked up under the thread in the path, not by the id of the run alone'),
  needs: ['run'],
  own: ['thread'],
  on2xx: 'leak-unless-empty',
  proof: (exchanges) => exchanges.some(({ body }) => /iso[a-z2-7]{26}/.test(body)),
  control: ({ target }) => [
    get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
  ],
  requests({ target, own }) {
    const path = `/threads/${own.thread.id}/runs/${target.run.id}/stream`
    return [get(path), get(path, { 'last-event-id': '-1' })]
  },
}
