import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const streamRunId: Check = {
  id: 'stream.run-id',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't stream Alice's run by its id alone",
  failure: "{who} streamed Alice's run by its id alone",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('GET /runs/{run_id}/stream must ask threads:read for the thread of the run'),
  actors: ['bob', 'nobody'],
  needs: ['run'],
  on2xx: 'leak-unless-empty',
  proof: (exchanges) => exchanges.some(({ body }) => /iso[a-z2-7]{26}/.test(body)),
  control: ({ target }) => [
    get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
  ],
  requests: ({ target }) => [
    get(`/runs/${target.run.id}/stream`),
    get(`/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
  ],
}
