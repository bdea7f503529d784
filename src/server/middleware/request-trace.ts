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
    const answered = c.get('answered')
    // Hono answers HEAD as GET and drops the body: a stream would be read by nobody, for ever.
    if (c.req.raw.method === 'HEAD') await c.res.body?.cancel()
    // Answers that were not made through the context have not got them.
    if (!answered && !c.res.headers.has('x-request-id'))
      for (const [name, value] of Object.entries(own)) c.res.headers.set(name, value)
    if (requestTrace.problem) requestTrace.problem = withoutCredentials(requestTrace.problem, c.req.raw.headers)
    onRequest?.({
      time: new Date(),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ...answered,
      ms: performance.now() - started,
      trace: requestTrace,
    })
  }
}

const CREDENTIALS = ['authorization', 'cookie', 'x-api-key', 'proxy-authorization']

/** What auth.ts throws may quote the credential that it refused; the log must not. */
function withoutCredentials(text: string, headers: Headers): string {
  const secrets = CREDENTIALS.flatMap((name) => (headers.get(name) ?? '').split(/[\s;,=]+/))
  return secrets
    .filter((secret) => secret.length >= 6 && !/^bearer$/i.test(secret))
    .reduce((kept, secret) => kept.replaceAll(secret, '[secret]'), text)
}
