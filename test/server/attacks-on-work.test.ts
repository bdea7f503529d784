import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createConnection, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Annotation, END, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { withoutCredentials } from '../../src/cli/redact.js'
import type { Auth } from '../../src/engine/auth.js'
import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'
import { DEFAULT_SETTINGS } from '../../src/runtime/settings.js'
import { createWebhooks } from '../../src/runtime/webhooks/webhooks.js'
import { namesOnly, ownerOnly, ownerOnlyBut } from '../support/auth.js'
import { type Json, sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

/**
 * Attacks on what goes on after its request was answered: queued runs, streams, crons, webhooks, sweeps; and on what one
 * request may cost everybody else. Bob is hostile, Carol was let at a thread for a while, Alice is whom they are after.
 */

const ABSENT = '00000000-0000-4000-8000-000000000000'

const State = Annotation.Root({ ms: Annotation<number>, text: Annotation<string> })

/** Writes to the store late, whether or not anyone still waits. */
const late: GraphSource = {
  load: async () =>
    new StateGraph(State)
      .addNode('late', async ({ ms, text }: typeof State.State, config: LangGraphRunnableConfig) => {
        await sleep(ms)
        await config.store?.put(['alice'], text, { by: 'a graph' })
        return { text: 'written' }
      })
      .addEdge(START, 'late')
      .addEdge('late', END)
      .compile(),
}

const settings = { webhooks: { ...DEFAULT_SETTINGS.webhooks, disableLoopback: false } }
const server = await serve({ graphs: { ...testGraphs, late }, settings })
const { feeds } = server.runtime.queue
const alice = server.as('alice')
const bob = server.as('bob')
const carol = server.as('carol')

beforeEach(() => server.use(ownerOnly()))

/** Whom a thread is shared with may do all that its owner may, until they are taken out of the list. */
function sharing(): Auth {
  const visible = (user: { identity: string }) => ({
    $or: [{ owner: user.identity }, { shared: { $contains: user.identity } }],
  })
  return namesOnly()
    .on('threads', ({ user }) => visible(user))
    .on('threads:create', ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
    })
}

/** What a stream sends until the time is over or it ends. */
async function heard(response: Response, ms: number): Promise<string> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const over = sleep(ms).then(() => undefined)
  let text = ''
  for (;;) {
    const part = await Promise.race([reader.read(), over])
    if (!part || part.done) break
    text += Buffer.from(part.value).toString()
  }
  await reader.cancel()
  return text
}

