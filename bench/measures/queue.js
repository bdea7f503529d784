import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openClient } from '../http.js'
import { percentile, sleep } from '../stats.js'

/** How often the watcher reads a thread, and how often it looks at the memory. */
const READ_EVERY_MS = 20
const MEMORY_EVERY_MS = 250

/** What `queue.drain` gives each user; a thread runs one at a time. */
const QUEUE_USERS = 4
const THREADS_OF_A_USER = 10
const DRAIN_MS = 600_000

/**
 * Of `streams`. They are opened one after the other, as fast as two cores can start runs, and last until all of them are
 * open. Side by side there are fewer, and their events come faster.
 */
const STREAM_USERS = 20
const EVENTS = 20
const EVENT_MS = 1000
const PEER_EVENT_MS = 250
const OPENING_MS_EACH = 10

/** Of `streams.slow`: what comes while nobody reads is far more than the kernel's buffers hold. */
const SLOW = { streams: 100, events: 40, pauseMs: 50, size: 50_000, stopMs: 2000 }

/** A queue that is long, streams that are many, and readers that are slow: memory, and whether others notice. */
export async function measureQueue({ servers, generator, sizes, add, progress }) {
  const reader = openReader()
  try {
    progress(`${sizes.queued} queued runs`)
    await measureDrain({ servers, generator, runs: sizes.queued, add })
    progress(`${sizes.streams} streams`)
    await measureStreams({ servers, reader, count: sizes.streams, add })
    progress(`${SLOW.streams} slow readers`)
    await measureSlowReaders({ servers, reader, add })
    progress(`${sizes.peerStreams} streams side by side`)
    await measureSideBySide({ servers, reader, count: sizes.peerStreams, add })
  } finally {
    reader.close()
  }
}

async function measureDrain({ servers, generator, runs, add }) {
  const server = await servers.start('authkit', servers.newProject('queue-authkit'))
  const threads = await createThreads(server, { users: QUEUE_USERS, each: THREADS_OF_A_USER })
  await warmUp(server)
  const watcher = watch(server)
  const body = bodyOf({ events: 1, pauseMs: 20 }, { multitask_strategy: 'enqueue' })
  const requests = threads.map(({ id, token }) => ({ method: 'POST', path: `/threads/${id}/runs`, token, body }))
  const begun = performance.now()
  const cpuBefore = server.cpuMs()
  // A connection for each user: many more would measure how long their requests wait for each other.
  const created = await generator.run({
    url: server.url,
    requests,
    connections: QUEUE_USERS,
    count: runs,
    maxMs: DRAIN_MS,
  })
  await drained(server, begun)
  const ms = performance.now() - begun
  const cpu = (server.cpuMs() - cpuBefore) / runs
  const watched = await watcher.stop()
  const ended = await countEnded(server, threads)
  if (created.requests !== runs || ended !== runs) throw new Error(`${ended} of ${runs} runs ended with success`)
  await server.stop()
  addOne(add, 'queue.drain', (runs / ms) * 1000, { created, ms })
  addOne(add, 'queue.cpu', cpu)
  addWatched(add, 'queue', watched)
}

async function measureStreams({ servers, reader, count, add }) {
  const { seen, watched, cpu } = await streamsOn('authkit', { servers, reader, count, jobs: 1000, pauseMs: EVENT_MS })
  addOne(add, 'streams.open', seen.mostOpen, seen)
  addOne(add, 'streams.cpu', cpu)
  addOne(add, 'streams.delay', seen.groups.all.p99)
  addWatched(add, 'streams', watched)
}

async function measureSideBySide({ servers, reader, count, add }) {
  const kinds = ['authkit', 'peer']
  const results = {}
  for (const kind of kinds)
    results[kind] = await streamsOn(kind, { servers, reader, count, jobs: count, pauseMs: PEER_EVENT_MS })
  const rows = {
    'streams.pair.delay': ({ seen }) => seen.groups.all.p99,
    'streams.pair.read': ({ watched }) => watched.p99,
    'streams.pair.memory': ({ watched }) => watched.growth,
  }
  for (const [id, figureOf] of Object.entries(rows)) {
    add(id, { authkit: figureOf(results.authkit), peer: figureOf(results.peer), samples: results })
  }
}

async function streamsOn(kind, { servers, reader, count, jobs, pauseMs }) {
  const flag = kind === 'authkit' ? '--jobs' : '--n-jobs-per-worker'
  const server = await servers.start(kind, servers.newProject(`streams-${kind}`), { extraArgs: [flag, `${jobs}`] })
  const threads = await createThreads(server, { users: STREAM_USERS, each: count / STREAM_USERS })
  await warmUp(server)
  const watcher = watch(server)
  const cpuBefore = server.cpuMs()
  const requests = streamRequests(threads, { events: EVENTS, pauseMs })
  const seen = await reader.run({
    url: server.url,
    groups: [{ name: 'all', requests }],
    events: EVENTS,
    openingMs: count * OPENING_MS_EACH,
  })
  const cpu = (server.cpuMs() - cpuBefore) / count
  const watched = await watcher.stop()
  await server.stop()
  if (seen.mostOpen < count) throw new Error(`only ${seen.mostOpen} of ${count} streams were open at once`)
  return { seen, watched, cpu }
}

