import { setTimeout as sleep } from 'node:timers/promises'
import type { ActorName, Credentials, Owner } from './actor.js'
import type { PlantedSecret, Secrets } from './canary.js'
import { type Ledger, onlyReads } from './ledger.js'
import { bodyOf, type Exchange, type Probe, typeOf } from './probe.js'
import type { Transport, WireAnswer } from './transport.js'

export type Send = (actor: ActorName, probe: Probe) => Promise<Exchange>

/** The suite's way to the server. */
export interface Client {
  /**
   * Sends one request as one actor. Refuses what the ledger doesn't allow, enters what was created, tries again where
   * that is harmless. Never throws for what the server does: a time-out is an exchange too.
   *
   * Throws a `LedgerViolation`, and the reason of the signal once the run is stopped.
   */
  readonly send: Send
  /** Secrets of others in what this actor received: the echo rule applied, hard ones first. */
  hits(exchange: Exchange): PlantedSecret[]
  /** Whether the answer shows anything of this owner, which is what a positive control wants to see. */
  shows(exchange: Exchange, owner: Owner): boolean
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
const WAITS = /\/(wait|join|stream)(\?|$)/
const RUN_PATIENCE = 3
const RETRY_AFTER_CAP_MS = 10_000

export function createClient(options: ClientOptions): Client {
  const { transport, credentials, ledger, secrets, userAgent, timeoutMs, signal } = options
  let sent = 0
  const inFlight = new Set<Promise<Exchange>>()

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

  const attempt = async (actor: ActorName, probe: Probe): Promise<Exchange> => {
    signal?.throwIfAborted()
    sent++
    const { method, path, disguise } = probe
    const startedAt = performance.now()
    const answer = await transport.send({
      actor,
      method,
      path: path + credentials.query(path, disguise),
      headers: headersOf(actor, probe),
      body: bodyOf(probe),
      timeoutMs: WAITS.test(path) ? timeoutMs * RUN_PATIENCE : timeoutMs,
    })
    return { actor, probe, ...answer, ms: Math.round((performance.now() - startedAt) * 10) / 10 }
  }

  const play: Send = async (actor, probe) => {
    ledger.assert(probe)
    // Before it is sent: another request may see the effect before this one is answered.
    const body = bodyOf(probe)
    if (!onlyReads(probe) && body !== undefined) secrets.storedBy(actor, [body])
    let exchange = await attempt(actor, probe)
    for (let waits = 0; waits < 3; waits++) {
      const pause = retryAfterMs(exchange)
      if (pause === undefined) break
      await sleep(pause, undefined, { signal })
      exchange = await attempt(actor, probe)
    }
    // Only what changes nothing is sent again; a server that says "not implemented" means it.
    if (probe.method === 'GET' && failedForNow(exchange) && !notImplemented(exchange)) {
      await sleep(200 + Math.random() * 100, undefined, { signal })
      exchange = await attempt(actor, probe)
    }
    ledger.note(exchange)
    return exchange
  }

  const send: Send = (actor, probe) => {
    const playing = play(actor, probe)
    inFlight.add(playing)
    return playing.finally(() => inFlight.delete(playing))
  }

  return {
    send,
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

const receivedIn = ({ body, headers }: Exchange) => [body, ...Object.values(headers)]

const sentIn = ({ probe }: Exchange) => [
  probe.path,
  bodyOf(probe) ?? '',
  JSON.stringify([probe.headers, probe.disguise]),
]

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
