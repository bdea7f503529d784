import { type Mutant, prove, route } from '../support/mutant.js'
import { type Call, type Overlay, threadSocket } from '../support/world.js'

const tokenOf = ({ headers }: Call) => headers.get('authorization') ?? ''

/** Calls that fit are done as this user. */
const as =
  (user: 'user1' | 'user2' | 'user3', fits: (call: Call) => boolean): Overlay =>
  (call, next) =>
    next(fits(call) ? call.as(user) : call)

const withoutToken = route('POST /runs/wait')

/** A route of the server's own, listed in its document, that only asks for a token where the path begins otherwise. */
const openBesideUi: Overlay = async (call, next) => {
  if (call.path === '/ui-private/data') {
    return call.method === 'GET' || call.user ? Response.json({ private: true }) : new Response('Who?', { status: 401 })
  }
  const answer = await next(call)
  if (call.path !== '/openapi.json') return answer
  const document = (await answer.json()) as { paths: Record<string, unknown> }
  return Response.json({ ...document, paths: { ...document.paths, '/ui-private/data': { get: {} } } })
}

const internal: Overlay = (call, next) =>
  call.path === '/internal/truncate' ? Response.json({ ok: true }) : next(call)

const mutants: Record<string, Mutant | Overlay> = {
  'boundary.no-token': as('user3', (call) => withoutToken(call) && [...call.headers.keys()].every(isOrdinary)),
  'boundary.junk-token': as('user1', (call) => /^Bearer user1-toke.$/.test(tokenOf(call))),
  'boundary.empty-token': as('user3', (call) => tokenOf(call) === 'Bearer null'),
  'boundary.scheme': as('user2', (call) => tokenOf(call) === 'Basic user1-token'),
  'boundary.near-miss': as('user1', (call) => tokenOf(call).toLowerCase() === 'bearer user1-token'),
  'boundary.prototype-key': as('user3', (call) => tokenOf(call) === 'Bearer constructor'),
  'boundary.two-tokens': as('user1', (call) => tokenOf(call).endsWith(' user1-token')),
  'boundary.token-elsewhere': as('user3', (call) => call.headers.has('x-api-key')),
  'boundary.studio-header': as('user3', (call) => !call.user && call.headers.get('x-auth-scheme') === 'langsmith'),
  'boundary.proxy-identity': as('user1', (call) => call.headers.get('x-forwarded-user') === 'user1'),
  'boundary.internal-routes': internal,
  'boundary.public-prefix': openBesideUi,
  // A cookie is a credential too, whatever page it came from.
  'boundary.websocket': { socket: threadSocket((call) => (call.headers.has('cookie') ? call.as('user1') : call)) },
}

function isOrdinary(header: string): boolean {
  return ['accept', 'user-agent', 'content-type', 'content-length', 'host', 'connection'].includes(header)
}

prove('boundary', mutants)
