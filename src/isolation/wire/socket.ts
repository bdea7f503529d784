import type { LookupFunction } from 'node:net'
import { createSilence, flatten, type WireAnswer, type WireRequest } from './wire.js'

export interface SocketOptions {
  readonly url: URL
  readonly lookup: LookupFunction
  readonly quietMs: number
  readonly streamMs: number
  readonly maxBytes: number
}

/**
 * Opens a WebSocket with the headers of the request, says all messages at once, and listens until the server closes it or
 * is silent. The body of the answer is what it said, one message a line. A refused handshake is an answer like any other.
 */
export async function askSocket(
  { headers, path, timeoutMs, hangUpMs, meanwhile }: WireRequest,
  messages: readonly string[],
  { url, lookup, quietMs, streamMs, maxBytes }: SocketOptions,
): Promise<WireAnswer> {
  const { WebSocket } = await import('ws')
  const address = new URL(url.origin.replace(/^http/, 'ws') + url.pathname.replace(/\/$/, '') + path)
  // What its types don't know of is passed on to `http.request` all the same.
  const options = { headers: headers as Record<string, string>, maxPayload: maxBytes, lookup }
  return new Promise((resolve) => {
    let head: Pick<WireAnswer, 'status' | 'headers'> = { status: 0, headers: {} }
    const said: string[] = []
    let size = 0
    let settled = false
    const settle = (ending: WireAnswer['ending']) => {
      if (settled) return
      settled = true
      clearTimeout(hardStop)
      silence.end()
      resolve({ ...head, body: said.join('\n'), ending })
      socket.terminate()
    }
    const take = (text: string) => {
      size += text.length
      if (size > maxBytes) settle('cut')
      else said.push(text)
    }
    const silence = createSilence(quietMs, meanwhile, () => settle('quiet'))
    let hardStop = setTimeout(() => settle('timeout'), timeoutMs)
    const socket = new WebSocket(address, options)
    socket.on('upgrade', (answer) => {
      head = { status: answer.statusCode ?? 101, headers: flatten(answer.headers) }
    })
    socket.on('open', () => {
      clearTimeout(hardStop)
      hardStop = setTimeout(() => settle('quiet'), hangUpMs ?? streamMs)
      silence.stir()
      for (const message of messages) socket.send(message)
    })
    socket.on('message', (data) => {
      silence.stir()
      take(String(data))
    })
    socket.on('close', () => settle(head.status === 0 ? 'reset' : 'complete'))
    socket.on('unexpected-response', (_, answer) => {
      head = { status: answer.statusCode ?? 0, headers: flatten(answer.headers) }
      answer.on('data', (chunk: Buffer) => take(String(chunk)))
      answer.on('end', () => settle('complete'))
      answer.on('error', () => settle('reset'))
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'cut' : 'reset'),
    )
  })
}