/** A client that asks, and then neither reads nor hangs up. */
async function stalled(path: string, user: string): Promise<Socket> {
  const { hostname, port } = new URL(server.url)
  const socket = createConnection({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${user}\r\n\r\n`)
  socket.pause()
  await sleep(200)
  return socket
}

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

/** How many bytes more are held after something was done. */
async function heldAfter(act: () => Promise<void>): Promise<number> {
  collect()
  const before = getHeapStatistics().used_heap_size
  await act()
  await sleep(300)
  collect()
  return getHeapStatistics().used_heap_size - before
}

async function timed<T>(act: () => T | Promise<T>): Promise<{ ms: number; result: T }> {
  const before = performance.now()
  const result = await act()
  return { ms: performance.now() - before, result }
}

describe('a thread id that comes back as the thread of another user', () => {
  it('brings no events of the stateless run that had it first', async () => {
    const wait = await alice.post('/runs/wait', { assistant_id: 'echo', input: { text: 'canary' } })
    const id = String(wait.headers.get('location')).split('/')[2] as string
    expect((await bob.post('/threads', { thread_id: id })).status).toBe(200)
    const stream = await bob.open('GET', `/threads/${id}/stream`, undefined, { headers: { 'last-event-id': '-' } })
    expect(await heard(stream, 500)).not.toMatch(/canary|alice/)
  })

  it('ends the streams that were asked for while it was deleted', async () => {
    for (let tries = 0; tries < 10; tries++) {
      const id = await bob.thread()
      const [, ...streams] = await Promise.all([
        bob.call('DELETE', `/threads/${id}`),
        ...[1, 2, 3].map(() => bob.open('GET', `/threads/${id}/stream`)),
      ])
      await alice.post('/threads', { thread_id: id })
      await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'echo', input: { text: 'canary' } })
      const texts = await Promise.all(streams.map((stream) => heard(stream, 100)))
      expect(texts.join('')).not.toContain('canary')
      await alice.call('DELETE', `/threads/${id}`)
    }
  })
})

describe('access that was taken back', () => {
  it('ends with it what follows the thread', async () => {
    server.use(sharing())
    const id = await alice.thread({ metadata: { shared: ['carol'] } })
    const stream = await carol.open('GET', `/threads/${id}/stream`)
    await alice.call('PATCH', `/threads/${id}`, { metadata: { shared: [] } })
    expect((await carol.get(`/threads/${id}`)).status).toBe(404)
    const reading = heard(stream, 1000)
    await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'echo', input: { text: 'canary' } })
    await alice.post(`/threads/${id}/state`, { values: { text: 'canary' }, as_node: 'echo' })
    expect(await reading).not.toContain('canary')
  })

  it('lets no run begin that waited for its time', async () => {
    server.use(sharing())
    const id = await alice.thread({ metadata: { shared: ['carol'] } })
    const body = { assistant_id: 'echo', input: { text: 'of Carol' }, after_seconds: 1 }
    expect((await carol.post(`/threads/${id}/runs`, body)).status).toBe(200)
    await alice.call('PATCH', `/threads/${id}`, { metadata: { shared: [] } })
    await sleep(1700)
    expect((await alice.get(`/threads/${id}`)).json()['values']).toBeNull()
  })

  it('lets no run begin that waited behind another', async () => {
    server.use(sharing())
    const id = await alice.thread({ metadata: { shared: ['carol'] } })
    await alice.post(`/threads/${id}/runs`, { assistant_id: 'slow', input: { ms: 600, text: 'of Alice' } })
    const stream = await carol.open('POST', `/threads/${id}/runs/stream`, { assistant_id: 'echo', input: {} })
    await alice.call('PATCH', `/threads/${id}`, { metadata: { shared: [] } })
    expect(await heard(stream, 1500)).not.toContain('of Alice')
  })
})

describe('a webhook', () => {
  it('shows nothing of a thread to whom may run on it and not read it', async () => {
    server.use(ownerOnlyBut('threads:create_run', () => true))
    const told: string[] = []
    const hook = createHttpServer((request, response) => {
      request.on('data', (part) => told.push(String(part)))
      request.on('end', () => response.end())
    }).listen(0, '127.0.0.1')
    await until(
      () => hook.listening,
      (listening) => listening,
    )
    const webhook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`
    const id = await alice.thread()
    await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'echo', input: { text: 'canary' } })
    const run = { assistant_id: 'echo', input: {} }
    expect((await bob.post(`/threads/${id}/runs/wait`, run)).status).toBe(404)
    await bob.post(`/threads/${id}/runs`, { ...run, webhook })
    await sleep(500)
    hook.close()
    expect(told.join('')).not.toContain('canary')
  })

  it('to a host that takes nothing on many ports keeps nobody else waiting', async () => {
    const attemptMs = 400
    const dead: Server[] = Array.from({ length: 60 }, () =>
      createTcpServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1'),
    )
    const good = createHttpServer((request, response) => {
      request.resume()
      response.end()
    }).listen(0)
    await until(
      () => [...dead, good].every(({ listening }) => listening),
      (all) => all,
    )
    const portOf = (one: Server) => (one.address() as AddressInfo).port
    const webhooks = createWebhooks({ settings: () => settings.webhooks, attemptMs, pausesMs: [] })
    afterAll(async () => {
      await webhooks.close()
      for (const one of [...dead, good]) one.close()
    })
    for (const one of dead)
      for (let times = 0; times < 4; times++) void webhooks.send(`http://127.0.0.1:${portOf(one)}/`, {})
    await sleep(20)
    // Another name than that of the dead one: they share no line.
    const { ms, result } = await timed(() => webhooks.send(`http://localhost:${portOf(good)}/`, {}))
    expect(result).toBe('delivered')
    expect(ms).toBeLessThan(attemptMs * 2)
  })
})

