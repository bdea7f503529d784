import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import net, { type LookupFunction } from 'node:net'
import tls from 'node:tls'
import type { ActorName } from '../actor.js'
import { type Line, openLine } from './line.js'
import { oddHead } from './odd-head.js'
import { askSocket } from './socket.js'
import { createSilence, flatten, unpacked, type WireAnswer, type WireRequest } from './wire.js'

export type { WireAnswer, WireRequest } from './wire.js'

export interface Transport {
  send(request: WireRequest): Promise<WireAnswer>
  /** Asks for a WebSocket and says these messages once it is open. Absent where there is no connection to upgrade. */
  socket?(request: WireRequest, messages: readonly string[]): Promise<WireAnswer>
  /** A connection of its own, for several users. Absent where there are no connections. */
  line?(): Line
  close(): void
}

export interface TransportOptions {
  /** A stream counts as silent so long after its last byte. */
  readonly quietMs?: number
  /** No stream is read for longer. */
  readonly streamMs?: number
  /** Longer answers are cut, and a cut answer proves nothing. */
  readonly maxBytes?: number
  /** A certificate authority to trust besides the usual ones, as PEM. */
  readonly ca?: string | undefined
}

/**
 * Plain HTTP with one pool of connections per actor, so that no connection ever carries two users. The name of the
 * target is resolved once and stays what it was; redirects are answers like any other, and never followed.
 *
 * It is `node:http` rather than fetch, because fetch shares one pool, rewrites paths, and hides trailers.
 *
 * Throws what the resolver throws when the name doesn't exist.
 */
export async function createTransport(
  target: URL,
  { quietMs = 1200, streamMs = 15_000, maxBytes = 8 * 1024 * 1024, ca }: TransportOptions = {},
): Promise<Transport> {
  const secure = target.protocol === 'https:'
  const { request, Agent } = secure ? https : http
  const connect = (options: object) =>
    secure ? tls.connect(options as tls.ConnectionOptions) : net.connect(options as net.NetConnectOpts)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const pinned = pinnedLookup(await lookup(host, { all: true }))
  const agents = new Map<ActorName, http.Agent>()
  const agentOf = (actor: ActorName) => {
    const agent =
      agents.get(actor) ?? new Agent({ keepAlive: true, maxSockets: 64, ...(ca === undefined ? {} : { ca }) })
    agents.set(actor, agent)
    return agent
  }
  const prefix = target.pathname.replace(/\/$/, '')
  const heard = new WeakSet<object>()
  /**
   * Whoever waits for the answer hears of it there. A server that refuses a head it finds too long closes while that is
   * still being written: then the answer has come and gone, and nobody would listen.
   */
  const survive = (socket: net.Socket) => {
    if (heard.has(socket)) return
    heard.add(socket)
    socket.on('error', () => undefined)
  }

  const once = (wire: WireRequest): Promise<WireAnswer & { stale: boolean }> =>
    new Promise((resolve) => {
      const { actor, method, path, headers, body, timeoutMs, hangUpMs, meanwhile } = wire
      let head: Pick<WireAnswer, 'status' | 'headers'> = { status: 0, headers: {} }
      const chunks: Buffer[] = []
      let size = 0
      let settled = false
      const settle = (ending: WireAnswer['ending']) => {
        if (settled) return
        settled = true
        clearTimeout(hardStop)
        silence.end()
        const stale = ending === 'reset' && head.status === 0 && outgoing.reusedSocket
        resolve({
          ...head,
          ...unpacked(Buffer.concat(chunks), head.headers['content-encoding'], maxBytes, ending),
          stale,
        })
        if (ending !== 'complete') outgoing.destroy()
      }
      // A whole address stands in the request line as it is.
      const line = path.startsWith('/') ? prefix + path : path
      const odd = oddHead(method, line, headers)
      const outgoing = request(
        {
          host,
          port: target.port || (secure ? 443 : 80),
          method: odd ? 'POST' : method,
          path: odd ? '/' : line,
          headers: {
            ...(odd?.headers ?? headers),
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          },
          lookup: pinned,
          ...(odd ? { createConnection: (options) => odd.onto(connect(options)) } : { agent: agentOf(actor) }),
        },
        (incoming) => {
          head = { status: incoming.statusCode ?? 0, headers: flatten(incoming.headers) }
          const streaming = (head.headers['content-type'] ?? '').startsWith('text/event-stream')
          if (streaming) {
            silence.stir()
            // An open stream that the clock cuts off is no time-out: it is judged by what it brought.
            clearTimeout(hardStop)
            hardStop = setTimeout(() => settle('quiet'), hangUpMs ?? streamMs)
          }
          incoming.on('data', (chunk: Buffer) => {
            if (streaming) silence.stir()
            size += chunk.length
            if (size > maxBytes) return settle('cut')
            chunks.push(chunk)
          })
          incoming.on('end', () => {
            head = { ...head, headers: { ...head.headers, ...flatten(incoming.trailers) } }
            settle('complete')
          })
          incoming.on('error', () => settle('reset'))
          incoming.on('aborted', () => settle('reset'))
        },
      )
      const silence = createSilence(quietMs, meanwhile, () => settle('quiet'))
      let hardStop = setTimeout(() => settle('timeout'), timeoutMs)
      outgoing.on('socket', survive)
      outgoing.on('error', () => settle('reset'))
      // As bytes, or the head would be sent in the encoding of the body.
      outgoing.end(body === undefined ? undefined : Buffer.from(body))
    })

  return {
    async send(wire) {
      const answer = await once(wire)
      // The server had closed an idle connection that was about to be used again; nothing was processed.
      const { stale: _, ...settled } = answer.stale ? await once(wire) : answer
      return settled
    },
    socket: (wire, messages) => askSocket(wire, messages, { url: target, lookup: pinned, quietMs, streamMs, maxBytes }),
    line: () => openLine({ url: target, lookup: pinned, maxBytes }),
    close() {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

function pinnedLookup(addresses: LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) return callback(null, addresses)
    const [first] = addresses
    return callback(null, first?.address ?? '', first?.family)
  }
}
