import type { ActorName, Disguise } from './actor.js'

/** Any verb may be tried; these are the ones that servers have. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | (string & {})

/** A request that a check wants to send, without the credential: the runner adds it, once per actor. */
export interface Probe {
  readonly method: Method
  /** Path with its query, as it stands in the request line. */
  readonly path: string
  readonly body?: unknown
  /** The body as it goes over the wire, where JSON.stringify can't write it: repeated keys, broken text, another type. */
  readonly raw?: { readonly text: string; readonly type?: string | null }
  /** Several values send the header several times. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** It asks for a WebSocket and says these once it is open. */
  readonly messages?: readonly string[]
  /** Hangs up on a stream so many milliseconds after it began, instead of waiting until it is silent. */
  readonly hangUpMs?: number
  /** Only the attacker wears it: the controls send the same request without it. */
  readonly disguise?: Disguise
  /**
   * The disguise carries Alice's own token, so to be answered as her is no leak. The text is what the report remarks then;
   * empty where that is worth no remark.
   */
  readonly asAlice?: string
}

/** What came back. */
export interface Exchange {
  readonly actor: ActorName
  readonly probe: Probe
  /** 0 when nothing was answered, 101 when a WebSocket was opened. */
  readonly status: number
  /** Trailers as well. */
  readonly headers: Readonly<Record<string, string>>
  /** Of a WebSocket all that it said, one message a line. */
  readonly body: string
  /** `quiet` is a stream that was open and silent; `cut` is an answer longer than the cap. */
  readonly ending: 'complete' | 'quiet' | 'cut' | 'timeout' | 'reset'
  readonly ms: number
}

export const get = (path: string, headers?: Record<string, string>): Probe => ({
  method: 'GET',
  path,
  ...(headers ? { headers } : {}),
})
export const post = (path: string, body: unknown = {}): Probe => ({ method: 'POST', path, body })
export const put = (path: string, body: unknown): Probe => ({ method: 'PUT', path, body })
export const patch = (path: string, body: unknown): Probe => ({ method: 'PATCH', path, body })
export const del = (path: string, body?: unknown): Probe => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
})

/** Asks for a WebSocket and says things there, as JSON. */
export const socket = (path: string, messages: readonly unknown[], headers?: Record<string, string>): Probe => ({
  ...get(path, headers),
  messages: messages.map((message) => JSON.stringify(message)),
})

export const succeeded = ({ status }: Exchange): boolean => (status >= 200 && status < 300) || status === 101

/** The body as it is sent, if there is one. */
export function bodyOf({ body, raw }: Probe): string | undefined {
  return raw?.text ?? (body === undefined ? undefined : JSON.stringify(body))
}

/** The content type that goes with it. */
export function typeOf({ body, raw }: Probe): string | undefined {
  if (raw) return raw.type === undefined ? 'application/json' : (raw.type ?? undefined)
  return body === undefined ? undefined : 'application/json'
}

/** The body as JSON, or `undefined` where it is none. */
export function json(exchange: Exchange): unknown {
  try {
    return JSON.parse(exchange.body)
  } catch {
    return undefined
  }
}

/** One field of a JSON body: `field(exchange, 'metadata', 'owner')`. */
export function field(exchange: Exchange, ...path: readonly string[]): unknown {
  let value = json(exchange)
  for (const key of path) {
    if (value === null || typeof value !== 'object') return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** The path with its ids taken out, which is how reports name a route. */
export function routeOf({ method, path }: Probe): string {
  const [clean = ''] = path.split('?')
  return `${method} ${clean.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '{id}')}`
}

/** A body with its ids taken out: what two refusals have in common. */
export function withoutIds(body: string): string {
  return body.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '{id}').trim()
}

/** One frame of a server-sent event stream. Comments are dropped. */
export interface Frame {
  readonly event: string
  readonly data: string
}

/** By its type, or by its first line where a proxy has changed the type. */
export function isStream({ headers, body }: Exchange): boolean {
  return (headers['content-type'] ?? '').startsWith('text/event-stream') || /^(event|data|id|retry)?: ?\S/.test(body)
}

export function isWebPage(body: string): boolean {
  return /^\s*<(!doctype html|html)\b/i.test(body)
}

export function frames(exchange: Exchange): Frame[] {
  const found: Frame[] = []
  for (const block of exchange.body.split(/\r?\n\r?\n/)) {
    let event = 'message'
    const data: string[] = []
    for (const line of block.split(/\r?\n/)) {
      if (line.startsWith('event:')) event = line.slice(6).trim()
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
    }
    if (data.length > 0 || event !== 'message') found.push({ event, data: data.join('\n') })
  }
  return found
}

/** What came over a WebSocket, each message as JSON where it is some. */
export function said({ body }: Exchange): unknown[] {
  if (body === '') return []
  return body.split('\n').map((line) => {
    try {
      return JSON.parse(line)
    } catch {
      return line
    }
  })
}

const NOTHING_FRAMES = new Set(['error', 'end', 'heartbeat', 'ping', 'keep-alive', 'keepalive'])

/**
 * Whether a 2xx carries nothing: `null`, `[]`, an empty page, an empty state, a stream that only says "error" or "end",
 * an error in an envelope. Servers answer a denied read in all of these ways.
 */
export function isEmptyAnswer(exchange: Exchange): boolean {
  if (isStream(exchange)) return frames(exchange).every(({ event }) => NOTHING_FRAMES.has(event))
  if (exchange.status === 101) return said(exchange).every(isEmptyMessage)
  const text = exchange.body.trim()
  if (text === '' || text === '0') return true
  const value = json(exchange)
  if (value === null || isEmptyContainer(value)) return true
  if (typeof value !== 'object') return false
  const row = value as Record<string, unknown>
  if (isEmptyMessage(row)) return true
  if ('items' in row) return isEmptyContainer(row['items'])
  if ('namespaces' in row) return isEmptyContainer(row['namespaces'])
  // An empty state may still repeat the checkpoint id that was asked for.
  return 'values' in row && 'tasks' in row && isEmptyContainer(row['values'] ?? {}) && isEmptyContainer(row['tasks'])
}

/** An error in an envelope, or a state without values, as the second protocol has them. */
function isEmptyMessage(message: unknown): boolean {
  if (message === null || typeof message !== 'object') return false
  const { type, result, ...others } = message as { type?: unknown; result?: { values?: unknown } | null }
  if (type === 'error' || '__error__' in others) return true
  return type === 'success' && (isEmptyContainer(result) || isEmptyContainer(result?.values))
}

function isEmptyContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
