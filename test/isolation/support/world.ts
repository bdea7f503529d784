import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { Auth } from '../../../src/engine/auth.js'
import { HTTPException } from '../../../src/engine/http-exception.js'
import { open, type ServeOptions, type TestServer } from '../../support/server.js'

/** Who calls, as the honest server sees it; undefined is nobody, or somebody whose token nobody issued. */
export type User = 'user1' | 'user2' | 'user3'

const USERS: readonly User[] = ['user1', 'user2', 'user3']

// biome-ignore lint/suspicious/noExplicitAny: what a request says is whatever a check sends
type Json = any

/** A request on its way to the real server, with its body read. Overlays look at it and pass it on, changed or not. */
export interface Call {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly url: URL
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; an empty object where it is none. */
  readonly json: Json
  readonly user: User | undefined
  /** The same request with another user's token. */
  as(user: User): Call
  /** The same request, altered. A body is sent as JSON. */
  but(changes: { method?: string; path?: string; json?: unknown; headers?: Record<string, string | null> }): Call
}

export type Next = (call: Call) => Promise<Response>

/** A fault, in front of the real server. Its own requests go through `next` as well. */
export type Overlay = (call: Call, next: Next) => Response | Promise<Response>

export interface World {
  readonly url: URL
  readonly server: TestServer
  /** Every request, oldest first. */
  readonly seen: readonly Call[]
  /** What is still there, of all users. */
  remaining(): Promise<{ threads: number; assistants: number; crons: number; items: number }>
  close(): Promise<void>
}

export interface WorldOptions extends Omit<ServeOptions, 'auth'> {
  readonly auth?: Auth
  readonly overlay?: Overlay
}

/** The real server, with the owner-only rules of the template and the tokens of Alice, Bob and Carol, behind an overlay. */
export async function startWorld({ auth = ownerOnly(), overlay, ...options }: WorldOptions = {}): Promise<World> {
  const server = await open({ ...options, auth })
  const seen: Call[] = []
  const next: Next = async (call) => server.app.fetch(requestOf(call))
  const fetch = async (request: Request): Promise<Response> => {
    const call = await callOf(request)
    seen.push(call)
    return overlay ? overlay(call, next) : next(call)
  }
  const listening = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  const { port } = listening.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    server,
    seen,
    async remaining() {
      const counts = await Promise.all(USERS.map((user) => countFor(server, user)))
      const sum = (kind: keyof (typeof counts)[number]) => counts.reduce((total, count) => total + count[kind], 0)
      return { threads: sum('threads'), assistants: sum('assistants'), crons: sum('crons'), items: sum('items') }
    },
    async close() {
      await new Promise<void>((resolve) => {
        listening.close(() => resolve())
        if ('closeAllConnections' in listening) listening.closeAllConnections()
      })
      await server.close()
    },
  }
}

async function countFor(server: TestServer, user: User) {
  const client = server.as(`${user}-token`)
  const length = async (path: string, body: unknown) => (await client.post(path, body)).json<unknown[]>().length
  const items = (await client.post('/store/items/search', { namespace_prefix: [user], limit: 1000 })).json<{
    items: unknown[]
  }>()
  return {
    threads: await length('/threads/search', { limit: 1000 }),
    assistants: await length('/assistants/search', { limit: 1000 }),
    crons: await length('/runs/crons/search', { limit: 1000 }),
    items: items.items.length,
  }
}

/** `user1-token` is user1. Everybody sees what they made, and a store of their own. */
export function ownerOnly(): Auth {
  return ownedObjects().on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
}

/** The same without a rule for the store. */
export function ownedObjects(): Auth {
  return authOf()
    .on(
      [
        'threads:create',
        'threads:create_run',
        'threads:update',
        'assistants:create',
        'assistants:update',
        'crons:create',
        'crons:update',
      ],
      ({ value, user }) => {
        const stored = value as { metadata?: Record<string, unknown> | null }
        stored.metadata = Object.assign(stored.metadata ?? {}, { owner: user.identity })
        return { owner: user.identity }
      },
    )
    .on(['threads', 'assistants', 'crons'], ({ user }) => ({ owner: user.identity }))
}

/** Only who is calling is decided. */
export function authOf(): Auth {
  return new Auth().authenticate((request: Request) => {
    const user = userOf(request.headers)
    if (!user) throw new HTTPException(401, { message: 'Who are you?' })
    return { identity: user }
  })
}

function userOf(headers: Headers): User | undefined {
  const token = /^Bearer (\S+)$/.exec(headers.get('authorization') ?? '')?.[1]
  return USERS.find((user) => `${user}-token` === token)
}

async function callOf(request: Request): Promise<Call> {
  return makeCall({
    method: request.method,
    url: new URL(request.url),
    headers: new Headers(request.headers),
    text: await request.text(),
  })
}

function makeCall(parts: Pick<Call, 'method' | 'url' | 'headers' | 'text'>): Call {
  const { method, url, headers, text } = parts
  return {
    ...parts,
    path: url.pathname,
    json: parsed(text),
    user: userOf(headers),
    as(user) {
      const worn = new Headers(headers)
      worn.set('authorization', `Bearer ${user}-token`)
      return makeCall({ method, url, headers: worn, text })
    },
    but(changes) {
      const changed = new Headers(headers)
      for (const [name, value] of Object.entries(changes.headers ?? {})) {
        if (value === null) changed.delete(name)
        else changed.set(name, value)
      }
      if (changes.json !== undefined) changed.set('content-type', 'application/json')
      return makeCall({
        method: changes.method ?? method,
        url: changes.path === undefined ? url : new URL(changes.path, url),
        headers: changed,
        text: changes.json === undefined ? text : JSON.stringify(changes.json),
      })
    },
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

function requestOf({ method, url, headers, text }: Call): Request {
  const sent = new Headers(headers)
  sent.delete('content-length')
  const bodiless = method === 'GET' || method === 'HEAD' || text === ''
  return new Request(url, { method, headers: sent, ...(bodiless ? {} : { body: text }) })
}
