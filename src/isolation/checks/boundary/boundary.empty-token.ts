import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { type Probe, post } from '../../probe.js'

const HEADERS = ['Bearer', 'Bearer null', 'Bearer undefined', 'Bearer 0', '']

export const boundaryEmptyToken: Check = {
  id: 'boundary.empty-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'An empty token, "null" and "undefined" are refused',
  failure: 'An empty token, "null" or "undefined" was accepted',
  severity: 'high',
  refs: ['API2', '287'],
  event: 'authenticate',
  fix: authenticate('refuse a token that is empty before looking it up'),
  actors: ['nobody'],
  // So that Alice's own search has something to show.
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests: () =>
    HEADERS.map(
      (header): Probe => ({
        ...post('/threads/search', {}),
        disguise: { headers: { authorization: header } },
      }),
    ),
}