describe('what a cron runs', () => {
  const record = { lc: 1, type: 'constructor', id: ['langchain_core', 'messages', 'Nope'], kwargs: {} }
  const body = { assistant_id: 'echo', schedule: '0 0 1 1 *' }

  it.each(['/runs/crons', '/threads/{id}/runs/crons'])('holds no constructor records (%s)', async (path) => {
    const where = path.replace('{id}', await bob.thread())
    expect((await bob.post(where, { ...body, input: { text: record } })).status).toBe(422)
    const { cron_id } = (await bob.post(where, body)).json()
    expect((await bob.call('PATCH', `/runs/crons/${cron_id}`, { input: { text: record } })).status).toBe(422)
  })
})

describe('rules that are asked too little', () => {
  it('may update is not may delete: a time to live takes threads:delete too', async () => {
    server.use(
      ownerOnly()
        .on(['threads:read', 'threads:update'], () => true)
        .on('threads:delete', ({ user }) => ({ owner: user.identity })),
    )
    const id = await alice.thread()
    expect((await carol.call('DELETE', `/threads/${id}`)).status).toBe(404)
    for (const ttl of [1, { ttl: 1, strategy: 'keep_latest' }]) {
      expect([403, 404]).toContain((await carol.call('PATCH', `/threads/${id}`, { ttl })).status)
    }
    // And whoever may does not end it under the hands of others.
    expect((await alice.call('PATCH', `/threads/${id}`, { ttl: 0.000001 })).status).toBe(422)
    expect((await alice.get(`/threads/${id}?include=ttl`)).json()['ttl']).toBeNull()
  })

  it.each(['interrupt', 'rollback'])(
    '%s does not tell a busy thread that is hidden from one that is absent',
    async (multitask_strategy) => {
      server.use(
        ownerOnlyBut(
          'threads:update',
          (({ user }: { user: { identity: string } }) => user.identity === 'alice') as never,
        ),
      )
      const id = await alice.thread()
      await alice.post(`/threads/${id}/runs`, { assistant_id: 'slow', input: { ms: 500 } })
      const ask = async (thread: string) => {
        const { status, text } = await bob.post(`/threads/${thread}/runs`, {
          assistant_id: 'echo',
          input: {},
          multitask_strategy,
        })
        return [status, text.replace(thread, '')]
      }
      expect(await ask(id)).toEqual(await ask(ABSENT))
    },
  )

  it('the store of a run that goes on asks the rules of the moment', async () => {
    const id = await alice.thread()
    await alice.post(`/threads/${id}/runs`, { assistant_id: 'late', input: { ms: 400, text: 'refused by now' } })
    await sleep(150)
    server.use(ownerOnlyBut('store:put', () => false))
    await sleep(700)
    server.use(ownerOnly())
    expect((await alice.get('/store/items?namespace=alice&key=refused%20by%20now')).text).toBe('null')
  })
})

describe('a reader that is gone is forgotten', () => {
  it('where it only asked for the head', async () => {
    const id = await bob.thread()
    await bob.call('HEAD', `/threads/${id}/stream`)
    await sleep(100)
    expect(feeds.isFollowed(id)).toBe(false)
  })

  it('where it took nothing for a while and then hung up', async () => {
    const id = await bob.thread({ metadata: { graph_id: 'echo' } })
    const socket = await stalled(`/threads/${id}/stream?stream_mode=state_update`, 'bob')
    for (let times = 0; times < 6; times++) {
      await bob.post(`/threads/${id}/state`, { values: { text: 'x'.repeat(4e6) }, as_node: 'echo' })
    }
    socket.destroy()
    await sleep(1000)
    expect(feeds.isFollowed(id)).toBe(false)
  })
})

