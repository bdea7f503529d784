import { gzipSync } from 'node:zlib'
import { authOf, type Call, type Next, type Overlay, type User, type WorldOptions } from './world.js'

/**
 * Worlds that are no mutants: rules that went wrong as a whole, and servers and proxies that refuse, fail, or answer in
 * ways of their own. Each is a layer in front of the real server.
 */

/** Looks at no token: everybody is user1. */
export const open: WorldOptions = { overlay: (call, next) => next(call.as('user1')) }

/** Knows who calls and decides nothing, so that every user sees everything. */
export const noRules = (): WorldOptions => ({ auth: authOf() })

/** Both tokens belong to user1. */
export const oneUser: WorldOptions = { overlay: (call, next) => next(call.user ? call.as('user1') : call) }

/** Filters by an owner that no handler has stamped. */
export const unstamped = (): WorldOptions => ({
  auth: authOf().on(['threads:read', 'threads:search'], ({ user }) => ({ owner: user.identity })),
})

/** One user's token is refused from the first request on. */
export const lockedOut = (user: User): WorldOptions => ({
  overlay: (call, next) => (call.user === user ? text(401, 'Invalid token') : next(call)),
})

/** Only Alice may copy threads, whoever owns them. */
export const roleless: WorldOptions = {
  overlay: (call, next) =>
    call.user !== 'user1' && call.path.endsWith('/copy') ? text(403, 'Not your role') : next(call),
}

/** Threads are made and never deleted. */
export const undeletable: WorldOptions = {
  overlay: (call, next) =>
    (call.method === 'DELETE' && /^\/threads\/[^/]+$/.test(call.path)) || call.path === '/threads/prune'
      ? json(404, { detail: 'Not found' })
      : next(call),
}

/** Once somebody else has tried to delete a thread, Alice finds nothing of hers any more. */
export function forgetsAlice(): WorldOptions {
  let forgotten = false
  return {
    overlay: (call, next) => {
      forgotten ||= call.method === 'DELETE' && call.user !== 'user1'
      return forgotten && call.user === 'user1' ? json(404, { detail: 'Not found' }) : next(call)
    },
  }
}

/** What it refuses to Bob, it refuses with a crash. */
export const crashing: WorldOptions = {
  overlay: async (call, next) => {
    const answer = await next(call)
    return call.user === 'user2' && answer.status >= 400 ? json(500, { detail: 'oops' }) : answer
  },
}

/** Serves the planting, and answers everything else in one way. */
export function oncePlanted(overlay: Overlay): WorldOptions {
  const planting = isPlanting()
  return { overlay: (call, next) => (planting(call) ? next(call) : overlay(call, next)) }
}

/** What the suite needs to get going: the fixtures, and the threads of its preflight, which have no state. */
function isPlanting(): (call: Call) => boolean {
  const threads = new Map<string, { secret: unknown; written: boolean }>()
  const keys = new Set<unknown>()
  return ({ method, path, json: body }) => {
    const [, kind, id = '', sub] = path.split('/')
    if (path === '/info') return true
    if (method === 'POST' && body.metadata?.authkit_isolation !== undefined) {
      if (path === '/threads') threads.set(body.thread_id, { secret: body.metadata.secret, written: false })
      return true
    }
    if (method === 'PATCH' && kind === 'assistants') return body.config?.configurable?.apikey !== undefined
    if (method === 'PUT') return !keys.has(body.key) && keys.add(body.key).size > 0
    const thread =
      path === '/threads/search'
        ? [...threads.values()].find(({ secret }) => secret !== undefined && secret === body.metadata?.secret)
        : threads.get(id)
    if (!thread || thread.written) return false
    if (method === 'POST' && sub === 'state') {
      thread.written = true
      return true
    }
    return sub === undefined && (method === 'GET' || method === 'POST')
  }
}

/** Accepts one user's token for so many requests. */
export function expires(user: User, requests: number): WorldOptions {
  let left = requests
  return {
    overlay: (call, next) => (call.user === user && left-- <= 0 ? text(401, 'Token expired') : next(call)),
  }
}

