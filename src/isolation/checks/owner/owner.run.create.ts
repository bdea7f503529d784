import type { Check } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { field, get, post } from '../../probe.js'

export const ownerRunCreate: Check = {
  id: 'owner.run.create',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't create a thread in Alice's name by starting a run",
  failure: "Bob created a thread in Alice's name by starting a run",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'threads:create_run',
  fix: stampOwner('threads:create_run'),
  needs: ['identity'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ halt, fresh, marker, identity, agent, message }) => [
    post(`/threads/${fresh('thread')}/runs/wait`, {
      assistant_id: agent,
      input: message(marker),
      if_not_exists: 'create',
      metadata: { [identity.ownerKey]: identity.target, iso_mark: marker },
      ...halt,
    }),
  ],
  async inspect({ scene, alice, attack, seen, stated }) {
    const id = scene.fresh('thread')
    const found = seen(await alice(get(`/threads/${id}`)))
    const own = await attack(get(`/threads/${id}`))
    if (field(own, 'metadata', scene.identity.ownerKey) === scene.identity.target) {
      found.push(stated(own, 'owner', `metadata.${scene.identity.ownerKey} was stored as Alice`))
    }
    return found
  },
}
