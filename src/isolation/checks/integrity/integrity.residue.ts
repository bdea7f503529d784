import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { get, post } from '../../probe.js'

export const integrityResidue: Check = {
  id: 'integrity.residue',
  family: 'integrity',
  resource: 'threads',
  operation: 'takeover',
  title: "Nothing of one user's stands in the lists of the other when the attacks are over",
  failure: "Something of one user's stands in the lists of the other",
  severity: 'medium',
  refs: ['API3'],
  event: 'threads:create',
  fix: stampOwner('threads:create'),
  needs: ['thread'],
  when: 'last',
  on2xx: 'own',
  requests: () => [],
  control: ({ target }) => [get(`/threads/${target.thread.id}`)],
  async inspect({ stage, alice, attack, stated }) {
    const lists = [post('/threads/search', { limit: 1000 }), post('/assistants/search', { limit: 1000 })]
    const found: Evidence[] = []
    for (const list of lists) {
      for (const exchange of [await alice(list), await attack(list)]) {
        const hits = stage.client.hits(exchange).filter(({ check }) => unreported(stage.leaked, exchange.actor, check))
        found.push(...hits.map(({ slot, check = 'the fixtures' }) => stated(exchange, slot, `planted for ${check}`)))
      }
    }
    return found
  },
}

/** What a check has already reported is not reported again, nor are lists of Bob's that leak as a whole. */
function unreported(leaked: ReadonlySet<string>, reader: string, check: string | undefined): boolean {
  if (check !== undefined && leaked.has(check)) return false
  return reader === 'alice' || ![...leaked].some((id) => id.includes('.search'))
}
