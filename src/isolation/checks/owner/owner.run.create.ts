import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { field, get, post, succeeded } from '../../probe.js'

export const ownerRunCreate: Check = {
  id: 'owner.run.create',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't create a thread in Alice's name by starting a run",
  failure: "Bob created a thread in Alice's name by starting a run",
  impact: "The attacker plants a conversation in Alice's list, or one that acts in her name.",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'threads:create_run',
  fix: stampOwner('threads:create_run'),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests({ halt, own, fresh, marker, identity, agent, message }) {
    const run = {
      assistant_id: agent,
      input: message(marker),
      metadata: { [identity.ownerKey]: identity.target, iso_mark: marker },
      ...halt,
    }
    return [
      post(`/threads/${own.thread.id}/runs/wait`, run),
      // Here the thread is made on the way to the run, which is another piece of code than POST /threads.
      post(`/threads/${fresh('thread')}/runs/wait`, { ...run, if_not_exists: 'create' }),
    ]
  },
  async inspect({ scene, exchanges, alice, attack, seen, stated }) {
    const { own, identity } = scene
    const found: Evidence[] = []
    for (const [index, id] of [own.thread.id, scene.fresh('thread')].entries()) {
      const run = exchanges[index]
      found.push(...seen(await alice(get(`/threads/${id}`))), ...seen(await alice(get(`/threads/${id}/runs`))))
      const his = await attack(get(`/threads/${id}`))
      if (field(his, 'metadata', identity.ownerKey) === identity.target) {
        found.push(stated(his, 'owner', `metadata.${identity.ownerKey} was stored as Alice`))
      } else if (run && succeeded(run) && his.status === 404) {
        found.push(stated(his, 'owner', 'Bob ran on it, and lost it with that'))
      }
    }
    return found
  },
}
