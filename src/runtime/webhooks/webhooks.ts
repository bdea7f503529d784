import type { LookupAddress } from 'node:dns'
import { setMaxListeners } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { WebhookSettings } from '../settings.js'
import { createWebhookLine } from './webhook-line.js'
import { createWebhookPolicy, hostOf } from './webhook-policy.js'

/** Calls the URLs that clients name, and nothing that they must not reach. */
export interface Webhooks {
  /** @throws AuthkitError `invalid_request`, naming the rule that refuses the URL. Nothing of the URL is in it. */
  check(url: string): void
  /**
   * Posts the payload as JSON. Never rejects. What may pass by itself (no connection, 429, 5xx) is tried again; the URL is
   * checked again too, because the settings may be others by now.
   *
   * @param sender Whose it is: users take turns. Nobody in particular where there are no users.
   */
  send(url: string, payload: unknown, sender?: { readonly identity?: string | null }): Promise<'delivered' | 'failed'>
  /** Gives up what waits, and what is on its way after a moment. */
  close(): Promise<void>
}

export interface WebhookOptions {
  readonly settings: () => WebhookSettings
  /** Finds every address of a host. */
  readonly lookup?: (host: string) => Promise<readonly LookupAddress[]>
  /** How long is waited before each attempt after the first. */
  readonly pausesMs?: readonly number[]
  readonly attemptMs?: number
}

/** How much of an answer is read before its connection is closed; nobody looks at it. */
const READ_BYTES = 65_536

const CLOSE_MS = 1000

/** Set by the request itself, so that no setting makes it say something else than it does. */
const OWN_HEADERS = ['content-type', 'content-length', 'host', 'connection', 'transfer-encoding']

type Outcome = 'delivered' | 'failed' | 'again'

/**
 * @example
 * const webhooks = createWebhooks({ settings: () => DEFAULT_SETTINGS.webhooks })
 * webhooks.check(url) // when a run is created
 * void webhooks.send(url, payload, { identity: 'alice' }) // when it has ended
 */
export function createWebhooks(options: WebhookOptions): Webhooks {
  const { settings, lookup = lookupAll, pausesMs = [1000, 4000], attemptMs = 10_000 } = options
  const policy = createWebhookPolicy(settings)
  const line = createWebhookLine()
  const cutting = new AbortController()
  const sending = new Set<Promise<unknown>>()
  let closing = false
  // As many as are on their way: Node takes more than ten for a leak.
  setMaxListeners(0, cutting.signal)

  async function deliver(text: string, body: Buffer, identity: string | undefined): Promise<Outcome> {
    let outcome: Outcome = 'failed'
    for (const wait of [0, ...pausesMs]) {
      const host = hostOf(policy.check(text))
      // Not while it waits for another attempt: a place is for who is about to connect.
      const leave = await line.enter({ identity, host, bytes: body.length + text.length }, wait)
      if (!leave) return 'failed'
      try {
        outcome = await attempt(policy.check(text), body)
      } finally {
        leave()
      }
      if (outcome !== 'again') break
    }
    return outcome
  }

  async function attempt(url: URL, body: Buffer): Promise<Outcome> {
    const signal = AbortSignal.any([AbortSignal.timeout(attemptMs), cutting.signal])
    const { request, Agent } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
    // Set once a refusal is certain, which the connection then fails with.
    let refused = false
    const checked: LookupFunction = (host, { all }, callback) => {
      lookup(host).then(
        (found) => {
          const [first] = found
          refused = found.some(({ address }) => !policy.permits(address))
          if (refused || !first) callback(new Error('The addresses of the host may not be called.'), '', 0)
          else if (all) callback(null, [...found])
          else callback(null, first.address, first.family)
        },
        (error) => callback(error as Error, '', 0),
      )
    }
    try {
      const call = request({
        method: 'POST',
        protocol: url.protocol,
        hostname: hostOf(url),
        port: url.port,
        path: `${url.pathname}${url.search}`,
        headers: headersFor(body),
        // The one place where a name becomes an address: what is checked here is what is connected to.
        lookup: checked,
        agent: new Agent({ keepAlive: false }),
        signal,
      })
      const status = await answerOf(call, body)
      if (status >= 200 && status < 300) return 'delivered'
      return status === 429 || status >= 500 ? 'again' : 'failed'
    } catch {
      return refused || cutting.signal.aborted ? 'failed' : 'again'
    }
  }

  function headersFor(body: Buffer): Record<string, string | number> {
    const given = Object.entries(settings().headers).map(([name, value]) => [name.toLowerCase(), value] as const)
    return {
      'user-agent': 'authkit',
      ...Object.fromEntries(given.filter(([name]) => !OWN_HEADERS.includes(name))),
      'content-type': 'application/json',
      'content-length': body.length,
    }
  }

  return {
    check(url) {
      policy.check(url)
    },
    async send(url, payload, { identity } = {}) {
      if (closing) return 'failed'
      const work = (async () => {
        try {
          const body = Buffer.from(JSON.stringify(payload) ?? 'null')
          const outcome = await deliver(url, body, identity ?? undefined)
          return outcome === 'delivered' ? outcome : 'failed'
        } catch {
          // Refused by now, or a payload that is no JSON.
          return 'failed'
        }
      })()
      sending.add(work)
      try {
        return await work
      } finally {
        sending.delete(work)
      }
    },
    async close() {
      closing = true
      line.close()
      const cut = setTimeout(() => cutting.abort(), CLOSE_MS)
      await Promise.all(sending)
      clearTimeout(cut)
    },
  }
}

/** The status of the answer, once its connection is done with. */
function answerOf(call: ClientRequest, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    call.once('error', reject)
    call.once('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0
      let read = 0
      response.on('data', (chunk: Buffer) => {
        read += chunk.length
        if (read > READ_BYTES) response.destroy()
      })
      // However it ends: the status has been said.
      response.on('error', () => {})
      response.once('close', () => resolve(status))
    })
    call.end(body)
  })
}

async function lookupAll(host: string): Promise<readonly LookupAddress[]> {
  const { lookup } = await import('node:dns/promises')
  return await lookup(host, { all: true })
}
