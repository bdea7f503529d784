import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

const SCHEMES = { Basic: 'Basic {alice}', Token: 'Token {alice}', none: '{alice}' }

export const boundaryScheme: Check = {
  id: 'boundary.scheme',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: "Alice's token under another scheme is refused, or is still Alice's",
  failure: "Alice's token under another scheme made the caller somebody else",
  impact: 'Whoever knows which scheme is read in another way gets an identity that nobody gave him.',
  severity: 'medium',
  refs: ['API2', '287'],
  event: 'authenticate',
  fix: authenticate('accept exactly `Bearer <token>`'),
  actors: ['nobody'],
  needs: ['thread'],
  absent: ({ credential }) =>
    credential.header === 'authorization' ? undefined : 'the credential is not sent in an authorization header',
  on2xx: 'leak',
  proof: 'success',
  requests: ({ target }) =>
    Object.entries(SCHEMES).flatMap(([name, authorization]) =>
      readingDoors(target.thread.id).map((probe) => ({
        ...probe,
        disguise: { headers: { authorization } },
        asAlice: `the scheme is ignored: ${name}`,
      })),
    ),
}
