import { describe, expect, it } from 'vitest'
import type { Json } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

/** What one request may ask for, and what one row may hold, so that nobody keeps the server from all others. */

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')

/** Metadata of exactly so many bytes of JSON, with what the handler of these tests adds to it. */
const STAMP = JSON.stringify({ owner: 'alice' }).length - 1
const LARGEST = 1_000_000
const sized = (bytes: number, key = 'k') => ({ [key]: 'x'.repeat(bytes - JSON.stringify({ [key]: '' }).length) })

describe('metadata', () => {
  const assistant = { graph_id: 'echo' }
  const cron = { assistant_id: 'echo', schedule: '0 0 1 1 *' }

  it.each<[string, Json, string]>([
    ['/threads', {}, 'thread_id'],
    ['/assistants', assistant, 'assistant_id'],
    ['/runs/crons', cron, 'cron_id'],
  ])('of %s takes a megabyte, when it is made and after each change', async (path, body, key) => {
    const make = (bytes: number) => alice.post(path, { ...body, metadata: sized(bytes) })
    const refused = await make(LARGEST - STAMP + 1)
    expect([refused.status, refused.text]).toEqual([422, expect.stringMatching(/metadata must not take more than/)])
    const made = await make(LARGEST - STAMP)
    expect(made.status).toBe(200)

    const one = `${path}/${made.json()[key]}`
    const patch = (metadata: Json) => alice.call('PATCH', one, { metadata })
    const grown = await patch({ more: 1 })
    expect([grown.status, grown.text]).toEqual([422, expect.stringMatching(/metadata must not take more than/)])
    expect((await patch({ k: 'less' })).status).toBe(200)
    expect((await patch({ more: 1 })).json()['metadata']).toEqual({ owner: 'alice', k: 'less', more: 1 })
  })

  it.each(['metadata', 'config'])('of a run takes a megabyte, its %s', async (part) => {
    const run = (bytes: number) => alice.post('/runs/wait', { assistant_id: 'echo', input: {}, [part]: sized(bytes) })
    // The thread that is made for it has this metadata too, with what the handler adds.
    expect((await run(LARGEST - 1000)).status).toBe(200)
    const { status, text } = await run(LARGEST + 1)
    expect([status, text]).toEqual([422, expect.stringContaining(`${part}: must not take more than 1000000 bytes`)])
  })

  it('counts bytes, not characters', async () => {
    expect((await alice.post('/threads', { metadata: { k: 'é'.repeat(500_000) } })).status).toBe(422)
    const id = await alice.thread({ metadata: { k: 'e'.repeat(500_000) } })
    expect((await alice.call('PATCH', `/threads/${id}`, { metadata: { l: 'é'.repeat(250_000) } })).status).toBe(422)
    expect((await alice.call('PATCH', `/threads/${id}`, { metadata: { l: 'é'.repeat(249_000) } })).status).toBe(200)
  })

  it('that is as large as it may be hinders no run', async () => {
    const id = await alice.thread({ metadata: sized(LARGEST - STAMP) })
    const body = { assistant_id: 'echo', input: { text: 'hello' } }
    expect((await alice.post(`/threads/${id}/runs/wait`, body)).json()).toMatchObject({ text: 'hello' })
    expect((await alice.get(`/threads/${id}`)).json()['metadata']).toMatchObject({ graph_id: 'echo' })
  })
})

it('the configuration of a thread grows no further than two megabytes', async () => {
  const id = await alice.thread()
  for (const key of ['a', 'b', 'c', 'd']) {
    const config = { configurable: sized(900_000, key) }
    const run = await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'echo', input: {}, config })
    expect(run.status).toBe(200)
  }
  const { config } = (await alice.get(`/threads/${id}`)).json() as { config: { configurable: Json } }
  expect(Object.keys(config.configurable).filter((key) => key.length === 1)).toEqual(['a', 'b'])
})

