import { route } from './mutant.js'
import { type Overlay, ownedObjects, type WorldOptions } from './world.js'
import { json, remade, text } from './worlds.js'

/**
 * Honest servers that refuse in their own words: the real server, its refusals translated. The rules are the same as
 * ever, so none of them may raise an alarm, and what one does not offer is skipped.
 */
export interface Dialect extends WorldOptions {
  /** What this server does not offer, by the ids of the checks that need it. */
  readonly skips?: RegExp
  /** What nobody can decide there, because a route that it lacks is answered like an object that is hidden. */
  readonly opens?: RegExp
}

const SOCKETS = /^(boundary|stream)\.websocket@/

const refusal = (answer: Response) => [401, 403, 404, 409].includes(answer.status)

const onRun = route('GET /threads/:id/runs/:run/stream')
const onJoin = route('GET /threads/:id/runs/:run/join')
const byRun = route('GET /runs/:run/stream')
const creatingRun = route('POST /threads/:id/runs*')
const listingRuns = route('GET /threads/:id/runs')
const crons = route('* *runs/crons*')
const copying = route('POST /threads/:id/copy')
const counting = route('POST /threads/count')
const commanding = route('POST /threads/:id/commands')
const items = route('* /store/items*')

const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** Refuses in plain text, streams its refusals, and knows no crons. */
export function langgraphjs(): Dialect {
  const overlay: Overlay = async (call, next) => {
    if (crons(call)) return text(500, 'Not implemented')
    const answer = await next(call)
    if (!refusal(answer)) return answer
    if (answer.status === 401) return text(401, 'Unauthorized')
    if (copying(call)) return text(409, 'Thread not found')
    if (onRun(call) || byRun(call)) {
      return text(200, event('error', 'Run not found'), { 'content-type': 'text/event-stream' })
    }
    if (onJoin(call)) return json(200, { __error__: { error: 'Error', message: 'Run not found' } })
    if (creatingRun(call)) return new Response(null, { status: 404 })
    return text(answer.status, `${call.path.split('/')[2]} not found`)
  }
  return { overlay, skips: /cron/ }
}

/** Lists nothing where others refuse, keeps every store under its user, and lacks a few routes. */
export function aegra(): Dialect {
  const overlay: Overlay = async (call, next) => {
    if (copying(call) || counting(call)) return json(404, { detail: 'Not Found' })
    if (call.path.startsWith('/no-such-route')) return json(404, { detail: 'Not Found' })
    const answer = await next(call)
    if (items(call) || call.path === '/store/namespaces') return withoutLabels(answer, 2)
    if (!refusal(answer)) return answer
    if (listingRuns(call) && answer.status === 404) return json(200, [])
    if (commanding(call) && answer.status === 404) return json(200, { type: 'error', id: 1, error: 'no_such_thread' })
    if (answer.status === 401) return json(401, { error: 'unauthorized', message: 'Authentication required' })
    return json(answer.status, { error: 'not_found', message: 'No such object' })
  }
  return { auth: rewritingStore('users'), overlay, skips: /^thread\.(copy|count)/, opens: SOCKETS }
}

/** Refuses with 403 where a handler says no, to everybody and whatever is there. */
export function platform(): Dialect {
  const overlay: Overlay = async (call, next) => {
    const answer = await next(call)
    const unknown = call.path.startsWith('/no-such-route')
    return answer.status === 404 && !unknown ? json(403, { detail: 'Forbidden' }) : answer
  }
  return { overlay, opens: /^(assistant|thread)\.search@|\.websocket@/ }
}

/** Puts what it is given under the caller, and shows the whole namespace. */
export const rewriting = (): Dialect => ({ auth: rewritingStore() })

/** Reads what is not there, or not the caller's, as nothing. */
export function nulls(): Dialect {
  const overlay: Overlay = async (call, next) => {
    const answer = await next(call)
    const unknown = call.path.startsWith('/no-such-route')
    return call.method === 'GET' && answer.status === 404 && !unknown ? json(200, null) : answer
  }
  return { overlay, opens: /^thread\.search@|\.websocket@/ }
}

/** Errors as FastAPI writes them, which repeat what was sent. */
export function fastapi(): Dialect {
  const overlay: Overlay = async (call, next) => {
    const answer = await next(call)
    if (answer.status === 422 || answer.status === 400) {
      const detail = [{ type: 'value_error', loc: ['body'], msg: 'Value error', input: call.json }]
      return json(422, { detail })
    }
    if (!refusal(answer)) return answer
    return json(answer.status, { detail: `${call.method} ${call.path} was not found` })
  }
  return { overlay, opens: SOCKETS }
}

/** Every delete succeeds; what is not the caller's stays where it is. */
export function idempotent(): Dialect {
  const overlay: Overlay = async (call, next) => {
    const answer = await next(call)
    return call.method === 'DELETE' && answer.status === 404 ? new Response(null, { status: 204 }) : answer
  }
  return { overlay }
}

/** A patch of what is not there makes a thread of the caller's own. */
export function upserting(): Dialect {
  const patching = route('PATCH /threads/:id')
  const overlay: Overlay = async (call, next) => {
    const answer = await next(call)
    if (!patching(call) || answer.status !== 404) return answer
    return next(call.but({ method: 'POST', path: '/threads', json: { metadata: call.json.metadata } }))
  }
  return { overlay }
}

/** The owner-only rules, with a store that moves every namespace under its user. */
function rewritingStore(...root: string[]) {
  return ownedObjects().on('store', ({ value, user }) => {
    const space = value as { namespace?: string[] }
    space.namespace = [...root, user.identity, ...(space.namespace ?? [])]
  })
}

async function withoutLabels(answer: Response, count: number): Promise<Response> {
  const body = await answer
    .clone()
    .json()
    .catch(() => undefined)
  if (body === undefined || body === null) return answer
  const shorter = (row: { namespace?: string[] }) =>
    row.namespace ? { ...row, namespace: row.namespace.slice(count) } : row
  const items = body.items?.map(shorter)
  const namespaces = body.namespaces?.map((labels: string[]) => labels.slice(count))
  return remade(
    answer,
    {},
    JSON.stringify({ ...shorter(body), ...(items ? { items } : {}), ...(namespaces ? { namespaces } : {}) }),
  )
}
