import type { Check } from '../../check.js'
import { CREDENTIAL, needsRoutes } from '../../check-parts/credentials-offered.js'
import { makeSpace } from '../../check-parts/spaces.js'
import { serverBug } from '../../fix.js'
import { get, json, patch, post, succeeded } from '../../probe.js'

export const spaceCross: Check = {
  ...CREDENTIAL,
  id: 'space.cross',
  operation: 'takeover',
  title: "Bob neither sees, changes nor joins a space of Alice's, and changes nothing where he may only read",
  failure: "Bob saw, changed or joined a space of Alice's",
  impact: 'What a team keeps to itself is open to whoever knows its id, or to every member whatever his role.',
  severity: 'high',
  refs: ['API1', 'API5', '639'],
  event: null,
  fix: serverBug('spaces are reached by their id without a look at who is a member, or in which role'),
  needs: ['thread', 'identity'],
  absent: needsRoutes(['POST', '/spaces'], ['GET', '/spaces/{id}'], ['POST', '/spaces/{id}/members']),
  async inspect(inspection) {
    const { attack, alice, scene, seen, stated } = inspection
    // Bob is a member of one of them, so his list may show that one, whose name and id are planted for nobody.
    const [closed, shared] = await Promise.all([
      makeSpace(inspection, spaceCross.id, {}),
      makeSpace(inspection, spaceCross.id, { [scene.identity.own]: 'viewer' }),
    ])
    if ('kind' in closed) return closed
    if ('kind' in shared) return shared
    const paths = { closed: `/spaces/${closed.id}`, shared: `/spaces/${shared.id}` }
    const evidence = [...seen(await attack(get(paths.closed))), ...seen(await attack(get('/spaces')))]
    const before = await Promise.all([alice(get(paths.closed)), alice(get(paths.shared))])
    const writes = [
      patch(paths.closed, { name: scene.marker }),
      post(`${paths.closed}/members`, { user_id: scene.identity.own, role: 'owner' }),
      patch(paths.shared, { name: scene.marker }),
      post(`${paths.shared}/members`, { user_id: scene.identity.own, role: 'owner' }),
    ]
    const done = []
    for (const probe of writes) done.push(await attack(probe))
    const after = await Promise.all([alice(get(paths.closed)), alice(get(paths.shared))])
    for (const [index, exchange] of after.entries()) {
      if (!succeeded(exchange) || JSON.stringify(json(exchange)) === JSON.stringify(json(before[index] ?? exchange)))
        continue
      const guilty = done.slice(index * 2).find(succeeded) ?? done[index * 2]
      if (guilty) evidence.push(stated(guilty, 'after-check', "Alice's space is not what it was"))
    }
    return evidence
  },
}
