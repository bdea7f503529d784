import { Hono } from 'hono'
import { AuthkitError } from '../errors/authkit-error.js'
import type { NodeBindings, ServerDeps, ServerEnv } from './context.js'
import { errorResponse } from './errors.js'
import { authenticate } from './middleware/authenticate.js'
import { bodySize } from './middleware/body-size.js'
import { crossOrigin } from './middleware/cross-origin.js'
import { groupSwitch } from './middleware/group-switch.js'
import { hostCheck } from './middleware/host-check.js'
import { issuer } from './middleware/issuer.js'
import { requestTrace } from './middleware/request-trace.js'
import { mount, type Route } from './route.js'
import { assistantRoutes } from './routes/assistants.js'
import { cronRoutes } from './routes/crons.js'
import { metaRoutes } from './routes/meta.js'
import { protocolRoutes } from './routes/protocol.js'
import { runRoutes } from './routes/runs.js'
import { storeRoutes } from './routes/store.js'
import { threadStateRoutes } from './routes/thread-state.js'
import { threadStreamRoutes } from './routes/thread-stream.js'
import { threadRoutes } from './routes/threads.js'

export type Fetch = (request: Request, bindings?: NodeBindings) => Response | Promise<Response>

export interface App {
  readonly fetch: Fetch
  /** Every route, for documents and for tests that hold all of them to a rule. */
  readonly routes: readonly Route[]
}

/**
 * The API as a function from requests to answers.
 *
 * The order is the safety: what is public stands in front of `authenticate`, everything else behind it, unknown routes
 * included.
 */
export function createApp(deps: ServerDeps): App {
  const app = new Hono<ServerEnv>({ strict: true })
  const guarded = [
    ...assistantRoutes(deps),
    ...threadRoutes(deps),
    ...threadStateRoutes(deps),
    ...threadStreamRoutes(deps),
    ...protocolRoutes(deps),
    ...cronRoutes(deps),
    ...runRoutes(deps),
    ...storeRoutes(deps),
  ]
  const open = metaRoutes(deps, guarded)

  app.onError((error, c) => errorResponse(error, c.get('trace')))
  app.notFound((c) => errorResponse(new AuthkitError('not_found', 'Not Found'), c.get('trace')))

  app.use(requestTrace(deps))
  app.use(hostCheck(deps.hosts))
  if (deps.issuer) app.use(issuer(deps.issuer))
  app.use(crossOrigin())
  app.use(groupSwitch('meta'))
  mount(app, open)
  // In front of authenticate(), which may read the body too.
  app.use(bodySize(deps.maxBodyBytes))
  app.use(authenticate())
  app.use(groupSwitch('assistants', 'threads', 'runs', 'store'))
  mount(app, guarded)

  return { fetch: (request, bindings = {}) => app.fetch(request, bindings), routes: [...open, ...guarded] }
}
