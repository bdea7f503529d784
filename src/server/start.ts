import type { Server } from 'node:http'
import { type AddressInfo, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type HttpBindings, serve } from '@hono/node-server'
import { AuthkitError } from '../errors/authkit-error.js'
import { createApp, type Fetch } from './app.js'
import type { ServerDeps } from './context.js'

export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly host: string
  /** Take the next free port where this one is taken. */
  readonly orNext?: boolean
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Stops accepting, ends open streams, and resolves when every connection is closed. */
  close(): Promise<void>
}

/** How many ports after the first are tried. */
const NEXT_PORTS = 20

/**
 * Serves the API on a port.
 *
 * @throws AuthkitError `port_in_use` or `host_unusable`.
 */
export async function startServer(
  deps: ServerDeps,
  { port, host, orNext = false }: ListenOptions,
): Promise<RunningServer> {
  const { fetch } = createApp(deps)
  for (let tried = 0; ; tried++) {
    const wanted = port === 0 ? 0 : port + tried
    try {
      return await listen(fetch, wanted, host)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' || code === 'EACCES') {
        if (orNext && tried < NEXT_PORTS) continue
        throw new AuthkitError(
          'port_in_use',
          `Port ${wanted} on ${host} is ${code === 'EACCES' ? 'not allowed' : 'in use'}.`,
        )
      }
      if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
        throw new AuthkitError('host_unusable', `${host} is not an address of this machine.`, { cause: error })
      }
      throw error
    }
  }
}

function listen(fetch: Fetch, port: number, host: string): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const answer = (request: Request, bindings: unknown) => fetch(request, bindings as HttpBindings)
    const server = serve({ fetch: answer, port, hostname: host }, (address: AddressInfo) => {
      server.off('error', reject)
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      const shown = name === '0.0.0.0' || name === '[::]' ? '127.0.0.1' : name
      resolve({ url: `http://${shown}:${address.port}`, port: address.port, close: () => close(server) })
    }) as Server
    server.once('error', reject)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    // Runs have been stopped by now, so their streams are ending; what is left is idle, or will not end by itself.
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 100).unref()
  })
}

/** Whether an address is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** The addresses under which a server that listens on every interface can be reached. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}
