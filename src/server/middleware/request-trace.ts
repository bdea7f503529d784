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
    // What one user is told must not be kept for another.
    const own = { 'x-request-id': requestTrace.requestId, 'cache-control': 'no-store' }
    // Before the answer is made: changing the headers of one that is there costs more than making it.
    for (const [name, value] of Object.entries(own)) c.header(name, value)
    await next()
    // Answers that were not made through the context have not got them.
    if (!c.res.headers.has('x-request-id'))
      for (const [name, value] of Object.entries(own)) c.res.headers.set(name, value)
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
