import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get } from '../../probe.js'

export const streamFinished: Check = {
  id: 'stream.finished',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "Bob gets nothing of Alice's finished run that nobody listened to",
  failure: "Bob got the events of Alice's finished run that nobody had listened to",
  impact: 'Whatever ran in the background waits for the first who asks, and he need not be the one it was made for.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('events that were not delivered must not be handed to whoever asks first'),
  needs: ['played'],
  own: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  together: true,
  waits: true,
  // Alice herself may get nothing here either: these events are not kept.
  control: ({ target }) => [get(`/threads/${target.thread.id}/runs/${target.run.id}`)],
  proof: 'success',
  requests: ({ target, own }) => [
    get(`/threads/${own.thread.id}/runs/${target.run.id}/stream`),
    get(`/runs/${target.run.id}/stream`),
  ],
}
