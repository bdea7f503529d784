import type { Check } from '../../check.js'
import { answerToAnything } from '../../check-parts/doors.js'
import { serverBug } from '../../fix.js'
import { get, post, routeOf, succeeded } from '../../probe.js'

const ROUTES = [
  '/metrics',
  '/debug',
  '/debug/vars',
  '/debug/pprof/',
  '/admin',
  '/_authkit',
  '/_authkit/state',
  '/internal',
  '/internal/state',
  '/mcp/',
]
const WIPE = '/internal/truncate'

export const boundaryInternalRoutes: Check = {
  id: 'boundary.internal-routes',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} does not reach routes that are meant for the server itself',
  failure: '{who} reached a route that is meant for the server itself',
  impact: 'Such a route acts on everybody: the best known one wipes all data of all users with one request.',
  severity: 'critical',
  refs: ['API5', 'API9', '425'],
  event: null,
  fix: serverBug('such routes act on everybody and ask no handler'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  wants: ['assistant'],
  on2xx: 'own',
  // A server without such routes is the best answer, so Alice's control is another one.
  control: ({ target }) => [post('/threads/search', { ids: [target.thread.id] })],
  // Without a flag the route that wipes changes nothing; that it agrees is the finding.
  requests: ({ target }) => [
    post(WIPE, {}),
    ...ROUTES.map((path) => get(path)),
    ...(target.has('assistant') ? [get(`/a2a/${target.assistant.id}`)] : []),
  ],
  async inspect(inspection) {
    const { exchanges, stated } = inspection
    const anything = await answerToAnything(inspection)
    return exchanges
      .filter((exchange) => succeeded(exchange) && exchange.body !== anything)
      .filter(({ actor, probe }) => actor === 'nobody' || probe.path === WIPE)
      .map((exchange) => {
        const agreed = exchange.probe.path === WIPE ? 'asked to wipe nothing, it agreed' : 'it answered'
        return stated(exchange, 'answer', `${exchange.status} on ${routeOf(exchange.probe)}: ${agreed}`)
      })
  },
}
