import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post, succeeded, withoutIds } from '../../probe.js'

export const oracleCreate: Check = {
  id: 'oracle.create',
  family: 'oracle',
  resource: 'threads',
  operation: 'read',
  title: 'That an id is taken is all that Bob learns from trying to create it',
  failure: "Bob learns more than that an id is taken from trying to create Alice's",
  impact: 'Where clients choose ids, a conflict shows that an id exists. It should not show whose it is as well.',
  severity: 'info',
  refs: ['204'],
  event: null,
  fix: serverBug('a conflict must read the same, whoever owns what has the id'),
  needs: ['thread'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  // Without `do_nothing` her own id is taken for her too.
  control: ({ target }) => [post('/threads', { thread_id: target.thread.id, if_exists: 'do_nothing' })],
  proof: 'success',
  requests: ({ target }) => [post('/threads', { thread_id: target.thread.id })],
  async inspect({ scene, exchanges, attack, stated }) {
    const [hers] = exchanges
    if (!hers || succeeded(hers)) return []
    const his = await attack(post('/threads', { thread_id: scene.own.thread.id }))
    if (his.status !== hers.status) return []
    if (withoutIds(his.body) !== withoutIds(hers.body)) {
      return [stated(hers, 'owner', `${hers.status} with another text than for an id of his own`)]
    }
    return { kind: 'isolated', note: 'existence shows, as it must where clients choose ids', byRole: false }
  },
}
