import type { Owner } from '../../actor.js'
import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import { bleedIn } from '../../check-parts/bleed.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

const ID = 'concurrency.stream'
const STREAMS: readonly Owner[] = ['alice', 'bob', 'alice', 'bob', 'alice', 'bob']

export const concurrencyStream: Check = {
  id: ID,
  family: 'concurrency',
  resource: 'threads',
  operation: 'stream',
  title: 'Streams that are open at the same time carry only their own events',
  failure: 'Of streams that were open at the same time, one carried the events of another user',
  impact: "Parts of other people's conversations appear in one's own while it is written.",
  severity: 'critical',
  refs: ['488'],
  event: 'threads:create_run',
  fix: serverBug('events must be sent to the streams of their own run, and to no others'),
  needs: ['thread'],
  when: 'alone',
  on2xx: 'own',
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const { stage, scene } = inspection
    const exchanges = await Promise.all(
      STREAMS.map((owner) => {
        const marker = newCanary()
        stage.secrets.plant({ value: marker, slot: 'run.input', owner, check: ID, hard: true })
        const body = { assistant_id: scene.agent, input: scene.message(marker), ...scene.halt }
        return stage.client.send(owner, post('/runs/stream', body), { once: true })
      }),
    )
    return bleedIn(inspection, exchanges)
  },
}
