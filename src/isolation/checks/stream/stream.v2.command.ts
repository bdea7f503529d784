import { randomUUID } from 'node:crypto'
import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { settled } from '../../fixtures.js'
import { type Exchange, field, get, json, type Probe, post, succeeded } from '../../probe.js'

const command = (thread: string, method: string, params: object): Probe =>
  post(`/threads/${thread}/commands`, { id: 1, method, params })

const STUDIO = { headers: { authorization: null, 'x-auth-scheme': 'langsmith' } }

/** How many runs a list shows; undefined where it is none. */
const runsIn = (list: Exchange): number | undefined => {
  const rows = json(list)
  return Array.isArray(rows) ? rows.length : undefined
}

export const streamV2Command: Check = {
  id: 'stream.v2.command',
  family: 'stream',
  resource: 'threads',
  operation: 'stream',
  title: "{who} can't start or answer a run on Alice's thread by a command",
  failure: "{who} started a run on Alice's thread by a command",
  impact:
    'An attacker writes into the conversation, and the run executes as its owner: with her tools, her connections, and ' +
    'his answer where she was asked.',
  severity: 'critical',
  refs: ['441', '639'],
  event: 'threads:create_run',
  fix: serverBug('every command must be decided by the credential it came with, not by that of an earlier one'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  afterCheck: false,
  on2xx: 'own',
  proof: 'data',
  control: ({ target }) => [command(target.thread.id, 'state.get', {})],
  requests: () => [],
  async inspect({ scene, stage, attack, alice, seen, stated }) {
    const [hers, twin] = [randomUUID(), randomUUID()]
    for (const thread_id of [hers, twin]) {
      stage.ledger.reserve({ kind: 'thread', id: thread_id, owner: 'alice' })
      await alice(post('/threads', { thread_id, metadata: { authkit_isolation: stage.runId } }))
      // She has used it once: some servers remember her from then on.
      await alice(command(thread_id, 'state.get', {}))
    }
    // On a thread without a state and without an input no step is taken, so it costs nothing.
    const start = { assistant_id: scene.agent, input: null, metadata: { iso_mark: scene.marker } }
    const tried = [
      await attack(command(hers, 'run.start', start)),
      await attack({ ...command(hers, 'run.start', start), disguise: STUDIO }),
      await attack(command(hers, 'input.respond', { interrupt_id: scene.absent(), response: scene.marker })),
    ]
    const own = await alice(command(twin, 'run.start', start))
    await Promise.all([settled(stage, 'alice', hers), settled(stage, 'alice', twin)])
    const [after, control] = await Promise.all([
      alice(get(`/threads/${hers}/runs`)),
      alice(get(`/threads/${twin}/runs`)),
    ])
    const guilty = tried.find(succeeded) ?? tried[0]
    const evidence = tried.flatMap(seen)
    const added = runsIn(after)
    if (guilty && added !== undefined && added > 0) {
      evidence.push(stated(guilty, 'after-check', `Alice's thread has ${added} runs that she did not start`))
    }
    if (evidence.length > 0) return evidence
    if (field(own, 'type') !== 'success') return { kind: 'skipped', reason: 'Alice starts no run by a command either' }
    const open = tried.find(({ status }) => status === 0 || status === 429 || status >= 500)
    if (open || added === undefined || !runsIn(control)) {
      return { kind: 'inconclusive', reason: `${open?.status || 'no list of runs'} where a refusal was to be expected` }
    }
    return []
  },
}
