import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { settled } from '../../fixtures.js'
import { get, type Probe, succeeded } from '../../probe.js'

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
  on2xx: 'own',
  together: true,
  waits: true,
  control: ({ target: { thread, run } }) => [leave(`/threads/${thread.id}/runs/${run.id}/stream`)],
  requests: ({ target: { thread, run, live }, own }) => [
    leave(`/threads/${thread.id}/runs/${run.id}/stream`),
    leave(`/threads/${own.thread.id}/runs/${run.id}/stream`),
    leave(`/runs/${run.id}/stream`),
    leave(`/threads/${live.thread}/runs/${live.id}/stream`),
    leave(`/threads/${own.thread.id}/runs/${live.id}/stream`),
    leave(`/runs/${live.id}/stream`),
  ],
  // The pending run is seen by the after-check. This one must have begun in spite of everything.
  async inspect({ scene, stage, exchanges, alice, stated }) {
    const { live } = scene.target
    await settled(stage, 'alice', live.thread, live.id)
    const state = await alice(get(`/threads/${live.thread}/state`))
    const [first] = exchanges
    if (!first || !succeeded(state) || state.body.includes(live.secret)) return []
    return [stated(first, 'run', "Alice's run never began")]
  },
}
