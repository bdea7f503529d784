import type { Check } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { get, patch } from '../../probe.js'

export const ownerThreadPatch: Check = {
  id: 'owner.thread.patch',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't hand a thread of his to Alice by changing its owner",
  failure: 'Bob changed the owner of his thread to Alice: what he wrote stands in her list',
  severity: 'high',
  refs: ['API3', '915'],
  event: 'threads:update',
  fix: stampOwner('threads:update'),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ own, identity, marker }) => [
    patch(`/threads/${own.thread.id}`, { metadata: { [identity.ownerKey]: identity.target, iso_mark: marker } }),
  ],
  inspect: async ({ scene, alice, seen }) => seen(await alice(get(`/threads/${scene.own.thread.id}`))),
}
