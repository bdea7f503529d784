import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

const HEADERS = ['Bearer', 'Bearer ', 'Bearer null', 'Bearer undefined', 'Bearer 0', '']

export const boundaryEmptyToken: Check = {
  id: 'boundary.empty-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'An empty token, "null" and "undefined" are refused',
  failure: 'An empty token, "null" or "undefined" was accepted',
  impact:
    'Such a caller has an empty name, and that matches objects without an owner; some filters are dropped altogether when the name is empty.',
  severity: 'high',
  refs: ['API2', '287'],
  event: 'authenticate',
  fix: authenticate('refuse a token that is empty before looking it up'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests: ({ target }) =>
    HEADERS.flatMap((authorization) =>
      readingDoors(target.thread.id).map((probe) => ({ ...probe, disguise: { headers: { authorization } } })),
    ),
}
