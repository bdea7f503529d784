import type { Check, Scene } from '../../check.js'
import { onlookers } from '../../check-parts/onlookers.js'
import type { Evidence } from '../../evidence.js'
import { stampOwner } from '../../fix.js'
import { get, patch, post } from '../../probe.js'

/** What a filter may take for Alice, or for everybody. */
const valuesOf = ({ identity: { target, own } }: Scene): readonly (readonly [string, unknown])[] => [
  ['a list', [target, own]],
  ['an operator', { $eq: target }],
  ['a number', 1],
  ['a boolean', true],
  ['an empty text', ''],
  ['a long text', target.padEnd(4000, ' ')],
]

export const ownerValueTypes: Check = {
  id: 'owner.value-types',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: 'An owner that is no text makes a thread of Bob’s nobody else’s',
  failure: 'Bob made a thread of his visible to others with an owner that is no text',
  impact:
    'A list or an operator in the place of a name matches more than one user: what is planted with it stands in their lists.',
  severity: 'medium',
  refs: ['843', '1287'],
  event: 'threads:create',
  fix: `${stampOwner('threads:create')}; and the same for threads:update`,
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  // A server may refuse odd values to everybody.
  control: ({ identity }) => [post('/threads', { metadata: { [identity.ownerKey]: identity.own } })],
  proof: 'success',
  requests(scene) {
    const { own, fresh, identity, marker } = scene
    return valuesOf(scene).flatMap(([name, value]) => {
      const metadata = { [identity.ownerKey]: value, iso_mark: marker }
      return [post('/threads', { thread_id: fresh(name), metadata }), patch(`/threads/${own.thread.id}`, { metadata })]
    })
  },
  async inspect(inspection) {
    const { scene, as, seen } = inspection
    const found: Evidence[] = []
    // The ids of what he created are what counts in a list: the mark is in the request.
    const listed = post('/threads/search', { metadata: { iso_mark: scene.marker }, limit: 1000 })
    for (const actor of onlookers(inspection)) {
      found.push(...seen(await as(actor, get(`/threads/${scene.own.thread.id}`))), ...seen(await as(actor, listed)))
    }
    return found
  },
}
