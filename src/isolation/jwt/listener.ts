import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where forged tokens say that their key lies. Whoever asks believed them. */
export interface KeyListener {
  readonly url: string
  contacted(): boolean
  close(): void
}

/** Serves texts on a loopback port of its own. */
export async function listenForKeys(answers: () => Readonly<Record<string, string>>): Promise<KeyListener> {
  let asked = false
  const server = createServer((request, response) => {
    asked = true
    const text = answers()[request.url ?? '']
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    contacted: () => asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
