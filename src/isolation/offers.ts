import { notImplemented } from './client.js'
import { type Exchange, get, json, type Method, post, routeOf, succeeded, withoutIds } from './probe.js'
import type { Stage } from './stage.js'

/** Reading all of a kind: `GET /threads`. */
const COLLECTION = /^GET \/[a-z]+$/

/** Whether this answer to somebody who may says that the server has no such route. */
export function unsupported(stage: Stage, exchange: Exchange): boolean {
  if (exchange.status === 405 || notImplemented(exchange)) return true
  // Where no object is named, none can be hidden.
  if (exchange.status === 404 && COLLECTION.test(routeOf(exchange.probe))) return true
  const { unknownRoute } = stage.learnt
  return (
    exchange.status === 404 &&
    exchange.status === unknownRoute.status &&
    withoutIds(exchange.body) === unknownRoute.body
  )
}

/** Routes by `METHOD /path`, with parameters as `{}`: one reading of the document a run. */
const documents = new WeakMap<Stage, Promise<ReadonlySet<string> | undefined>>()

/**
 * Why a check has to be skipped: the server says nowhere that it has this route. Its OpenAPI document decides where
 * Alice can read one; otherwise she calls the route, when that only reads.
 *
 * @example
 * absent: (stage) => notOffered(stage, 'GET', '/api-keys')
 */
export async function notOffered(stage: Stage, method: Method, path: string): Promise<string | undefined> {
  const reason = `this server offers no ${method} ${path}`
  let document = documents.get(stage)
  if (!document) {
    document = routesOf(stage)
    documents.set(stage, document)
  }
  const routes = await document
  if (routes) return routes.has(routeKey(method, path)) ? undefined : reason
  if (method !== 'GET' || path.includes('{')) return reason
  const answer = await stage.client.send('alice', get(path))
  return succeeded(answer) && !unsupported(stage, answer) && json(answer) !== undefined ? undefined : reason
}

async function routesOf(stage: Stage): Promise<ReadonlySet<string> | undefined> {
  const paths = (json(await stage.client.send('alice', get('/openapi.json'))) as { paths?: unknown } | null | undefined)
    ?.paths
  if (paths === null || typeof paths !== 'object') return undefined
  return new Set(
    Object.entries(paths as Record<string, object | null>).flatMap(([path, operations]) =>
      Object.keys(operations ?? {}).map((method) => routeKey(method, path)),
    ),
  )
}

function routeKey(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`
}

/** Why the checks of crons are skipped: some servers say of themselves that they have none, and then have none. */
export async function noCrons({ learnt, client }: Stage): Promise<string | undefined> {
  if (learnt.crons || succeeded(await client.send('alice', post('/runs/crons/search', { limit: 1 })))) return undefined
  return 'the server says that it has no crons'
}
