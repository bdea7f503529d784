import type { Check } from '../../check.js'
import { onlookers } from '../../check-parts/onlookers.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { get, patch, post } from '../../probe.js'

export const ownerThreadPatch: Check = {
  id: 'owner.thread.patch',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't hand a thread or an assistant of his to others by changing its owner",
  failure: 'Bob changed the owner of something of his: what he wrote stands in the lists of others',
  impact: "The attacker hands over what he wrote: it stands in Alice's list as if she had made it.",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'threads:update',
  fix: stampOwner('threads:update'),
  needs: ['identity'],
  own: ['thread', 'assistant'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse the last two to everybody.
  control: ({ own, identity, marker }) => [
    patch(`/threads/${own.thread.id}`, { metadata: { [identity.ownerKey]: identity.own, iso_mark: marker } }),
    patch(`/assistants/${own.assistant.id}`, { metadata: { [identity.ownerKey]: identity.own, iso_mark: marker } }),
  ],
  requests: ({ own, identity, marker }) =>
    [`/threads/${own.thread.id}`, `/assistants/${own.assistant.id}`].flatMap((path) => [
      patch(path, { metadata: { [identity.ownerKey]: identity.target, iso_mark: marker } }),
      patch(path, { metadata: { [identity.ownerKey]: null } }),
      patch(path, { metadata: null }),
    ]),
  async inspect(inspection) {
    const { own, marker } = inspection.scene
    const found: Evidence[] = []
    for (const actor of onlookers(inspection)) {
      for (const path of [`/threads/${own.thread.id}`, `/assistants/${own.assistant.id}`]) {
        found.push(...inspection.seen(await inspection.as(actor, get(path))))
      }
    }
    const listed = post('/threads/search', { metadata: { iso_mark: marker }, limit: 1000 })
    found.push(...inspection.seen(await inspection.alice(listed)))
    return found
  },
}
