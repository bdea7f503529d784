import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const boundaryInternalRoutes: Check = {
  id: 'boundary.internal-routes',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} does not reach the route that wipes all data',
  failure: '{who} reached the route that wipes all data (asked to wipe nothing, it agreed)',
  severity: 'critical',
  refs: ['API5', 'API9', '425'],
  event: null,
  fix: serverBug('POST /internal/truncate acts on everybody and asks no handler'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  on2xx: 'leak',
  // A server without such a route is the best answer, so Alice's control is another one.
  control: ({ target }) => [post('/threads/search', { ids: [target.thread.id] })],
  requests: () => [post('/internal/truncate', {})],
}
