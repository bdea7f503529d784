import { setTimeout as sleep } from 'node:timers/promises'
import type { Check, Inspection } from '../../check.js'
import { serverBug } from '../../fix.js'
import { plant } from '../../fixtures.js'
import { type Exchange, field, frames, get, isStream, json, post, succeeded } from '../../probe.js'

const ID = 'stream.theft'

export const streamTheft: Check = {
  id: ID,
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: 'Bob takes nothing away from what Alice gets of her runs',
  failure: 'Alice got less of her own run after Bob had asked for it',
  impact: "An attacker makes answers disappear: the victim's page stays empty, and nothing tells why.",
  severity: 'high',
  refs: ['668', 'API1'],
  event: 'threads:read',
  fix: serverBug(
    'every reader of a run needs a position of its own; reading must not take events out of a shared queue',
  ),
  needs: ['played'],
  own: ['thread'],
  mutates: true,
  afterCheck: false,
  waits: true,
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}/runs/${target.run.id}`)],
  proof: 'success',
  requests: () => [],
  async inspect(inspection) {
    const found = await Promise.all([
      afterwards(inspection),
      meanwhile(inspection, 'stream'),
      meanwhile(inspection, 'wait'),
    ])
    return found.flat()
  },
}

/** Bob has asked for a run that is over; then Alice does, and for another that nobody has asked for. */
async function afterwards(inspection: Inspection) {
  const { scene, stage, attack, alice } = inspection
  const { thread, run } = scene.target
  const twin = await plant(stage, 'alice', ['played'], ID)
  await Promise.all([
    attack(get(`/threads/${scene.own.thread.id}/runs/${run.id}/stream`)),
    attack(get(`/runs/${run.id}/stream`)),
    attack(get(`/threads/${thread.id}/runs/${run.id}/stream`)),
  ])
  const [hers, whole] = await Promise.all([
    alice(get(`/threads/${thread.id}/runs/${run.id}/stream`)),
    alice(get(`/threads/${twin.thread.id}/runs/${twin.run.id}/stream`)),
  ])
  return compare(inspection, hers, whole)
}

/** Alice starts two equal runs, and Bob joins one of them in every way there is. */
async function meanwhile(inspection: Inspection, route: 'stream' | 'wait') {
  const { scene, stage, attack, alice } = inspection
  const [{ thread }, twin] = await Promise.all([
    plant(stage, 'alice', ['thread'], ID),
    plant(stage, 'alice', ['thread'], ID),
  ])
  const start = (id: string) =>
    stage.client.send(
      'alice',
      post(`/threads/${id}/runs/${route}`, {
        assistant_id: scene.agent,
        input: scene.message(scene.secret('run.input')),
        after_seconds: 1,
        // Two runs can be compared when no model takes part.
        interrupt_before: '*',
      }),
      { meanwhile: sleep(stage.settings.runTimeoutMs, undefined, { ref: false }) },
    )
  const join = async () => {
    let run: unknown
    for (let tries = 0; run === undefined && tries < 10; tries++) {
      await sleep(20)
      run = field(await alice(get(`/threads/${thread.id}/runs?limit=1`)), '0', 'run_id')
    }
    await Promise.all([
      attack(get(`/threads/${thread.id}/stream`)),
      attack(get(`/threads/${thread.id}/runs/${run}/stream`)),
      attack(get(`/threads/${scene.own.thread.id}/runs/${run}/stream`)),
      attack(get(`/runs/${run}/stream`)),
    ])
  }
  const [hers, whole] = await Promise.all([start(thread.id), start(twin.thread.id), join()])
  return compare(inspection, hers, whole)
}

function compare({ stated }: Inspection, hers: Exchange, whole: Exchange) {
  const [left, all] = [amountOf(hers), amountOf(whole)]
  if (!succeeded(hers) || !succeeded(whole) || left >= all) return []
  return [stated(hers, 'events', `Alice got ${left} of ${all} ${isStream(whole) ? 'events' : 'values'}`)]
}

/** How much there is: events of a stream, or everything in a state that is no container. */
function amountOf(exchange: Exchange): number {
  return isStream(exchange)
    ? frames(exchange).filter(({ event }) => event !== 'heartbeat').length
    : leaves(json(exchange))
}

function leaves(value: unknown): number {
  if (value === null || value === undefined) return 0
  if (typeof value !== 'object') return 1
  return Object.values(value).reduce((sum: number, inner) => sum + leaves(inner), 0)
}