describe('memory is bounded', () => {
  it('for the results of runs that have ended', async () => {
    const held = await heldAfter(async () => {
      for (let times = 0; times < 24; times++) {
        // No event of the stream holds the state.
        const input = { text: `${times}${'x'.repeat(5e6)}` }
        const run = (await bob.post('/runs', { assistant_id: 'echo', input, stream_mode: 'custom' })).json()
        await bob.get(`/threads/${run['thread_id']}/runs/${run['run_id']}/join`)
      }
    })
    expect(held).toBeLessThan(90e6)
  }, 60_000)

  it('for a reader that takes nothing', async () => {
    const id = await bob.thread({ metadata: { graph_id: 'echo' } })
    const socket = await stalled(`/threads/${id}/stream?stream_mode=state_update`, 'bob')
    const held = await heldAfter(async () => {
      for (let times = 0; times < 20; times++) {
        await bob.post(`/threads/${id}/state`, { values: { text: `${times}${'x'.repeat(5e6)}` }, as_node: 'echo' })
      }
    })
    socket.destroy()
    expect(held).toBeLessThan(50e6)
  })

  it('for metadata that grows with every change', async () => {
    const id = await bob.thread()
    const statuses: number[] = []
    for (let times = 0; times < 6; times++) {
      const metadata = { [`k${times}`]: 'x'.repeat(9e6) }
      statuses.push((await bob.call('PATCH', `/threads/${id}`, { metadata }, { prefer: 'return=minimal' })).status)
    }
    await bob.call('DELETE', `/threads/${id}`)
    expect(statuses.some((status) => status === 413 || status === 422)).toBe(true)
  })
})

describe('one request does not stop all others', () => {
  /** Nothing that one request asks may keep the only thread of the server for longer. */
  const LONGEST_MS = 1500

  function within(levels: number, inner: Json): Json {
    let value = inner
    for (let level = 0; level < levels; level++) value = { a: value }
    return value
  }

  const numbers = Array.from({ length: 150_000 }, (_, index) => index)
  const words = Array.from({ length: 30_000 }, (_, index) => `w${index.toString(36)}z`).join(' ')

  it.each<[string, [string, string, Json], [string, Json]]>([
    [
      'metadata that is large and deep',
      ['POST', '/threads', { metadata: within(190, { blob: 'x'.repeat(150_000) }) }],
      ['/threads/search', { metadata: within(190, { x: 1 }) }],
    ],
    [
      'a long list',
      ['POST', '/threads', { metadata: { numbers } }],
      ['/threads/search', { metadata: { numbers: numbers.slice(-190) } }],
    ],
    [
      'many words',
      ['PUT', '/store/items', { namespace: ['bob'], key: 'words', value: { words } }],
      ['/store/items/search', { namespace_prefix: ['bob'], query: words }],
    ],
    [
      'a value of the store that is large and deep',
      ['PUT', '/store/items', { namespace: ['bob'], key: 'deep', value: within(190, { blob: 'x'.repeat(150_000) }) }],
      ['/store/items/search', { namespace_prefix: ['bob'], filter: within(190, { x: 1 }) }],
    ],
    [
      'a path of many steps',
      ['POST', '/threads', {}],
      ['/threads/search', { extract: { x: `values${'.a'.repeat(2e6)}` } }],
    ],
  ])('%s', async (_, [method, where, planted], [path, body]) => {
    expect((await bob.call(method, where, planted)).status).toBeLessThan(500)
    const { ms, result } = await timed(() => bob.post(path, body))
    expect(result.status).toBeLessThan(500)
    expect(ms).toBeLessThan(LONGEST_MS)
  })

  it.each<[string, Json]>([
    ['/threads/search', { metadata: { list: nestedList(190) } }],
    ['/threads/count', { values: { list: nestedList(190) } }],
    ['/assistants/search', { metadata: { list: nestedList(190) } }],
    ['/runs/crons/search', { metadata: { list: nestedList(190) } }],
    ['/store/items/search', { namespace_prefix: ['bob'], filter: { list: nestedList(190) } }],
    ['/threads/search', { extract: { x: `values${'.a'.repeat(4.9e6)}` } }],
  ])('%s answers a search that nests too deep with a 4xx or an answer', async (path, body) => {
    expect((await bob.post(path, body)).status).toBeLessThan(500)
  })

  it.each([
    ['what looks like tokens', 'eyJaaaa-'.repeat(6000)],
    ['words with dashes', 'a-'.repeat(30_000)],
  ])('an error of a graph that quotes %s is logged at once', async (_, text) => {
    expect((await timed(() => withoutCredentials(text))).ms).toBeLessThan(500)
  })
})

function nestedList(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}
