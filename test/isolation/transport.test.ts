import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createTransport, type Transport, type WireRequest } from '../../src/isolation/wire/transport.js'
import { until } from '../support/client.js'

const closed: string[] = []
const connections = new Set<number | undefined>()

/** Says who asked and on which connection, so that an answer can be told from any other. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '', headers, socket } = request
  connections.add(socket.remotePort)
  response.on('close', () => response.writableFinished || closed.push(url))
  if (url === '/trailer') {
    response.writeHead(200, { trailer: 'x-after' })
    response.write('body')
    response.addTrailers({ 'x-after': 'later' })
    response.end()
  } else if (url === '/silent') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('event: first\ndata: {\ndata: "a": 1}\n\n')
  } else if (url === '/late') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    setTimeout(() => response.end('data: late\n\n'), 200)
  } else if (url === '/never') {
    return
  } else if (url === '/chunked') {
    response.write(`${headers['x-who']}`)
    setTimeout(() => response.end('!'), 5)
  } else if (url === '/last') {
    response.writeHead(200, { connection: 'close' })
    response.end('last')
  } else {
    response.end(`${headers['x-who']}`)
  }
}

const server = createServer(answer)
const sockets = new WebSocketServer({ noServer: true })
let transport: Transport
let url: URL

beforeAll(async () => {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.headers['x-who'] !== 'alice') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\nx-why: you\r\n\r\nnot me')
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.send('hello')
      opened.on('message', (message) =>
        String(message) === 'bye' ? opened.close() : opened.send(`you said ${message}`),
      )
      opened.on('close', () => closed.push('socket'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  transport = await createTransport(url, { quietMs: 60 })
})

afterAll(() => {
  transport.close()
  server.close()
  server.closeAllConnections()
})

const wire = (path: string, more: Partial<WireRequest> & { who?: string } = {}): WireRequest => {
  const { who = 'alice', ...others } = more
  return { actor: 'alice', method: 'GET', path, headers: { 'x-who': who }, timeoutMs: 1000, ...others }
}

describe('a stream', () => {
  it('that is open and silent is no time-out, and is hung up on', async () => {
    expect(await transport.send(wire('/silent'))).toMatchObject({
      status: 200,
      ending: 'quiet',
      body: expect.stringContaining('"a": 1}'),
    })
    await until(
      () => closed,
      (urls) => urls.includes('/silent'),
    )
  })

  it('is left at once where a hang-up is asked for', async () => {
    const startedAt = performance.now()
    expect(await transport.send(wire('/late', { hangUpMs: 10 }))).toMatchObject({ ending: 'quiet', body: '' })
    expect(performance.now() - startedAt).toBeLessThan(150)
    await until(
      () => closed,
      (urls) => urls.includes('/late'),
    )
  })

  it('is waited for as long as something is on its way', async () => {
    expect(await transport.send(wire('/late'))).toMatchObject({ ending: 'quiet', body: '' })
    expect(await transport.send(wire('/late', { meanwhile: sleep(250) }))).toMatchObject({
      ending: 'complete',
      body: 'data: late\n\n',
    })
  })

  it('that never stops is stopped', async () => {
    const strict = await createTransport(url, { quietMs: 5000, streamMs: 30 })
    expect(await strict.send(wire('/silent'))).toMatchObject({ status: 200, ending: 'quiet' })
    strict.close()
  })

  it('has its trailers among its headers, and silence before an answer is a time-out', async () => {
    expect(await transport.send(wire('/trailer'))).toMatchObject({ headers: { 'x-after': 'later' }, body: 'body' })
    expect(await transport.send(wire('/never', { timeoutMs: 30 }))).toMatchObject({ status: 0, ending: 'timeout' })
  })
})

describe('a WebSocket', () => {
  it('says what it is told to say, and hears everything', async () => {
    expect(await transport.socket?.(wire('/'), ['one', 'two', 'bye'])).toMatchObject({
      status: 101,
      ending: 'complete',
      body: 'hello\nyou said one\nyou said two',
    })
    expect(await transport.socket?.(wire('/'), [])).toMatchObject({ status: 101, ending: 'quiet', body: 'hello' })
    expect(closed).toContain('socket')
  })

  it('that is refused answers like any request', async () => {
    expect(await transport.socket?.(wire('/', { who: 'bob' }), ['one'])).toMatchObject({
      status: 403,
      headers: { 'x-why': 'you' },
      body: 'not me',
      ending: 'complete',
    })
  })
})

describe('a shared line', () => {
  it('is one connection for everybody, and tells answers apart', async () => {
    const line = transport.line?.()
    connections.clear()
    expect(await line?.send(wire('/who', { who: 'alice' }))).toMatchObject({ status: 200, body: 'alice' })
    expect(await line?.send(wire('/chunked', { who: 'bob' }))).toMatchObject({ status: 200, body: 'bob!' })
    const answers = await line?.pipeline([
      wire('/chunked', { who: 'alice' }),
      wire('/who', { who: 'bob', method: 'HEAD' }),
      wire('/who', { who: 'bob', method: 'POST', body: 'é' }),
      wire('/trailer'),
      wire('/who', { who: 'nobody' }),
    ])
    expect(answers?.map(({ body }) => body)).toEqual(['alice!', '', 'bob', 'body', 'nobody'])
    expect(connections.size).toBe(1)
    line?.close()
  })

  it('says which requests stayed without an answer, and begins anew', async () => {
    const line = transport.line?.()
    const answers = await line?.pipeline([wire('/last'), wire('/who')])
    expect(answers?.map(({ ending }) => ending)).toEqual(['complete', 'reset'])
    expect(await line?.send(wire('/never', { timeoutMs: 30 }))).toMatchObject({ status: 0, ending: 'timeout' })
    expect(await line?.send(wire('/who'))).toMatchObject({ body: 'alice' })
    line?.close()
  })

  it('can be cut off before the answer', async () => {
    const line = transport.line?.()
    closed.length = 0
    await line?.abort(wire('/never'), 5)
    await until(
      () => closed,
      (urls) => urls.includes('/never'),
    )
    expect(await line?.send(wire('/who'))).toMatchObject({ body: 'alice' })
    line?.close()
  })
})

describe('a server that answers before it has read everything, and hangs up', () => {
  it('has answered, and what is written after that ends nothing', async () => {
    const hasty = createServer((request, response) => {
      response.writeHead(413)
      response.end('too long')
      setTimeout(() => request.socket.destroy(), 1)
    })
    await new Promise<void>((resolve) => hasty.listen(0, '127.0.0.1', resolve))
    const there = new URL(`http://127.0.0.1:${(hasty.address() as AddressInfo).port}/`)
    const own = await createTransport(there, { quietMs: 60 })
    try {
      const body = 'x'.repeat(16 * 1024 * 1024)
      for (let round = 0; round < 60; round++) {
        expect((await own.send(wire('/', { method: 'POST', body, timeoutMs: 5000 }))).status).toBe(413)
        await sleep(3)
      }
    } finally {
      own.close()
      hasty.close()
      hasty.closeAllConnections()
    }
  })
})
