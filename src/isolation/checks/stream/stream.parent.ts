import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { settled } from '../../fixtures.js'
import { get, succeeded } from '../../probe.js'

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
  requests({ target, own }) {
    const path = `/threads/${own.thread.id}/runs/${target.run.id}/stream`
    return [get(path), get(path, { 'last-event-id': '-1' })]
  },
  // Some servers find out after a moment whose run it is. Whoever asks again and again is there when it begins.
  async inspect({ scene, stage, attack, seen }) {
    const { own, target } = scene
    let over = false
    const ending = settled(stage, target.owner, target.live.thread, target.live.id).then(() => (over = true))
    const evidence: Evidence[] = []
    while (!over && evidence.length === 0) {
      const joined = await attack(get(`/threads/${own.thread.id}/runs/${target.live.id}/stream`))
      evidence.push(...seen(joined))
      if (!succeeded(joined)) break
      await sleep(20)
    }
    await ending
    return evidence
  },
}
