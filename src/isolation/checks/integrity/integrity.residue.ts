import type { ActorName } from '../../actor.js'
import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'

export const integrityResidue: Check = {
  id: 'integrity.residue',
  family: 'integrity',
  resource: 'threads',
  operation: 'takeover',
  title: "Nothing of one user's stands in the lists of others when the attacks are over",
  failure: "Something of one user's stands in the lists of others",
  impact:
    'Something crossed the border without being noticed on the way: planted content, or an object that changed its owner.',
  severity: 'medium',
  refs: ['API3'],
  event: 'threads:create',
  fix: stampOwner('threads:create'),
  needs: ['thread'],
  when: 'last',
  on2xx: 'own',
  requests: () => [],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  async inspect({ scene, stage, as, stated }) {
    const metadata = { authkit_isolation: scene.runId }
    const lists = ['/threads/search', '/assistants/search', '/runs/crons/search']
    const looks: [ActorName, Probe][] = lists.flatMap((path) => [
      ['alice', post(path, { limit: 1000 })],
      ['bob', post(path, { limit: 1000 })],
      ['nobody', post(path, { metadata, limit: 1000 })],
    ])
    const found: Evidence[] = []
    for (const [actor, list] of looks) {
      const exchange = await as(actor, list)
      const hits = stage.client.hits(exchange).filter(({ check }) => unreported(stage.leaked, actor, check))
      found.push(...hits.map(({ slot, check = 'the fixtures' }) => stated(exchange, slot, `planted for ${check}`)))
    }
    return found
  },
}

/** What a check has already reported is not reported again, nor are lists of Bob's that leak as a whole. */
function unreported(leaked: ReadonlySet<string>, reader: string, check: string | undefined): boolean {
  if (check !== undefined && leaked.has(check)) return false
  return reader === 'alice' || ![...leaked].some((id) => id.includes('.search'))
}
