import type { MiddlewareHandler } from 'hono'
import type { ServerEnv } from '../context.js'

/**
 * Asks who is calling, before anything is known about the route: what does not exist is as closed as what does. The
 * public routes stand in front of this.
 */
export function authenticate(): MiddlewareHandler<ServerEnv> {
  return async function authenticate(c, next) {
    const project = c.get('project')
    if (project.kind === 'broken') throw project.error
    c.set('caller', await project.engine.authenticate(c.req.raw, c.get('trace')))
    await next()
  }
}
