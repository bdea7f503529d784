import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { settled } from '../../fixtures.js'
import { field, get, type Probe, succeeded } from '../../probe.js'

/** Long enough for a server to have begun with the answer. */
const HANG_UP_MS = 150

const leave = (path: string): Probe => ({ ...get(`${path}?cancel_on_disconnect=true`), hangUpMs: HANG_UP_MS })

export const streamDisconnect: Check = {
  id: 'stream.disconnect',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "Bob can't cancel Alice's run by joining it and hanging up",
  failure: "Bob cancelled Alice's run by joining it and hanging up",
  impact: "An attacker stops other users' work without being allowed to cancel anything.",
  severity: 'medium',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('cancel_on_disconnect must count only for whoever may cancel the run, and only on its own thread'),
  needs: ['pending', 'live'],
  own: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  waits: true,
  control: ({ target: { thread, run } }) => [leave(`/threads/${thread.id}/runs/${run.id}/stream`)],
  requests: () => [],
  // What the streams show is the finding of other checks; here it counts what becomes of the runs.
  async inspect({ scene, stage, attack, alice, stated }) {
    const { thread, run, live } = scene.target
    const joined = (id: string, path: string) => [
      leave(`${path}/runs/${id}/stream`),
      leave(`/threads/${scene.own.thread.id}/runs/${id}/stream`),
      leave(`/runs/${id}/stream`),
    ]
    const probes = [...joined(run.id, `/threads/${thread.id}`), ...joined(live.id, `/threads/${live.thread}`)]
    const [first] = await Promise.all(probes.map(attack))
    await settled(stage, 'alice', live.thread, live.id)
    const [pending, begun, state] = await Promise.all([
      alice(get(`/threads/${thread.id}/runs/${run.id}`)),
      alice(get(`/threads/${live.thread}/runs/${live.id}`)),
      alice(get(`/threads/${live.thread}/state`)),
    ])
    if (!first) return []
    const [status, outcome] = [field(pending, 'status'), field(begun, 'status')]
    const cancelled = typeof status === 'string' && status !== 'pending'
    if (cancelled) return [stated(first, 'run', `Alice's run is ${status}`)]
    if (succeeded(begun) && outcome === undefined) {
      return { kind: 'inconclusive', reason: 'what Alice reads of her run afterwards has no status' }
    }
    if (outcome === 'pending' || outcome === 'running') {
      return { kind: 'inconclusive', reason: "Alice's run did not begin in time, though nobody stopped it" }
    }
    const reached = !succeeded(state) || state.body.includes(live.secret)
    return reached ? [] : [stated(first, 'run', "Alice's run never began")]
  },
}
