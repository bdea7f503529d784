import type { Check } from '../../check.js'
import { CREDENTIAL, needsRoutes, undecided } from '../../check-parts/credentials-offered.js'
import { untilRefused } from '../../check-parts/revocation.js'
import { makeSpace } from '../../check-parts/spaces.js'
import { serverBug } from '../../fix.js'
import { del, get, succeeded } from '../../probe.js'

export const credentialRoleChange: Check = {
  ...CREDENTIAL,
  id: 'credential.role-change',
  operation: 'access',
  title: 'Bob loses a space when he is removed from it, with the token he has',
  failure: 'Bob was removed from a space and still reads it with the token he has',
  impact: 'Taking a permission away works only for those who sign in again.',
  severity: 'high',
  refs: ['API5', '269'],
  event: null,
  fix: serverBug('permissions are read from the token instead of from where they are changed'),
  needs: ['thread', 'identity'],
  waits: true,
  absent: needsRoutes(
    ['POST', '/spaces'],
    ['GET', '/spaces/{id}'],
    ['POST', '/spaces/{id}/members'],
    ['DELETE', '/spaces/{id}/members/{user_id}'],
  ),
  async inspect(inspection) {
    const { attack, alice, scene } = inspection
    const space = await makeSpace(inspection, credentialRoleChange.id, { [scene.identity.own]: 'editor' })
    if ('kind' in space) return space
    const probe = get(`/spaces/${space.id}`)
    if (!succeeded(await attack(probe))) return undecided('Bob did not see the space while he was a member')
    const removed = await alice(del(`/spaces/${space.id}/members/${scene.identity.own}`))
    if (!succeeded(removed)) return undecided(`Alice could not remove Bob (${removed.status})`)
    return untilRefused(inspection, probe)
  },
}
