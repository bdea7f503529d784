import { randomUUID } from 'node:crypto'
import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { settled } from '../../fixtures.js'
import { del, field, get, type Probe, post, succeeded } from '../../probe.js'

const command = (thread: string, method: string, params: object): Probe =>
  post(`/threads/${thread}/commands`, { id: 1, method, params })

export const streamV2Squat: Check = {
  id: 'stream.v2.squat',
  family: 'stream',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't get hold of Alice's thread by sending a command to its id first",
  failure: "Bob got hold of Alice's thread by sending a command to its id first",
  impact:
    'Whoever knows an id before its owner uses it has her runs stored as his, or locks her out of a thread she has had ' +
    'for long.',
  severity: 'high',
  refs: ['441', '706'],
  event: 'threads:create',
  fix: serverBug(
    'a command must leave nothing behind that decides for later callers, and no thread belongs to whoever asked first',
  ),
  needs: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  proof: 'data',
  control: ({ target }) => [command(target.thread.id, 'state.get', {})],
  requests: () => [],
  async inspect({ scene, stage, attack, alice, stated }) {
    const [fresh, twin] = [randomUUID(), randomUUID()]
    for (const id of [fresh, twin]) stage.ledger.reserve({ kind: 'thread', id, owner: 'alice' })
    // Without an input no step is taken, so it costs nothing.
    const start = (id: string) => alice(command(id, 'run.start', { assistant_id: scene.agent, input: null }))

    const touched = await attack(command(fresh, 'state.get', {}))
    const [started, whole] = await Promise.all([start(fresh), start(twin)])
    if (field(whole, 'type') !== 'success')
      return { kind: 'skipped', reason: 'Alice starts no thread by a command here' }
    if (!succeeded(started)) return [stated(touched, 'thread', `Alice then got ${started.status} for that id`)]
    await Promise.all([settled(stage, 'alice', fresh), settled(stage, 'alice', twin)])
    const [hers, control, bobs] = await Promise.all([
      alice(get(`/threads/${fresh}`)),
      alice(get(`/threads/${twin}`)),
      attack(get(`/threads/${fresh}`)),
    ])
    const evidence =
      succeeded(bobs) && field(bobs, 'thread_id') === fresh
        ? [stated(bobs, 'thread', 'the thread of the run that Alice then started')]
        : []
    if (succeeded(control) && hers.status >= 400 && hers.status < 500) {
      evidence.push(stated(touched, 'thread', `Alice got ${hers.status} for the thread of her own run`))
    }

    const { id } = scene.target.thread
    const before = await attack(command(id, 'state.get', {}))
    const after = await alice(command(id, 'state.get', {}))
    if (after.status >= 400 && after.status < 500 && after.status !== 429) {
      evidence.push(stated(before, 'thread', `Alice then got ${after.status} for her own thread`))
    }
    for (const thread of [fresh, twin]) await alice(del(`/threads/${thread}`))
    return evidence
  },
}
