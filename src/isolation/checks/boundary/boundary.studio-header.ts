import type { Check } from '../../check.js'
import { answerToAnything, everyDoor } from '../../check-parts/doors.js'
import { serverBug } from '../../fix.js'
import { routeOf, succeeded } from '../../probe.js'

export const boundaryStudioHeader: Check = {
  id: 'boundary.studio-header',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} gains nothing from the header of LangGraph Studio',
  failure: '{who} was served because of the header x-auth-scheme: langsmith',
  impact:
    'Anybody who knows this header is a user of the server: he runs agents at your cost, writes, and reads whatever no handler filters.',
  severity: 'critical',
  refs: ['API2', '290'],
  event: null,
  fix: serverBug('set "auth": { "disable_studio_auth": true } in langgraph.json'),
  actors: ['nobody', 'bob'],
  needs: ['thread'],
  wants: ['item'],
  on2xx: 'own',
  proof: 'success',
  straight: (scene) => everyDoor(scene).filter(({ method, path }) => method === 'GET' || path.endsWith('/search')),
  requests: (scene) =>
    everyDoor(scene).map((probe) => ({ ...probe, disguise: { headers: { 'x-auth-scheme': 'langsmith' } } })),
  // Bob has a token, so he may be served. Nobody may not.
  async inspect(inspection) {
    const { exchanges, stated } = inspection
    const anything = await answerToAnything(inspection)
    return exchanges
      .filter((exchange) => exchange.actor === 'nobody' && succeeded(exchange) && exchange.body !== anything)
      .map((exchange) => stated(exchange, 'answer', `${exchange.status} on ${routeOf(exchange.probe)} without a token`))
  },
}
