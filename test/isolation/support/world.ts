import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Http2Bindings, type HttpBindings, type ServerType, serve } from '@hono/node-server'
import { WebSocketServer } from 'ws'
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
  /** The connection it came on: an object that is the same for every request on it. */
  readonly connection: object
  /** Aborted when the caller has hung up. */
  readonly signal: AbortSignal
  /** The same request with another user's token. */
  as(user: User): Call
  /** The same request, altered. A body is sent as JSON. */
  but(changes: { method?: string; path?: string; json?: unknown; headers?: Record<string, string | null> }): Call
}

export type Next = (call: Call) => Promise<Response>

/** A fault, in front of the real server. Its own requests go through `next` as well. */
export type Overlay = (call: Call, next: Next) => Response | Promise<Response>

/**
 * A WebSocket, which the real server has none of: the status that refuses it, or what it says when it opens (`undefined`)
 * and to each message.
 */
export type SocketOverlay = (
  call: Call,
  next: Next,
) => Promise<number | ((message: string | undefined) => Promise<readonly string[]>)>

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
  readonly socket?: SocketOverlay
}

/** The real server, with the owner-only rules of the template and the tokens of Alice, Bob and Carol, behind an overlay. */
export async function startWorld({
  auth = ownerOnly(),
  overlay,
  socket,
  ...options
}: WorldOptions = {}): Promise<World> {
  const server = await open({ ...options, auth })
  const seen: Call[] = []
  const next: Next = async (call) => server.app.fetch(requestOf(call))
  const fetch = async (request: Request, { incoming }: HttpBindings | Http2Bindings): Promise<Response> => {
    const call = await callOf(request, incoming.socket)
    seen.push(call)
    return overlay ? overlay(call, next) : next(call)
  }
  const listening = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  if (socket) {
    const sockets = new WebSocketServer({ noServer: true })
    listening.on('upgrade', async (request: IncomingMessage, connection: Socket, head: Buffer) => {
      const call = upgradeOf(request)
      seen.push(call)
      const answer = await socket(call, next)
      if (typeof answer === 'number') {
        connection.end(`HTTP/1.1 ${answer} Refused\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      sockets.handleUpgrade(request, connection, head, async (opened) => {
        const say = (messages: readonly string[]) => {
          for (const message of messages) opened.send(message)
        }
        opened.on('message', async (message) => say(await answer(String(message))))
        say(await answer(undefined))
      })
    })
  }
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
export function ownerOnly(base = authOf()): Auth {
  return ownedObjects(base).on('store', ({ value, user }) => {
    if (value.namespace?.[0] !== user.identity) throw new HTTPException(403)
  })
}

/** The same without a rule for the store. */
export function ownedObjects(base = authOf()): Auth {
  return base
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

/** Only who is calling is decided; `names` calls users otherwise. */
export function authOf(names: Partial<Record<User, string>> = {}): Auth {
  return new Auth().authenticate((request: Request) => {
    const user = userOf(request.headers)
    if (!user) throw new HTTPException(401, { message: 'Who are you?' })
    return { identity: names[user] ?? user }
  })
}

function userOf(headers: Headers): User | undefined {
  const token = /^Bearer (\S+)$/.exec(headers.get('authorization') ?? '')?.[1]
  return USERS.find((user) => `${user}-token` === token)
}

async function callOf(request: Request, connection: object): Promise<Call> {
  return makeCall({
    connection,
    signal: request.signal,
    method: request.method,
    url: new URL(request.url),
    headers: new Headers(request.headers),
    text: await request.text(),
  })
}

function upgradeOf({ url = '/', headers, socket }: IncomingMessage): Call {
  const kept = Object.entries(headers).filter(([name]) => !/^(connection|upgrade|sec-websocket-.*)$/.test(name))
  return makeCall({
    connection: socket,
    signal: new AbortController().signal,
    method: 'GET',
    url: new URL(url, 'http://127.0.0.1'),
    headers: new Headers(Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))),
    text: '',
  })
}

/**
 * The second protocol over a WebSocket, on top of the real server: it opens for whoever may read the thread, tells the
 * last state when it is subscribed to, and passes commands on. `taken` is who the server takes the caller for.
 */
export function threadSocket(taken: (call: Call) => Call = (call) => call): SocketOverlay {
  return async (asked, next) => {
    const [, thread] = /^\/threads\/([^/]+)\/stream\/events$/.exec(asked.path) ?? []
    if (thread === undefined) return 404
    const caller = taken(asked)
    const command = (json: unknown) =>
      next(caller.but({ method: 'POST', path: `/threads/${thread}/commands`, json, headers: { origin: null } }))
    const state = { id: 0, method: 'state.get', params: {} }
    const { status } = await command(state)
    if (status !== 200) return status
    return async (message) => {
      if (message === undefined) return []
      const { id, method } = JSON.parse(message) as { id: number; method: string }
      if (method !== 'subscription.subscribe') return [await (await command(JSON.parse(message))).text()]
      const { result } = (await (await command(state)).json()) as { result?: { values?: unknown } }
      return [
        JSON.stringify({ type: 'success', id, result: { subscription_id: '1' } }),
        JSON.stringify({ type: 'event', method: 'values', params: { namespace: [], data: result?.values } }),
      ]
    }
  }
}

type Parts = Pick<Call, 'method' | 'url' | 'headers' | 'text' | 'connection' | 'signal'>

function makeCall(parts: Parts): Call {
  const { method, url, headers, text } = parts
  return {
    ...parts,
    path: url.pathname,
    json: parsed(text),
    user: userOf(headers),
    as(user) {
      const worn = new Headers(headers)
      worn.set('authorization', `Bearer ${user}-token`)
      return makeCall({ ...parts, headers: worn })
    },
    but(changes) {
      const changed = new Headers(headers)
      for (const [name, value] of Object.entries(changes.headers ?? {})) {
        if (value === null) changed.delete(name)
        else changed.set(name, value)
      }
      if (changes.json !== undefined) changed.set('content-type', 'application/json')
      return makeCall({
        ...parts,
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
  // fetch has no TRACE; the real server is handed one all the same.
  if (method === 'TRACE') return Object.defineProperty(new Request(url, { headers: sent }), 'method', { value: method })
  return new Request(url, { method, headers: sent, ...(bodiless ? {} : { body: text }) })
}
