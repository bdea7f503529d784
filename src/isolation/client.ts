import { setTimeout as sleep } from 'node:timers/promises'
import type { ActorName, Credentials, Owner } from './actor.js'
import type { PlantedSecret, Secrets } from './canary.js'
import { type Ledger, onlyReads } from './ledger/ledger.js'
import { bodyOf, type Exchange, type Probe, typeOf } from './probe.js'
import type { Line } from './wire/line.js'
import type { Transport, WireAnswer, WireRequest } from './wire/transport.js'

export interface SendOptions {
  /** The check whose attack this is, for whoever counts them. */
  readonly check?: string | undefined
  /** A stream is not called silent before this has come to an end: what it waits for may be on its way. */
  readonly meanwhile?: Promise<unknown> | undefined
  /** Takes a 429 or a crash for an answer, and does not ask again. */
  readonly once?: boolean
}

export type Send = (actor: ActorName, probe: Probe, options?: SendOptions) => Promise<Exchange>

/** One connection that several actors share on purpose. Everywhere else each has connections of its own. */
export interface SharedLine {
  send(actor: ActorName, probe: Probe): Promise<Exchange>
  /** Sends all of them before the first is answered. */
  pipeline(requests: readonly (readonly [ActorName, Probe])[]): Promise<Exchange[]>
  /** Sends a request that only reads, and resets the connection so long after that. */
  abort(actor: ActorName, probe: Probe, afterMs: number): Promise<void>
  close(): void
}

/** The suite's way to the server. */
export interface Client {
  /**
   * Sends one request as one actor. Refuses what the ledger doesn't allow, enters what was created, tries again where
   * that is harmless. Never throws for what the server does: a time-out is an exchange too.
   *
   * Throws a `LedgerViolation`, and the reason of the signal once the run is stopped.
   */
  readonly send: Send
  /** The same over a WebSocket, with these messages. Absent where the transport has none. */
  readonly socket?: (actor: ActorName, probe: Probe, messages: readonly string[]) => Promise<Exchange>
  /** A connection for several actors. Absent where the transport has no connections. */
  readonly line?: () => SharedLine
  /** Secrets of others in what this actor received: the echo rule applied, hard ones first. */
  hits(exchange: Exchange): PlantedSecret[]
  /** Whether the answer shows anything of this owner, which is what a positive control wants to see. */
  shows(exchange: Exchange, owner: Owner): boolean
  /** Whether the answer repeats the credential that it was asked with. */
  repeatsToken(exchange: Exchange): boolean
  /** Resolves when nothing is on its way any more, so that what it created is known. */
  idle(): Promise<void>
  /** How many requests were sent. */
  sent(): number
}

