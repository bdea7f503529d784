import type { Check } from '../../check.js'
import { CREDENTIAL } from '../../check-parts/credentials-offered.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

export const credentialDeletedUser: Check = {
  ...CREDENTIAL,
  id: 'credential.deleted-user',
  operation: 'access',
  title: 'The token of a deleted user is refused',
  failure: 'The token of a deleted user is still accepted',
  impact: 'Whoever has left keeps his access until his token runs out, which may be never.',
  severity: 'high',
  refs: ['API2', '613'],
  event: 'authenticate',
  fix: authenticate('look the user up, and refuse one that is gone or blocked'),
  actors: ['nobody'],
  absent: ({ given }) => (given.has('deleted-user') ? undefined : 'only with --deleted-user-token'),
  on2xx: 'leak',
  requests: ({ target }) =>
    readingDoors(target.thread.id).map((probe) => ({ ...probe, disguise: { token: '{forged:deleted-user}' } })),
}
