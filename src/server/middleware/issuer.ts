import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { MiddlewareHandler } from 'hono'
import type { MountedIssuer, ServerEnv } from '../context.js'

/**
 * Hands everything below the path of the local issuer to it, request and answer as Node has them. It stands behind the check
 * of the Host header, and in front of everything that is the API's: CORS, limits, and who is calling.
 */
export function issuer({ path, handle }: MountedIssuer): MiddlewareHandler<ServerEnv> {
  return async function issuer(c, next) {
    const { incoming, outgoing } = c.env
    const below = c.req.path === path || c.req.path.startsWith(`${path}/`)
    if (!below || !incoming || !outgoing) return next()
    outgoing.setHeader('x-request-id', c.get('trace').requestId)
    await handle(incoming, outgoing)
    c.set('answered', { path: withoutIds(c.req.path), status: outgoing.statusCode })
    return RESPONSE_ALREADY_SENT
  }
}

/** Some of its addresses hold the id of a sign-in under way. */
function withoutIds(path: string): string {
  return path.replaceAll(/\/[\w-]{32,}/g, '/..')
}
