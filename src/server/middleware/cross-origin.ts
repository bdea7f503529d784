import type { Context, MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { CorsConfig, ServerEnv } from '../context.js'

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
const EXPOSED = ['content-location', 'location', 'x-pagination-total', 'x-pagination-next', 'x-request-id']
/** No page has it: a pattern that matches it matches every page. */
const ANY_PAGE = 'https://any-page.invalid'
const READING = ['GET', 'HEAD', 'OPTIONS']

/** Whose pages may ask, and what they are told. */
interface Policy {
  readonly allows: (origin: string) => boolean
  readonly answer: MiddlewareHandler
}

/**
 * Answers CORS for the origins that langgraph.json names, or for pages on this machine where it names none; and refuses
 * what a page of any other origin would change. CORS alone keeps such a page from reading the answer, not from sending
 * the request, and a request that needs no token of its own (`--no-auth`, cookies) would do its work.
 */
export function crossOrigin(): MiddlewareHandler<ServerEnv> {
  // Made once for each configuration, because a reload brings a new one.
  const made = new WeakMap<CorsConfig, Policy>()
  const local = localPolicy()

  return async function crossOrigin(c, next) {
    const origin = c.req.header('origin')
    if (origin === undefined) return next()
    const project = c.get('project')
    const config = project.kind === 'ready' ? project.http.cors : undefined
    const policy = config ? (made.get(config) ?? configuredPolicy(config)) : local
    if (config) made.set(config, policy)
    // While auth.ts is broken nothing can be changed, and 503 says more.
    const refuses = project.kind === 'ready' && !READING.includes(c.req.method)
    if (refuses && !policy.allows(origin) && !isOwnPage(origin, c)) {
      throw new AuthkitError('origin_not_allowed', `Pages of ${JSON.stringify(origin)} may not change anything here.`)
    }
    return policy.answer(c, next)
  }
}

function localPolicy(): Policy {
  const allows = (origin: string) => LOCAL.test(origin)
  return { allows, answer: cors({ origin: (origin) => (allows(origin) ? origin : null), exposeHeaders: EXPOSED }) }
}

function configuredPolicy(config: CorsConfig): Policy {
  const names = config.allow_origins ?? []
  const pattern = config.allow_origin_regex ? new RegExp(`^(?:${config.allow_origin_regex})$`) : undefined
  const everyone = names.includes('*') || pattern?.test(ANY_PAGE) === true
  const allows = (origin: string) => everyone || names.includes(origin) || pattern?.test(origin) === true
  const answer = cors({
    origin: (origin) => (everyone ? '*' : allows(origin) ? origin : null),
    allowMethods: [...(config.allow_methods ?? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])],
    allowHeaders: config.allow_headers?.includes('*') ? [] : [...(config.allow_headers ?? [])],
    // "Every page" and "with the cookies of the user" together would hand every user to every page.
    credentials: config.allow_credentials === true && !everyone,
    exposeHeaders: [...EXPOSED, ...(config.expose_headers ?? [])],
    ...(config.max_age === undefined ? {} : { maxAge: config.max_age }),
  })
  return { allows, answer }
}

/** A page that this server served itself, such as /docs. The Host header has been checked before. */
function isOwnPage(origin: string, c: Context<ServerEnv>): boolean {
  const host = c.req.header('host')?.toLowerCase()
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}
