import type { Socket } from 'node:net'

/** How a request must leave that `node:http` would refuse or correct. */
export interface OddHead {
  /** What `node:http` is given in its place. */
  readonly headers: Readonly<Record<string, string | string[]>>
  /** Puts the real head into what this connection sends first. */
  onto(socket: Socket): Socket
}

/** Anything but a verb in capitals and a path without spaces and control characters. */
const PLAIN_LINE = /^[A-Z-]+ [!-ÿ]+$/
/** Stands for a NUL in the headers until the head is written. */
const STAND_IN = 'nul-stands-here'

/**
 * The request line and the headers byte by byte, for requests that a client library would never send: spaces and control
 * characters in the path, verbs in small letters, NUL in a header. `undefined` where `node:http` sends what it is told.
 */
export function oddHead(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | string[]>>,
): OddHead | undefined {
  const line = `${method} ${path}`
  const holdsNul = Object.values(headers)
    .flat()
    .some((value) => value.includes('\0'))
  if (PLAIN_LINE.test(line) && !holdsNul) return undefined
  const without = (value: string) => value.replaceAll('\0', STAND_IN)
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map(without) : without(value),
      ]),
    ),
    onto(socket) {
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
      let written = false
      socket.write = ((chunk: unknown, ...rest: unknown[]) => {
        if (written || typeof chunk !== 'string') return write(chunk, ...rest)
        written = true
        return write(chunk.replace(/^.*(?= HTTP\/1\.1\r\n)/, () => line).replaceAll(STAND_IN, '\0'), ...rest)
      }) as Socket['write']
      return socket
    },
  }
}