export interface ClientOptions {
  readonly transport: Transport
  readonly credentials: Credentials
  readonly ledger: Pick<Ledger, 'assert' | 'note'>
  readonly secrets: Secrets
  readonly userAgent: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Answers that wait for a run may take longer than others. */
const WAITS = /\/(wait|join|stream|stream\/events)(\?|$)/
const RUN_PATIENCE = 3
const RETRY_AFTER_CAP_MS = 10_000

export function createClient(options: ClientOptions): Client {
  const { transport, credentials, ledger, secrets, userAgent, timeoutMs, signal } = options
  let sent = 0
  const inFlight = new Set<Promise<unknown>>()

  const headersOf = (actor: ActorName, probe: Probe) => {
    const type = typeOf(probe)
    return {
      accept: '*/*',
      'user-agent': userAgent,
      ...(type === undefined ? {} : { 'content-type': type }),
      ...probe.headers,
      ...credentials.headers(actor, probe.disguise),
    }
  }

  const wireOf = (actor: ActorName, probe: Probe, { meanwhile, check }: SendOptions = {}): WireRequest => {
    const { method, path, disguise, hangUpMs } = probe
    return {
      actor,
      check,
      method,
      path: path + credentials.query(path, disguise),
      headers: headersOf(actor, probe),
      body: bodyOf(probe),
      timeoutMs: WAITS.test(path) ? timeoutMs * RUN_PATIENCE : timeoutMs,
      hangUpMs,
      meanwhile,
    }
  }

  const exchangeOf = (actor: ActorName, probe: Probe, answer: WireAnswer, startedAt: number): Exchange => {
    const ms = Math.round((performance.now() - startedAt) * 10) / 10
    return { actor, probe, ...answer, ms }
  }

  const attempt = async (actor: ActorName, probe: Probe, options: SendOptions): Promise<Exchange> => {
    signal?.throwIfAborted()
    sent++
    const startedAt = performance.now()
    const wire = wireOf(actor, probe, options)
    if (probe.messages === undefined) return exchangeOf(actor, probe, await transport.send(wire), startedAt)
    if (!transport.socket)
      throw new Error('This transport has no sockets: a check that needs one must say so in `absent`.')
    return exchangeOf(actor, probe, await transport.socket(wire, probe.messages), startedAt)
  }

  /** Before it is sent: another request may see the effect before this one is answered. */
  const expect = (actor: ActorName, probe: Probe) => {
    ledger.assert(probe)
    if (!onlyReads(probe)) secrets.storedBy(actor, saidIn(probe))
  }

  const play: Send = async (actor, probe, options = {}) => {
    const { once } = options
    expect(actor, probe)
    let exchange = await attempt(actor, probe, options)
    for (let waits = 0; waits < 3 && !once; waits++) {
      const pause = retryAfterMs(exchange)
      if (pause === undefined) break
      await sleep(pause, undefined, { signal })
      exchange = await attempt(actor, probe, options)
    }
    // Only what changes nothing is sent again; a server that says "not implemented" means it.
    if (!once && probe.method === 'GET' && onlyReads(probe) && failedForNow(exchange) && !notImplemented(exchange)) {
      await sleep(200 + Math.random() * 100, undefined, { signal })
      exchange = await attempt(actor, probe, options)
    }
    ledger.note(exchange)
    return exchange
  }

  const tracked = <T>(work: Promise<T>): Promise<T> => {
    inFlight.add(work)
    return work.finally(() => inFlight.delete(work))
  }

  const send: Send = (actor, probe, options) => tracked(play(actor, probe, options))

  const share = (line: Line): SharedLine => {
    const pipeline = async (requests: readonly (readonly [ActorName, Probe])[]): Promise<Exchange[]> => {
      signal?.throwIfAborted()
      for (const [actor, probe] of requests) expect(actor, probe)
      sent += requests.length
      const startedAt = performance.now()
      const answers = await line.pipeline(requests.map(([actor, probe]) => wireOf(actor, probe)))
      return requests.flatMap(([actor, probe], index) => {
        const answer = answers[index]
        if (!answer) return []
        const exchange = exchangeOf(actor, probe, answer, startedAt)
        ledger.note(exchange)
        return [exchange]
      })
    }
    return {
      pipeline: (requests) => tracked(pipeline(requests)),
      async send(actor, probe) {
        const [exchange] = await tracked(pipeline([[actor, probe]]))
        return exchange as Exchange
      },
      async abort(actor, probe, afterMs) {
        if (!onlyReads(probe)) throw new Error('Nobody would learn what a request has made whose answer is not read.')
        signal?.throwIfAborted()
        sent++
        await line.abort(wireOf(actor, probe), afterMs)
      },
      close: () => line.close(),
    }
  }
  const openLine = transport.line?.bind(transport)

  return {
    send,
    ...(transport.socket
      ? { socket: (actor: ActorName, probe: Probe, messages: readonly string[]) => send(actor, { ...probe, messages }) }
      : {}),
    ...(openLine ? { line: () => share(openLine()) } : {}),
    repeatsToken({ actor, probe, body }) {
      const worn = Object.values(credentials.headers(actor, probe.disguise)).flat()
      const tokens = worn.map((value) => value.slice(value.lastIndexOf(' ') + 1)).filter(({ length }) => length >= 8)
      return tokens.some((token) => body.includes(token))
    },
    idle: async () => {
      await Promise.allSettled(inFlight)
    },
    hits: (exchange) =>
      secrets
        .foreign(exchange.actor, receivedIn(exchange), sentIn(exchange))
        .sort((a, b) => Number(b.hard) - Number(a.hard)),
    shows: (exchange, owner) => secrets.of(owner, receivedIn(exchange), sentIn(exchange)).length > 0,
    sent: () => sent,
  }
}

const receivedIn = ({ body, headers }: Exchange) => [body, Object.values(headers).join('\n')]

const sentIn = ({ probe }: Exchange) => [probe.path, ...saidIn(probe), JSON.stringify([probe.headers, probe.disguise])]

const saidIn = (probe: Probe) => [bodyOf(probe) ?? '', ...(probe.messages ?? [])]

/** Whether the server says that it has no such feature: 501, or 500 with the words. */
export function notImplemented({ status, body }: Pick<WireAnswer, 'status' | 'body'>): boolean {
  return status === 501 || (status === 500 && /not implemented/i.test(body))
}

function failedForNow({ status, ending }: Exchange): boolean {
  return status >= 500 || (status === 0 && ending !== 'complete')
}

function retryAfterMs({ status, headers }: Exchange): number | undefined {
  const after = headers['retry-after']
  if (status !== 429 && !(status === 503 && after !== undefined)) return undefined
  const seconds = Number(after ?? 1)
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, RETRY_AFTER_CAP_MS) : 1000
}
