import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { ActorName } from './actor.js'
import type { Exchange, Method } from './probe.js'

export interface WireRequest {
  readonly actor: ActorName
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string | undefined
  readonly timeoutMs: number
}

export type WireAnswer = Pick<Exchange, 'status' | 'headers' | 'body' | 'ending'>

export interface Transport {
  send(request: WireRequest): Promise<WireAnswer>
  close(): void
}

export interface TransportOptions {
  /** A stream counts as silent this long after its last byte. */
  readonly quietMs?: number
  /** Longer answers are cut, and a cut answer proves nothing. */
  readonly maxBytes?: number
}

const DECODERS: Readonly<Record<string, (data: Buffer, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
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
  { quietMs = 1200, maxBytes = 8 * 1024 * 1024 }: TransportOptions = {},
): Promise<Transport> {
  const { request, Agent } = target.protocol === 'https:' ? https : http
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const pinned = pinnedLookup(await lookup(host, { all: true }))
  const agents = new Map<ActorName, http.Agent>()
  const agentOf = (actor: ActorName) => {
    const agent = agents.get(actor) ?? new Agent({ keepAlive: true, maxSockets: 64 })
    agents.set(actor, agent)
    return agent
  }
  const prefix = target.pathname.replace(/\/$/, '')

  const once = ({
    actor,
    method,
    path,
    headers,
    body,
    timeoutMs,
  }: WireRequest): Promise<WireAnswer & { stale: boolean }> =>
    new Promise((resolve) => {
      let head: Pick<WireAnswer, 'status' | 'headers'> = { status: 0, headers: {} }
      const chunks: Buffer[] = []
      let size = 0
      let quiet: NodeJS.Timeout | undefined
      let settled = false
      const settle = (ending: WireAnswer['ending']) => {
        if (settled) return
        settled = true
        clearTimeout(hardStop)
        clearTimeout(quiet)
        const stale = ending === 'reset' && head.status === 0 && outgoing.reusedSocket
        const body = decode(Buffer.concat(chunks), head.headers['content-encoding'], maxBytes)
        // What can't be unpacked can't be searched.
        const unsearched = body === undefined && ending === 'complete'
        resolve({ ...head, body: body ?? '', ending: unsearched ? 'cut' : ending, stale })
        if (ending !== 'complete') outgoing.destroy()
      }
      const outgoing = request(
        {
          host,
          port: target.port || (target.protocol === 'https:' ? 443 : 80),
          method,
          path: prefix + path,
          headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          agent: agentOf(actor),
          lookup: pinned,
        },
        (incoming) => {
          head = { status: incoming.statusCode ?? 0, headers: flatten(incoming.headers) }
          const streaming = (head.headers['content-type'] ?? '').startsWith('text/event-stream')
          const hush = () => {
            clearTimeout(quiet)
            if (streaming) quiet = setTimeout(() => settle('quiet'), quietMs)
          }
          hush()
          incoming.on('data', (chunk: Buffer) => {
            hush()
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
      // An open stream that was cut off by the clock is no time-out: it is judged by what it brought.
      const hardStop = setTimeout(() => settle(quiet ? 'quiet' : 'timeout'), timeoutMs)
      outgoing.on('error', () => settle('reset'))
      outgoing.end(body)
    })

  return {
    async send(wire) {
      const answer = await once(wire)
      // The server had closed an idle connection that was about to be used again; nothing was processed.
      const { stale: _, ...settled } = answer.stale ? await once(wire) : answer
      return settled
    },
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

function flatten(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

/** The text of a body, or `undefined` where it can't be unpacked: an unknown coding, broken data, too much of it. */
function decode(data: Buffer, encoding = '', maxBytes: number): string | undefined {
  let unpacked = data
  try {
    const codings = encoding
      .toLowerCase()
      .split(',')
      .map((coding) => coding.trim())
      .filter((coding) => !['', 'identity'].includes(coding))
    // The last one was put on last. A HEAD names a coding and has no body.
    for (const coding of data.length === 0 ? [] : codings.reverse()) {
      const decoder = DECODERS[coding.replace(/^x-/, '')]
      if (!decoder) return undefined
      unpacked = decoder(unpacked, { maxOutputLength: maxBytes })
    }
  } catch {
    return undefined
  }
  return unpacked.toString('utf8')
}
