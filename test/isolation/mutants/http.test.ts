import { type Mutant, prove } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

const ofTypes = (call: Call, ...types: string[]) => types.includes(call.headers.get('content-type') ?? '')

/** The method in the header is done with nobody's check. */
const methodOverride: Overlay = (call, next) => {
  const method = call.headers.get('x-http-method-override')
  return next(call.user !== 'user1' && method ? call.as('user1').but({ method }) : call)
}

/** The check sees the path as it is, the route one without double slashes. */
const cleanedPath: Overlay = (call, next) =>
  next(call.path.startsWith('//threads/') ? call.as('user1').but({ path: call.path.slice(1) }) : call)

const rewritten: Overlay = (call, next) => {
  const path = call.headers.get('x-original-url')
  return next(path ? call.as('user1').but({ path }) : call)
}

/** The check reads the first of two equal keys, the route the last one. */
const lastKey: Overlay = (call, next) =>
  next(call.text.split('"namespace_prefix":').length > 2 ? call.as('user1') : call)

const reflected: Overlay = async (call, next) => {
  const answer = await next(call)
  const origin = call.headers.get('origin')
  if (!origin) return answer
  const headers = new Headers(answer.headers)
  headers.set('access-control-allow-origin', origin)
  headers.set('access-control-allow-credentials', 'true')
  return new Response(answer.body, { status: answer.status, headers })
}

/** A cache in front of the server that knows paths and no users. */
function sharedCache(): Overlay {
  const kept = new Map<string, string>()
  return async (call, next) => {
    if (!call.url.search.includes('iso_cache')) return next(call)
    const known = kept.get(call.url.href)
    if (known !== undefined) return new Response(known, { headers: { 'x-cache': 'HIT' } })
    const answer = await next(call)
    if (answer.ok) kept.set(call.url.href, await answer.clone().text())
    return answer
  }
}

const talkative: Overlay = async (call, next) => {
  const answer = await next(call)
  if (answer.status !== 422 || call.user !== 'user2') return answer
  return new Response('TypeError: no iterable\n    at search (/srv/app/search.js:12:7)', { status: 400 })
}

const mutants: Record<string, Mutant | Overlay> = {
  'http.method-override': methodOverride,
  'http.path': cleanedPath,
  'http.rewrite-headers': rewritten,
  'http.duplicate-params': lastKey,
  'http.content-type': (call, next) =>
    next(call.method === 'PATCH' && ofTypes(call, 'text/plain') ? call.as('user1') : call),
  'http.cors': reflected,
  'http.cache': { overlay: sharedCache() },
  'http.errors': talkative,
}

prove('http', mutants)
