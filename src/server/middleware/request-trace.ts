import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { createTrace } from '../../engine/trace.js'
import type { ServerDeps, ServerEnv } from '../context.js'

/** Gives every request an id, a trace, and the project as it is at this moment; tells the log when it is answered. */
export function requestTrace({ project, onRequest }: ServerDeps): MiddlewareHandler<ServerEnv> {
  return async function trace(c, next) {
    const started = performance.now()
    const requestTrace = createTrace(randomUUID())
    c.set('trace', requestTrace)
    c.set('project', project())
    await next()
    c.res.headers.set('x-request-id', requestTrace.requestId)
    // What one user is told must not be kept for another.
    c.res.headers.set('cache-control', 'no-store')
    onRequest?.({
      time: new Date(),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: performance.now() - started,
      trace: requestTrace,
    })
  }
}
