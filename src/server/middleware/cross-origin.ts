import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { CorsConfig, ServerEnv } from '../context.js'

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
const EXPOSED = ['content-location', 'location', 'x-pagination-total', 'x-pagination-next', 'x-request-id']

/** Answers CORS for the origins that langgraph.json names, or for pages on this machine where it names none. */
export function crossOrigin(): MiddlewareHandler<ServerEnv> {
  // Made once for each configuration, because a reload brings a new one.
  const made = new WeakMap<CorsConfig, MiddlewareHandler>()
  const local = cors({ origin: (origin) => (LOCAL.test(origin) ? origin : null), exposeHeaders: EXPOSED })

  return async function crossOrigin(c, next) {
    if (!c.req.header('origin')) return next()
    const project = c.get('project')
    const config = project.kind === 'ready' ? project.http.cors : undefined
    if (!config) return local(c, next)
    const known = made.get(config) ?? fromConfig(config)
    made.set(config, known)
    return known(c, next)
  }
}

function fromConfig(config: CorsConfig): MiddlewareHandler {
  const names = config.allow_origins ?? []
  const pattern = config.allow_origin_regex ? new RegExp(`^(?:${config.allow_origin_regex})$`) : undefined
  return cors({
    origin: (origin) => (names.includes('*') || names.includes(origin) || pattern?.test(origin) ? origin : null),
    allowMethods: [...(config.allow_methods ?? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])],
    allowHeaders: config.allow_headers?.includes('*') ? [] : [...(config.allow_headers ?? [])],
    credentials: config.allow_credentials ?? false,
    exposeHeaders: [...EXPOSED, ...(config.expose_headers ?? [])],
    ...(config.max_age === undefined ? {} : { maxAge: config.max_age }),
  })
}