describe('a search', () => {
  const within = (levels: number, inner: unknown): Json =>
    levels === 0 ? (inner as Json) : { a: within(levels - 1, inner) }
  const members = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]))
  const list = (count: number, element: unknown) => ({ l: Array.from({ length: count }, () => element) })

  it.each([
    ['/threads/search', 'metadata'],
    ['/threads/search', 'values'],
    ['/threads/count', 'metadata'],
    ['/threads/count', 'values'],
    ['/assistants/search', 'metadata'],
    ['/assistants/count', 'metadata'],
    ['/runs/crons/search', 'metadata'],
    ['/runs/crons/count', 'metadata'],
    ['/store/items/search', 'filter'],
  ])('%s takes %s up to its bounds', async (path, part) => {
    const ask = (wanted: Json) => alice.post(path, { namespace_prefix: ['alice'], [part]: wanted })
    const bounds: [Json, Json, string][] = [
      [within(16, 1), within(17, 1), 'must not be nested deeper than 16 levels'],
      [within(15, { l: [] }), within(15, { l: [1] }), 'must not be nested deeper than 16 levels'],
      [members(100), members(101), 'must not have more than 100 parts'],
      [list(99, 1), list(100, 1), 'must not have more than 100 parts'],
      [list(10, {}), list(11, {}), 'must not have more than 10 objects or lists in lists'],
      [{ k: 'x'.repeat(99_992) }, { k: 'x'.repeat(99_993) }, 'must not be longer than 100000 characters'],
    ]
    for (const [most, more, message] of bounds) {
      expect((await ask(most)).status).toBe(200)
      const { status, text } = await ask(more)
      expect([status, text]).toEqual([422, expect.stringContaining(`${part}: ${message}`)])
    }
  })

  it.each([
    ['x'.repeat(1000), 200, ''],
    ['x'.repeat(1001), 422, 'query: must not be longer than 1000 characters'],
    [' word'.repeat(32), 200, ''],
    [' word'.repeat(33), 422, 'query: must not have more than 32 words'],
  ])('takes a query up to its bounds (%#)', async (query, status, message) => {
    const reply = await alice.post('/store/items/search', { namespace_prefix: ['alice'], query })
    expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(message)])
  })

  it.each([
    [`values${'.a'.repeat(199)}`, 200],
    [`values${'.a'.repeat(200)}`, 422],
    [`values.${'a'.repeat(993)}`, 200],
    [`values.${'a'.repeat(994)}`, 422],
  ])('takes paths to extract up to their bounds (%#)', async (path, status) => {
    expect((await alice.post('/threads/search', { extract: { x: path } })).status).toBe(status)
  })
})

describe('threads with large values', async () => {
  const carol = server.as('carol')
  const ids: string[] = []
  for (let index = 0; index < 5; index++) {
    const id = await carol.thread({ metadata: { graph_id: 'echo' } })
    await carol.post(`/threads/${id}/state`, { values: { text: `${index}${'x'.repeat(9e6)}` }, as_node: 'echo' })
    ids.unshift(id)
  }

  it('come a few at a time, and each page says where the next begins', async () => {
    const seen: unknown[] = []
    const headers: (string | null)[][] = []
    for (let offset: string | null = '0'; offset !== null; ) {
      const reply = await carol.post('/threads/search', { limit: 1000, offset: Number(offset) })
      seen.push(...(reply.json() as unknown as Json[]).map(({ thread_id }) => thread_id))
      offset = reply.headers.get('x-pagination-next')
      headers.push([reply.headers.get('x-pagination-total'), offset])
    }
    expect(seen).toEqual(ids)
    expect(headers).toEqual([
      ['5', '3'],
      ['5', null],
    ])
  })

  it('are all deleted with the assistant that ran on them', async () => {
    const made = (await carol.post('/assistants', { graph_id: 'echo' })).json()['assistant_id']
    for (const id of ids) await carol.call('PATCH', `/threads/${id}`, { metadata: { assistant_id: made } })
    expect((await carol.call('DELETE', `/assistants/${made}?delete_threads=true`)).status).toBeLessThan(300)
    expect((await carol.post('/threads/count', {})).json()).toBe(0)
  })
})

it('extracts no more than a page', async () => {
  const id = await alice.thread({ metadata: { graph_id: 'echo', big: true } })
  await alice.post(`/threads/${id}/state`, { values: { text: 'x'.repeat(9e6) }, as_node: 'echo' })
  const paths = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 'values']))
  const ask = (count: number) =>
    alice.post('/threads/search', { metadata: { big: true }, select: ['thread_id'], extract: paths(count) })
  expect((await ask(3)).status).toBe(200)
  const { status, text } = await ask(4)
  expect([status, text]).toEqual([422, expect.stringContaining('extract: takes too much')])
})
