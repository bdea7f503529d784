import type { Transport, TransportOptions } from './transport.js'
import { unpacked, type WireAnswer, type WireRequest } from './wire.js'

/** A server as a function. */
export type Fetch = (request: Request) => Response | Promise<Response>

/** What the requests name as their server; nothing is ever sent there. */
const HOST = '127.0.0.1'

/**
 * Requests to a server in the same process: no port, no connection. It keeps the rules of the wire, so that a verdict is the
 * same on both ways: a stream ends when it falls silent, an answer is cut at the cap, and whoever is not answered in time
 * hangs up.
 *
 * What only a wire can carry is not there: a request line as it stands, a broken body, a WebSocket.
 */
export function createFetchTransport(
  fetch: Fetch,
  { quietMs = 1200, streamMs = 15_000, maxBytes = 8 * 1024 * 1024 }: Omit<TransportOptions, 'ca'> = {},
): Transport {
  const underWay = new Set<AbortController>()

  async function send(wire: WireRequest): Promise<WireAnswer> {
    const hangUp = new AbortController()
    underWay.add(hangUp)
    const request = requestOf(wire, hangUp.signal)
    const { timeoutMs, hangUpMs = streamMs, meanwhile } = wire
    const answer = await exchange(fetch, request, { quietMs, maxBytes, timeoutMs, streamMs: hangUpMs, meanwhile })
    underWay.delete(hangUp)
    if (answer.ending !== 'complete') hangUp.abort()
    return answer
  }

  return {
    send,
    close() {
      for (const hangUp of underWay) hangUp.abort()
    },
  }
}

interface Bounds extends Required<Omit<TransportOptions, 'ca'>>, Pick<WireRequest, 'timeoutMs' | 'meanwhile'> {}

const NOTHING: WireAnswer = { status: 0, headers: {}, body: '', ending: 'reset' }

async function exchange(
  fetch: Fetch,
  request: Request | undefined,
  { quietMs, streamMs, maxBytes, timeoutMs, meanwhile }: Bounds,
): Promise<WireAnswer> {
  // The parser of a server on a port says the same.
  if (!request) return { status: 400, headers: {}, body: 'Bad Request', ending: 'complete' }
  let deadline = performance.now() + timeoutMs
  const left = () => deadline - performance.now()
  let response: Response | typeof LATE
  try {
    response = await within(left(), (async () => fetch(request))())
  } catch {
    return NOTHING
  }
  if (response === LATE) return { ...NOTHING, ending: 'timeout' }

  const { status } = response
  const headers = headersOf(response.headers)
  const streaming = (headers['content-type'] ?? '').startsWith('text/event-stream')
  if (streaming) deadline = performance.now() + streamMs
  let waiting = meanwhile !== undefined
  const rest = () => {
    waiting = false
  }
  void meanwhile?.then(rest, rest)
  const reader = response.body?.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  const settle = (ending: WireAnswer['ending']): WireAnswer => {
    if (ending !== 'complete') reader?.cancel().catch(() => undefined)
    return { status, headers, ...unpacked(Buffer.concat(chunks), headers['content-encoding'], maxBytes, ending) }
  }
  try {
    let reading = reader?.read()
    while (reader && reading) {
      const next = await within(streaming ? Math.min(quietMs, left()) : left(), reading)
      // What it waits for is still on its way.
      if (next === LATE && streaming && waiting && left() > 0) continue
      // An open stream that was cut off by the clock is no time-out: it is judged by what it brought.
      if (next === LATE) return settle(streaming ? 'quiet' : 'timeout')
      if (next.done) break
      size += next.value.length
      if (size > maxBytes) return settle('cut')
      chunks.push(next.value)
      reading = reader.read()
    }
  } catch {
    return settle('reset')
  }
  return settle('complete')
}

const LATE = Symbol('late')

async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Undefined where no Request can be made of it. */
function requestOf(wire: WireRequest, signal: AbortSignal): Request | undefined {
  try {
    return makeRequest(wire, signal)
  } catch {
    return undefined
  }
}

function makeRequest({ method, path, headers, body }: WireRequest, signal: AbortSignal): Request {
  const sent = new Headers({ host: HOST })
  for (const [name, value] of Object.entries(headers)) {
    const [first = '', ...others] = [value].flat()
    sent.set(name, first)
    for (const other of others) sent.append(name, other)
  }
  // As a server on a port reads it: these have no body.
  const bytes = body === undefined || method === 'GET' || method === 'HEAD' ? undefined : Buffer.from(body)
  if (bytes) sent.set('content-length', String(bytes.length))
  // A Request refuses the name of some methods, or warns of it, and a wire does not.
  const refused = ['CONNECT', 'TRACE', 'TRACK'].includes(method.toUpperCase()) || method === 'patch'
  const init = { headers: sent, signal, ...(bytes ? { body: bytes } : {}) }
  const request = new Request(`http://${HOST}${path}`, { ...init, method: refused ? 'POST' : method })
  return refused ? Object.defineProperty(request, 'method', { value: method }) : request
}

function headersOf(headers: Headers): Record<string, string> {
  // Several cookies are several entries of the same name.
  const found: Record<string, string> = {}
  for (const [name, value] of headers) found[name] = name in found ? `${found[name]}, ${value}` : value
  return found
}