/** Every third request comes too fast, and is served when it comes again. */
export function impatient(): Overlay {
  const known = new Set<string>()
  return (call, next) => {
    const request = [call.method, call.url, call.headers.get('authorization'), call.text].join()
    if (known.has(request) || known.add(request).size % 3 !== 0) return next(call)
    return text(429, 'Slow down', { 'retry-after': '0' })
  }
}

/** Every answer takes its time. */
export const slow =
  (ms: number): Overlay =>
  async (call, next) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return next(call)
  }

/** A proxy that sends everybody whom the server refuses to another place. */
export const redirects =
  (location: string, body?: (call: Call, next: Next) => Promise<string>): Overlay =>
  async (call, next) => {
    const answer = await next(call)
    if (call.user === 'user1' || ![401, 403, 404].includes(answer.status)) return answer
    return text(302, body ? await body(call, next) : 'Found', { location })
  }

/** A proxy that packs every answer, and says so. */
export const packed: Overlay = async (call, next) => {
  const answer = await next(call)
  const body = gzipSync(Buffer.from(await answer.arrayBuffer()))
  return remade(answer, { 'content-encoding': 'gzip' }, answer.status === 204 ? null : body)
}

/** A proxy that calls every answer the same thing. */
export const mistyped =
  (type: string): Overlay =>
  async (call, next) =>
    remade(await next(call), { 'content-type': type })

/** Whatever it refuses or serves to Bob, the connection breaks after so many bytes. */
export const breaking =
  (bytes: number): Overlay =>
  async (call, next) => {
    const answer = await next(call)
    if (call.user !== 'user2' || answer.status < 400) return answer
    const start = Buffer.from(await answer.arrayBuffer()).subarray(0, bytes)
    const body = new ReadableStream({
      async pull(controller) {
        if (bytes > 0) controller.enqueue(start)
        await new Promise((resolve) => setTimeout(resolve, 5))
        controller.error(new Error('broken'))
      },
    })
    return remade(answer, { 'content-length': String(bytes + 1000) }, body)
  }

/** What Bob is refused becomes another answer. */
export const instead =
  (answer: () => Response): Overlay =>
  async (call, next) => {
    const real = await next(call)
    return call.user === 'user2' && real.status >= 400 ? answer() : real
  }

/** Every answer repeats the credential of its request, plain and encoded. */
export const echoing =
  (inner: Overlay = (call, next) => next(call)): Overlay =>
  async (call, next) => {
    const answer = await inner(call, next)
    const token = call.headers.get('authorization') ?? ''
    const encoded = Buffer.from(token.split(' ').at(-1) ?? '').toString('base64')
    if (answer.status < 400) return remade(answer, { 'x-credential': `${token} ${encoded}` })
    return text(answer.status, `${await answer.text()} ${token} ${encoded}`)
  }

/** Next to everything stands what somebody else has written. */
export const strangers =
  (words: string, inner: Overlay): Overlay =>
  async (call, next) => {
    const answer = await inner(call, next)
    const body = await answer
      .clone()
      .json()
      .catch(() => undefined)
    if (body?.metadata === undefined) return answer
    return remade(answer, {}, JSON.stringify({ ...body, metadata: { stranger: words, ...body.metadata } }))
  }

/** One layer in front of another. */
export const behind =
  (outer: Overlay, inner: Overlay): Overlay =>
  (call, next) =>
    outer(call, async (passed) => inner(passed, next))

export function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': 'text/plain', ...headers } })
}

export function json(status: number, body: unknown): Response {
  return Response.json(body, { status })
}

/** The same answer with other headers, or another body. */
export function remade(
  answer: Response,
  changes: Record<string, string>,
  body: BodyInit | null = answer.body,
): Response {
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  for (const [name, value] of Object.entries(changes)) headers.set(name, value)
  return new Response(body, { status: answer.status, headers })
}
