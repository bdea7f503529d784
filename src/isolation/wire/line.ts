import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { flatten, unpacked, type WireAnswer, type WireRequest } from './wire.js'

/**
 * One connection that several users share on purpose, which is what a proxy does to them. It is opened when it is needed
 * and opened again when the server has closed it. Streams that stay open are not for it.
 */
export interface Line {
  send(request: WireRequest): Promise<WireAnswer>
  /** Sends all of them before the first is answered, as HTTP/1.1 allows. */
  pipeline(requests: readonly WireRequest[]): Promise<WireAnswer[]>
  /** Sends a request and resets the connection so long after that. */
  abort(request: WireRequest, afterMs: number): Promise<void>
  close(): void
}

export interface LineOptions {
  readonly url: URL
  readonly lookup: net.LookupFunction
  readonly maxBytes: number
}

/** It writes and reads HTTP/1.1 itself: `node:http` neither pipelines nor lets one connection be chosen. */
export function openLine({ url, lookup, maxBytes }: LineOptions): Line {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const prefix = url.pathname.replace(/\/$/, '')
  let socket: net.Socket | undefined

  const connected = async (): Promise<net.Socket> => {
    if (socket && !socket.destroyed && socket.writable) return socket
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const secure = url.protocol === 'https:'
    const opened = secure
      ? tls.connect({ host, port, lookup, ...(net.isIP(host) ? {} : { servername: host }) })
      : net.connect({ host, port, lookup })
    socket = opened
    opened.setNoDelay(true)
    // Whoever waits for an answer hears of it there.
    opened.on('error', () => undefined)
    await new Promise<void>((resolve) => {
      opened.once(secure ? 'secureConnect' : 'connect', () => resolve())
      opened.once('close', () => resolve())
    })
    return opened
  }

  const pipeline = async (requests: readonly WireRequest[]): Promise<WireAnswer[]> => {
    const line = await connected()
    const answers: WireAnswer[] = []
    let arrived: Buffer = Buffer.alloc(0)
    return new Promise((resolve) => {
      const settle = (ending: WireAnswer['ending']) => {
        clearTimeout(patience)
        line.off('data', read)
        line.off('close', end)
        const missing = requests.length - answers.length
        if (missing > 0) line.destroy()
        resolve([...answers, ...Array.from({ length: missing }, () => ({ ...NO_ANSWER, ending }))])
      }
      const take = (isOver: boolean) => {
        while (answers.length < requests.length) {
          const taken = takeAnswer(arrived, requests[answers.length]?.method ?? 'GET', isOver)
          if (!taken) break
          answers.push(taken.answer)
          arrived = taken.rest
        }
        if (answers.length === requests.length) settle('complete')
        else if (isOver) settle('reset')
        else if (arrived.length > maxBytes) settle('cut')
      }
      const read = (chunk: Buffer) => {
        arrived = Buffer.concat([arrived, chunk])
        take(false)
      }
      const end = () => take(true)
      const patience = setTimeout(() => settle('timeout'), Math.max(...requests.map(({ timeoutMs }) => timeoutMs)))
      line.on('data', read)
      line.on('close', end)
      if (line.destroyed) return settle('reset')
      line.write(requests.map((request) => written(request, url.host, prefix)).join(''))
    })
  }

  return {
    pipeline,
    async send(request) {
      const [answer] = await pipeline([request])
      return answer ?? NO_ANSWER
    },
    async abort(request, afterMs) {
      const line = await connected()
      await new Promise<void>((resolve) => line.write(written(request, url.host, prefix), () => resolve()))
      if (afterMs > 0) await sleep(afterMs)
      line.resetAndDestroy()
    },
    close: () => socket?.destroy(),
  }
}

const NO_ANSWER: WireAnswer = { status: 0, headers: {}, body: '', ending: 'reset' }

function written({ method, path, headers, body }: WireRequest, host: string, prefix: string): string {
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}`))
  if (body !== undefined) lines.push(`content-length: ${Buffer.byteLength(body)}`)
  return [`${method} ${prefix}${path} HTTP/1.1`, `host: ${host}`, ...lines, '', body ?? ''].join('\r\n')
}

interface Taken {
  readonly answer: WireAnswer
  readonly rest: Buffer
}

/** What has arrived is within the cap already; so much it may be unpacked. */
const UNPACKED_BYTES = 64 * 1024 * 1024

/** Cuts one answer off the front of what has arrived; nothing while it is not whole. */
function takeAnswer(arrived: Buffer, method: string, isOver: boolean): Taken | undefined {
  const headEnd = arrived.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = arrived.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const after = arrived.subarray(headEnd + 4)
  if (status >= 100 && status < 200) return takeAnswer(after, method, isOver)
  const headers = headersOf(lines)
  const cut = (body: Buffer, rest: Buffer): Taken => ({
    answer: { status, headers, ...unpacked(body, headers['content-encoding'], UNPACKED_BYTES, 'complete') },
    rest,
  })
  if (method === 'HEAD' || status === 204 || status === 304) return cut(Buffer.alloc(0), after)
  if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) {
    const chunks = takeChunks(after)
    return chunks && cut(chunks.body, chunks.rest)
  }
  const length = headers['content-length']
  if (length === undefined) return isOver ? cut(after, Buffer.alloc(0)) : undefined
  return after.length < Number(length)
    ? undefined
    : cut(after.subarray(0, Number(length)), after.subarray(Number(length)))
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: NodeJS.Dict<string[]> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()]
  }
  return flatten(headers)
}

function takeChunks(arrived: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = arrived.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(arrived.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (size > 0) {
      if (arrived.length < start + size + 2) return undefined
      chunks.push(arrived.subarray(start, start + size))
      at = start + size + 2
      continue
    }
    // Trailers, when there are any, end with an empty line of their own.
    const end =
      arrived.subarray(start, start + 2).toString() === '\r\n' ? start : arrived.indexOf('\r\n\r\n', start) + 2
    if (end < start || arrived.length < end + 2) return undefined
    return { body: Buffer.concat(chunks), rest: arrived.subarray(end + 2) }
  }
}
