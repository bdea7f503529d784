// Reads many streams of runs at once. A process of its own, like the load generator.
import { request } from 'node:http'
import { percentile, sleep } from './stats.js'

process.on('message', async (job) => {
  try {
    process.send({ result: await run(job) })
  } catch (error) {
    process.send({ error: error.message })
  }
})
process.on('disconnect', () => process.exit())

/**
 * Opens a stream for each request, all within `openingMs`, and reads them to their end. A stream that lacks an event, or
 * has one twice, out of order, or an error, is an error here: the figures of a server that loses events would be worth nothing.
 *
 * @param job.groups `[{ name, requests, pauseMs }]`; a group with `pauseMs` stops reading for so long after its first event.
 * @returns By group, how long the events were on their way: from the moment that the graph made them until they were read.
 */
async function run({ url, groups, events, openingMs }) {
  const open = { now: 0, most: 0 }
  const count = groups.reduce((sum, { requests }) => sum + requests.length, 0)
  const begun = performance.now()
  let started = 0
  const seen = await Promise.all(
    groups.map(async ({ name, requests, pauseMs }) => {
      const delays = await Promise.all(
        requests.map(async (one, index) => {
          // Groups open in step with each other.
          await sleep((openingMs * index) / requests.length)
          started++
          return readStream(url, one, { events, pauseMs, open })
        }),
      )
      const sorted = delays.flat().sort((a, b) => a - b)
      return [name, { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: sorted.at(-1) }]
    }),
  )
  if (started !== count) throw new Error(`${started} of ${count} streams were opened`)
  return { ms: performance.now() - begun, mostOpen: open.most, groups: Object.fromEntries(seen) }
}

/** Resolves to how long each event was on its way, in milliseconds, when the stream has come to its end. */
function readStream(url, { path, token, body }, { events, pauseMs, open }) {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }
    const call = request(new URL(path, url), { method: 'POST', agent: false, headers }, (response) => {
      if (response.statusCode !== 200) {
        response.resume()
        return reject(new Error(`a stream was answered with ${response.statusCode}`))
      }
      open.most = Math.max(open.most, ++open.now)
      const delays = []
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        const parts = (rest + chunk).split(/\r?\n\r?\n/)
        rest = parts.pop()
        for (const part of parts) {
          const name = /^event: ?(.*?)\r?$/m.exec(part)?.[1]
          if (name === 'error') return reject(new Error(`a stream told of an error: ${part.slice(0, 300)}`))
          if (name !== 'custom') continue
          const { index, at } = JSON.parse(/^data: ?(.*)$/m.exec(part)[1])
          if (index !== delays.length) return reject(new Error(`event ${index} came where ${delays.length} was due`))
          delays.push(Date.now() - at)
          if (pauseMs && index === 0) {
            response.pause()
            setTimeout(() => response.resume(), pauseMs)
          }
        }
      })
      response.on('error', reject)
      response.on('end', () => {
        open.now--
        if (delays.length === events) resolve(delays)
        else reject(new Error(`a stream ended after ${delays.length} of ${events} events`))
      })
    })
    call.on('error', reject)
    call.end(text)
  })
}
