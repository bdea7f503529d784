import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on this machine that takes whatever is posted to it, for the webhooks of the server under test. */
export interface Listener {
  readonly url: string
  /** The bodies that came, oldest first. */
  readonly deliveries: readonly string[]
  /** Resolves with the first delivery, or when the time is over. */
  delivery(timeoutMs: number): Promise<void>
  close(): void
}

export async function startListener(): Promise<Listener> {
  const deliveries: string[] = []
  let arrived = () => {}
  const server = http.createServer(async (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    for await (const chunk of request) body += chunk
    deliveries.push(body)
    response.end()
    arrived()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    delivery: (timeoutMs) =>
      new Promise((resolve) => {
        if (deliveries.length > 0) return resolve()
        const timer = setTimeout(resolve, timeoutMs)
        arrived = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
