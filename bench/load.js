// The load generator: a process of its own, so that it takes no time from what it measures but the processor's. It speaks
// HTTP/1.1 over plain sockets because a full client costs more than the servers do, and would hide how they differ.
import { connect } from 'node:net'
import { percentile } from './stats.js'

/** Of one connection in one round. */
const MOST_RECONNECTS = 20

class Disconnected extends Error {}

process.on('message', async (job) => {
  try {
    process.send({ result: await run(job) })
  } catch (error) {
    process.send({ error: error.message })
  }
})
process.on('disconnect', () => process.exit())

/**
 * Sends requests over keep-alive connections, each the next of a list, each when the one before it on its connection has
 * been answered. Ends after `count` answers, or `maxMs`. Any answer but a 2xx is an error: the figures of a server that
 * refuses would be worth nothing.
 */
async function run({ url, requests, connections, count, maxMs }) {
  const { hostname, port, host } = new URL(url)
  const messages = requests.map((request) => encode(host, request))
  let sent = 0
  const next = () => messages[sent++ % messages.length]
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(hostname, Number(port))))
  try {
    const seen = await burst(lines, next, count, maxMs)
    return { ...seen, reconnects: lines.reduce((total, line) => total + line.reconnects(), 0) }
  } finally {
    for (const line of lines) line.close()
  }
}

async function burst(lines, next, count, maxMs) {
  const latencies = []
  const begun = performance.now()
  let started = 0
  await Promise.all(
    lines.map(async (line) => {
      while (started < count && performance.now() - begun < maxMs) {
        started++
        const at = performance.now()
        await line.ask(next())
        latencies.push(performance.now() - at)
      }
    }),
  )
  const ms = performance.now() - begun
  latencies.sort((a, b) => a - b)
  return {
    requests: latencies.length,
    ms,
    rps: (latencies.length / ms) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  }
}

function encode(host, { method, path, token, body }) {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = [`${method} ${path} HTTP/1.1`, `host: ${host}`, `authorization: Bearer ${token}`]
  if (text) head.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
}

/**
 * One connection, one request at a time. A server that is busy for longer than its keep-alive timeout closes connections
 * whose next request it has not read yet; then the request is sent again on a new one, as clients do, and its time goes on.
 */
async function openLine(hostname, port) {
  let connection = await openConnection(hostname, port)
  let reconnects = 0
  return {
    async ask(message) {
      for (;;) {
        try {
          return await connection.ask(message)
        } catch (error) {
          if (!(error instanceof Disconnected)) throw error
          if (++reconnects > MOST_RECONNECTS) throw error
          connection = await openConnection(hostname, port)
        }
      }
    },
    reconnects: () => reconnects,
    close: () => connection.close(),
  }
}

function openConnection(hostname, port) {
  let waiting
  let received = []
  let gone = false
  const socket = connect({ host: hostname, port, noDelay: true })
  const fail = () => {
    gone = true
    waiting?.reject(new Disconnected('the server closes its connections'))
    waiting = undefined
  }
  socket.on('error', fail)
  socket.on('close', fail)
  socket.on('data', (chunk) => {
    received.push(chunk)
    const bytes = received.length === 1 ? chunk : Buffer.concat(received)
    const status = statusWhenWhole(bytes)
    if (status === undefined) {
      received = [bytes]
      return
    }
    received = []
    const { resolve, reject } = waiting
    waiting = undefined
    if (status >= 200 && status < 300) resolve()
    else reject(new Error(`an answer of status ${status}: ${bytes.toString('latin1').slice(0, 500)}`))
  })

  const connection = {
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(new Disconnected('the server closes its connections'))
        waiting = { resolve, reject }
        socket.write(message)
      }),
    close: () => socket.destroy(),
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(connection))
    socket.once('error', reject)
  })
}

/** The status of an answer that is there to its end; undefined while more of it must come. */
function statusWhenWhole(bytes) {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.latin1Slice(0, end)
  const status = Number(head.slice(9, 12))
  const body = bytes.length - end - 4
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length) return body >= Number(length[1]) ? status : undefined
  if (/^transfer-encoding: *chunked/im.test(head)) {
    return bytes.latin1Slice(bytes.length - 5) === '0\r\n\r\n' ? status : undefined
  }
  if (status === 204) return status
  throw new Error(`an answer without a length: ${head}`)
}
