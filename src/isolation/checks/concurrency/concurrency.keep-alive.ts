import { randomInt } from 'node:crypto'
import type { ActorName } from '../../actor.js'
import type { Check, Scene } from '../../check.js'
import { bleedIn, NO_LINE } from '../../check-parts/bleed.js'
import { serverBug } from '../../fix.js'
import { type Exchange, get, type Probe, post } from '../../probe.js'

const REQUESTS = 100
const PIPELINES = 5
const ACTORS = ['alice', 'bob', 'nobody'] as const

/** What anybody may ask for; whose it is must not matter to a server that looks at each request. */
function routes({ target, own }: Scene): Probe[] {
  return [target.thread, own.thread].flatMap(({ id, secret }) => [
    get(`/threads/${id}`),
    get(`/threads/${id}/state`),
    post('/threads/search', { metadata: { secret }, limit: 5 }),
    post(`/threads/${id}/history`, { limit: 5 }),
  ])
}

export const concurrencyKeepAlive: Check = {
  id: 'concurrency.keep-alive',
  family: 'concurrency',
  resource: 'server',
  operation: 'access',
  title: 'Each request on a shared connection is answered for its own user',
  failure: 'An answer on a shared connection belonged to another user',
  impact: "Behind a proxy that reuses connections, users see each other's data by chance, without any attack.",
  severity: 'critical',
  refs: ['488'],
  event: 'authenticate',
  fix: serverBug('who is calling must be found out for every request, and never be kept with the connection'),
  needs: ['thread'],
  own: ['thread'],
  when: 'alone',
  on2xx: 'own',
  absent: ({ client }) => (client.line ? undefined : NO_LINE),
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  requests: () => [],
  async inspect(inspection) {
    const { scene, stage } = inspection
    const probes = routes(scene)
    const any = (actor: ActorName) => [actor, probes[randomInt(probes.length)] as Probe] as const
    const exchanges: Exchange[] = []
    // A server that keeps a user with the connection keeps the first: each of them is that once.
    for (const first of ['alice', 'bob'] as const) {
      const line = stage.client.line?.()
      if (!line) return []
      try {
        exchanges.push(await line.send(...any(first)))
        for (let count = 0; count < REQUESTS; count++) {
          exchanges.push(await line.send(...any(ACTORS[randomInt(ACTORS.length)] ?? 'nobody')))
        }
        for (let count = 0; count < PIPELINES; count++) {
          exchanges.push(...(await line.pipeline([any('alice'), any('nobody'), any('bob')])))
        }
      } finally {
        line.close()
      }
    }
    return bleedIn(inspection, exchanges)
  },
}
