import type { Check, Scene } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { del, get, post } from '../../probe.js'

const FROM_THE_START = { 'last-event-id': '-1' }

const replays = ({ target, own }: Scene) => [
  get(`/threads/${own.thread.id}/runs/${target.run.id}/stream`, FROM_THE_START),
  get(`/runs/${target.run.id}/stream`, FROM_THE_START),
  get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, FROM_THE_START),
  post(`/threads/${target.thread.id}/stream/events`, { channels: ['values', 'messages'], since: 0 }),
]

export const deleteReplay: Check = {
  id: 'delete.replay',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "Bob can't replay a run that Alice has deleted",
  failure: 'Bob replayed a run that Alice had deleted',
  impact: 'What Alice deleted is still handed out. A run id from an old log is enough to read it.',
  severity: 'high',
  refs: ['672', 'API1'],
  event: null,
  fix: serverBug('the event log of a run must go when the run or its thread goes'),
  needs: ['run'],
  own: ['thread'],
  mutates: true,
  // A stream of events on a thread that is gone may open, and stay silent.
  waits: true,
  afterCheck: false,
  on2xx: 'leak-unless-empty',
  // That Alice could replay it before she deleted it stands in the preparation; here her token is what matters.
  control: () => [post('/threads/search', { limit: 1 })],
  proof: 'success',
  prepare: ({ target }) => [
    get(`/threads/${target.thread.id}/runs/${target.run.id}/stream`, FROM_THE_START),
    del(`/threads/${target.thread.id}/runs/${target.run.id}`),
  ],
  requests: replays,
  // The thread goes as well, and with it what a server may keep by thread.
  async inspect({ scene, alice, attack, seen }) {
    await alice(del(`/threads/${scene.target.thread.id}`))
    const found: Evidence[] = []
    for (const probe of replays(scene)) found.push(...seen(await attack(probe)))
    return found
  },
}