/** Half of the streams stop reading for a while. Once more with nobody stopping, to compare the other half with. */
async function measureSlowReaders({ servers, reader, add }) {
  const { streams, events, pauseMs, size, stopMs } = SLOW
  const results = {}
  for (const [name, stop] of Object.entries({ reading: 0, stopping: stopMs })) {
    const server = await servers.start('authkit', servers.newProject(`slow-${name}`), { extraArgs: ['--jobs', '1000'] })
    const threads = await createThreads(server, { users: STREAM_USERS, each: (2 * streams) / STREAM_USERS })
    await warmUp(server)
    const watcher = watch(server)
    const seen = await reader.run({
      url: server.url,
      groups: [
        { name: 'slow', requests: streamRequests(threads.slice(0, streams), { events, pauseMs, size }), pauseMs: stop },
        { name: 'others', requests: streamRequests(threads.slice(streams), { events, pauseMs, size: 0 }) },
      ],
      events,
      openingMs: 2 * streams * OPENING_MS_EACH,
    })
    results[name] = { seen, watched: await watcher.stop() }
    await server.stop()
  }
  const delays = Object.entries(results).map(([name, { seen }]) => [name, seen.groups.others.p99])
  addOne(add, 'slow.delay', results.stopping.seen.groups.others.p99, Object.fromEntries(delays))
  addOne(add, 'slow.delay.reading', results.reading.seen.groups.others.p99)
  addWatched(add, 'slow', results.stopping.watched)
  addOne(add, 'slow.memory.reading', results.reading.watched.growth, results.reading.watched)
}

function streamRequests(threads, input) {
  const body = bodyOf(input, { stream_mode: ['custom'] })
  return threads.map(({ id, token }) => ({ path: `/threads/${id}/runs/stream`, token, body }))
}

function bodyOf(input, more = {}) {
  return { assistant_id: 'slow', input, ...more }
}

/** Users in turn, so that any part of the list has all of them. */
async function createThreads({ url }, { users, each }) {
  const client = openClient(url)
  const threads = []
  for (let index = 0; index < users * each; index++) {
    const token = `user${1 + (index % users)}-token`
    const { thread_id: id } = await client.json('POST', '/threads', { token, body: {} })
    threads.push({ id, token })
  }
  client.close()
  return threads
}

/** The first run imports LangGraph, which is in nobody's growth. */
async function warmUp({ url }) {
  const client = openClient(url)
  await client.json('POST', '/runs/wait', { body: bodyOf({ events: 2, pauseMs: 1 }) })
  client.close()
  await sleep(1000)
}

/**
 * Reads one thread every 20 ms, and looks at the server's memory between two reads, until it is told to stop. A read that
 * takes longer than that counts once more for each read that was due meanwhile, as if another user had sent it.
 */
function watch(server) {
  const client = openClient(server.url)
  const rest = server.memory().rss
  const reads = []
  let highest = rest
  let stopping = false
  const done = (async () => {
    const { thread_id } = await client.json('POST', '/threads', { body: {} })
    let looked = 0
    for (let due = performance.now(); !stopping; ) {
      await sleep(due - performance.now())
      const at = performance.now()
      await client.json('GET', `/threads/${thread_id}`)
      const took = performance.now() - at
      for (let left = took; left > 0; left -= READ_EVERY_MS) reads.push(left)
      if (at - looked > MEMORY_EVERY_MS) {
        looked = at
        highest = Math.max(highest, server.memory().rss)
      }
      due = Math.max(at + READ_EVERY_MS, performance.now())
    }
    client.close()
  })()
  // Told by stop().
  done.catch(() => undefined)
  return {
    async stop() {
      stopping = true
      await done
      reads.sort((a, b) => a - b)
      const p99 = percentile(reads, 0.99)
      return {
        reads: reads.length,
        p50: percentile(reads, 0.5),
        p99,
        max: reads.at(-1),
        rest,
        highest,
        growth: highest - rest,
      }
    },
  }
}

async function drained({ url }, begun) {
  const client = openClient(url)
  for (let user = 1; user <= QUEUE_USERS; ) {
    const body = { status: 'busy', limit: 1 }
    const busy = await client.json('POST', '/threads/search', { token: `user${user}-token`, body })
    if (busy.length === 0) user++
    else await sleep(MEMORY_EVERY_MS)
    if (performance.now() - begun > DRAIN_MS) throw new Error('the queue did not drain in ten minutes')
  }
  client.close()
}

async function countEnded({ url }, threads) {
  const client = openClient(url)
  let ended = 0
  for (const { id, token } of threads) {
    ended += (await client.json('GET', `/threads/${id}/runs?status=success&limit=1000&select=run_id`, { token })).length
  }
  client.close()
  return ended
}

/** Starts the reader of streams. One job at a time. */
function openReader() {
  const child = fork(fileURLToPath(new URL('../streams.js', import.meta.url)))
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the reader of streams ended'))
        child.once('exit', ended)
        child.once('message', ({ result, error }) => {
          child.off('exit', ended)
          if (error) reject(new Error(`${job.url}: ${error}`))
          else resolve(result)
        })
        child.send(job)
      }),
    close: () => child.disconnect(),
  }
}

function addWatched(add, id, watched) {
  addOne(add, `${id}.read`, watched.p99, watched)
  addOne(add, `${id}.memory`, watched.growth)
}

function addOne(add, id, figure, detail) {
  add(id, { authkit: figure, samples: { authkit: [figure] }, ...(detail ? { detail } : {}) })
}
