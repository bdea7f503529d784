import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, get, post } from '../../probe.js'

export const deleteReplay: Check = {
  id: 'delete.replay',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "Bob can't replay a run that Alice has deleted",
  failure: 'Bob replayed a run that Alice had deleted',
  severity: 'high',
  refs: ['672', 'API1'],
  event: null,
  fix: serverBug('the event log of a run must go when the run or its thread goes'),
  needs: ['run'],
  own: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  // That Alice could replay it before she deleted it stands in the preparation; here her token is what matters.
  control: () => [post('/threads/search', { limit: 1 })],
  proof: 'success',
  prepare: ({ target }) => [
    get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
    del(`/threads/${target.thread.id}`),
  ],
  requests: ({ target, own }) => [
    get(`/threads/${own.thread.id}/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
    get(`/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
    get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, { 'last-event-id': '-1' }),
  ],
}
