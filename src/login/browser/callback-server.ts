import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthkitError } from '../../errors/authkit-error.js'
import { CALLBACK_PATH } from '../../providers/callbacks.js'
import type { LoopbackHost } from '../../providers/provider.js'
import { type CallbackPage, callbackAnswer } from './callback-page.js'

export interface CallbackOptions {
  readonly host: LoopbackHost
  /** Tried in turn; 0 takes any free one. */
  readonly ports: readonly number[]
  /** What the right callback brings along. */
  readonly state: string
  /** Told of a callback that was refused: another page, or another sign-in. */
  readonly onStray?: () => void
}

export interface CallbackServer {
  /** What the provider is asked to send the browser to. */
  readonly redirectUri: string
  /** The first callback with the right state. */
  readonly arrived: Promise<Arrival>
  /** Stops listening. */
  close(): Promise<void>
}

export interface Arrival {
  /** With everything that the provider sent along. */
  readonly url: URL
  /** Shows the person how it ended. Before that, the browser waits. */
  answer(page: CallbackPage): Promise<void>
}

/** How long a browser may take to fetch the last page, in milliseconds. */
const LAST_PAGE_MS = 2000

/** How many ports are tried for `localhost`, which has to be free in both families. */
const TRIES = 5

/**
 * Listens on this machine for the one callback of a sign-in (RFC 8252 7.3). Everything but `GET /callback` with the name of
 * this very server is absent: a page that has its own name resolve to 127.0.0.1 (DNS rebinding) finds nothing.
 *
 * A callback without the right state is refused, and the sign-in waits on: any page can make a browser ask here, and must
 * neither end a sign-in nor slip in another one. The right one is taken once.
 *
 * @throws AuthkitError `port_in_use` where none of the ports is free.
 */
export async function openCallback({ host, ports, state, onStray }: CallbackOptions): Promise<CallbackServer> {
  const { servers, port } = await listen(host, ports)
  const origin = `http://${host}:${port}`
  const expected = digest(state)
  let taken = false
  let arrive: (arrival: Arrival) => void
  const arrived = new Promise<Arrival>((resolve) => {
    arrive = resolve
  })

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const [path, query = ''] = splitOnce(request.url ?? '', '?')
    if (request.method !== 'GET' || path !== CALLBACK_PATH || request.headers.host !== `${host}:${port}`) {
      response.writeHead(404, { connection: 'close' }).end()
      return
    }
    const states = new URLSearchParams(query).getAll('state')
    if (states.length !== 1 || !timingSafeEqual(digest(states[0] as string), expected)) {
      onStray?.()
      void send(response, { kind: 'stray' })
      return
    }
    if (taken) {
      void send(response, { kind: 'used' })
      return
    }
    taken = true
    arrive({ url: new URL(`${origin}${CALLBACK_PATH}?${query}`), answer: (page) => send(response, page) })
  }

  for (const server of servers) server.on('request', handle)
  return {
    redirectUri: `${origin}${CALLBACK_PATH}`,
    arrived,
    close: async () => {
      await Promise.all(servers.map(close))
    },
  }
}

/** Of one length, whatever came, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** Resolves when the browser has it, or is not interested any more. */
function send(response: ServerResponse, page: CallbackPage): Promise<void> {
  const { status, headers, body } = callbackAnswer(page)
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LAST_PAGE_MS)
    response.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    response.writeHead(status, { ...headers, connection: 'close' }).end(body)
  })
}

async function listen(host: LoopbackHost, ports: readonly number[]): Promise<{ servers: Server[]; port: number }> {
  const tries = ports.includes(0) ? Array.from({ length: TRIES }, () => 0) : ports
  for (const wanted of tries) {
    const servers: Server[] = []
    try {
      const server = await listenOn('127.0.0.1', wanted)
      servers.push(server)
      const { port } = server.address() as AddressInfo
      // Whoever listened on the other family would be sent the code.
      if (host === 'localhost') servers.push(...(await listenOn('::1', port).then((other) => [other], withoutIPv6)))
      return { servers, port }
    } catch (error) {
      await Promise.all(servers.map(close))
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    }
  }
  const names = ports.filter((port) => port !== 0).join(', ')
  throw new AuthkitError('port_in_use', `The callback needs port ${names} on this machine, which is in use.`, {
    hint: 'End what uses it, or register a callback with another port at the provider and name it with --port.',
  })
}

function withoutIPv6(error: NodeJS.ErrnoException): [] {
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return []
  throw error
}

function listenOn(address: string, port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
