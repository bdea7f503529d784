import { describe, expect, it } from 'vitest'
import type { Json } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

const names = ['one', 'two', 'three', 'four', 'five']
const metadata: readonly Json[] = [
  { team: { name: 'red', size: 3 }, tags: ['a', 'b'] },
  { team: { name: 'red', size: 4 }, tags: ['a'] },
  { team: { name: 'blue' }, tags: [] },
  { n: 1, flag: true, nothing: null },
  { n: '1', flag: 'true' },
]
const threads: string[] = []
for (const [index, name] of names.entries()) {
  threads.push(await alice.thread({ metadata: { ...metadata[index], name } }))
  await alice.assistant({
    graph_id: index < 2 ? 'echo' : 'steps',
    name: `The ${name}`,
    metadata: { ...metadata[index] },
  })
}
for (let index = 0; index < 7; index++) await bob.thread({ metadata: { name: 'bob' } })
const run = (thread: string | undefined, body: Json) =>
  alice.post(`/threads/${thread}/runs/wait`, { input: {}, ...body })
await run(threads[0], { assistant_id: 'steps', input: { text: 'hi' } })
await run(threads[1], { assistant_id: 'ask', input: { text: 'hi' } })
await run(threads[2], { assistant_id: 'boom' })

async function found(query: Json): Promise<unknown[]> {
  const rows = (await alice.post('/threads/search', { sort_order: 'asc', ...query })).json<{ metadata: Json }[]>()
  return rows.map(({ metadata: { name } }) => name)
}

describe('searching threads', () => {
  it.each<[string, Json, string[]]>([
    ['everything', {}, names],
    ['newest first, where nothing is said', { sort_order: null }, [...names].reverse()],
    ['a part of nested metadata', { metadata: { team: { name: 'red' } } }, ['one', 'two']],
    ['all of nested metadata', { metadata: { team: { name: 'red', size: 4 } } }, ['two']],
    ['an entry of a list', { metadata: { tags: ['a'] } }, ['one', 'two']],
    ['several entries of a list', { metadata: { tags: ['b', 'a'] } }, ['one']],
    ['the empty list is in every list', { metadata: { tags: [] } }, ['one', 'two', 'three']],
    ['a number is no text', { metadata: { n: 1 } }, ['four']],
    ['a text is no number', { metadata: { n: '1' } }, ['five']],
    ['true is no text', { metadata: { flag: true } }, ['four']],
    ['two keys', { metadata: { n: 1, flag: 'true' } }, []],
    ['a key that nobody has', { metadata: { other: 1 } }, []],
    ['the owner of others', { metadata: { owner: 'bob' } }, []],
    ['values, and only threads that have some', { values: { text: 'hi' } }, ['one', 'two']],
    ['values of a list', { values: { seen: ['b'] } }, ['one']],
    ['status idle', { status: 'idle' }, ['one', 'four', 'five']],
    ['status interrupted', { status: 'interrupted' }, ['two']],
    ['status error', { status: 'error' }, ['three']],
    ['ids', { ids: [threads[4], threads[0]] }, ['one', 'five']],
    ['no ids', { ids: [] }, []],
    ['sorted by id', { sort_by: 'thread_id' }, names],
    ['sorted by status', { sort_by: 'status', limit: 1 }, ['three']],
    [
      'sorted by the last change of the state',
      { sort_by: 'state_updated_at', sort_order: 'desc', limit: 1 },
      ['three'],
    ],
    ['a page', { limit: 2, offset: 1 }, ['two', 'three']],
    ['beyond the end', { offset: 99 }, []],
  ])('%s', async (_, query, expected) => {
    expect(await found(query)).toEqual(expected)
    const { limit, offset, sort_by, sort_order, ids, ...countable } = query
    if (limit === undefined && offset === undefined && ids === undefined) {
      expect((await alice.post('/threads/count', countable)).json()).toBe(expected.length)
    }
  })

  it('shows only what was selected', async () => {
    const rows = (await alice.post('/threads/search', { select: ['thread_id', 'status'], limit: 1 })).json<Json[]>()
    expect(Object.keys(rows[0] ?? {})).toEqual(['thread_id', 'status'])
    const all = (await alice.post('/threads/search', { select: [], limit: 1 })).json<Json[]>()
    expect(Object.keys(all[0] ?? {})).toContain('metadata')
  })
})

describe.each(['threads', 'assistants'])('the pages of %s', (kind) => {
  it.each([
    [{ limit: 2 }, 2, '5', '2'],
    [{ limit: 2, offset: 2 }, 2, '5', '4'],
    [{ limit: 2, offset: 4 }, 1, '5', null],
    [{ limit: 5 }, 5, '5', null],
    [{ limit: 1000 }, 5, '5', null],
    [{ offset: 5 }, 0, '5', null],
    [{ limit: 1, metadata: { n: 1 } }, 1, '1', null],
    [{ metadata: { n: 2 } }, 0, '0', null],
  ])('%j', async (query, rows, total, next) => {
    const { headers, ...reply } = await alice.post(`/${kind}/search`, query)
    expect(reply.json()).toHaveLength(rows)
    expect([headers.get('x-pagination-total'), headers.get('x-pagination-next')]).toEqual([total, next])
  })
})

describe('searching assistants', () => {
  it.each<[string, Json, string[]]>([
    ['a part of the name, in any case', { name: 'tWo' }, ['The two']],
    ['a name with what is a wildcard elsewhere', { name: '%' }, []],
    ['the graph', { graph_id: 'echo' }, ['The one', 'The two']],
    ['metadata', { metadata: { team: { name: 'red' }, tags: ['b'] } }, ['The one']],
    ['sorted by name', { sort_by: 'name', limit: 2 }, ['The five', 'The four']],
  ])('%s', async (_, query, expected) => {
    const rows = (await alice.post('/assistants/search', { sort_order: 'asc', ...query })).json<{ name: string }[]>()
    expect(rows.map(({ name }) => name)).toEqual(expected)
  })
})

describe('small things', () => {
  it('PATCH answers with the thread, or with nothing where that is preferred', async () => {
    const id = await alice.thread({ metadata: { a: 1 } })
    const full = await alice.call('PATCH', `/threads/${id}`, { metadata: { b: { c: 1 } } })
    expect(full.json()).toMatchObject({ metadata: { a: 1, b: { c: 1 } } })
    const none = await alice.call('PATCH', `/threads/${id}`, { metadata: { b: 2 } }, { prefer: 'return=minimal' })
    expect([none.status, none.text]).toEqual([204, ''])
    expect((await alice.get(`/threads/${id}`)).json()).toMatchObject({ metadata: { a: 1, b: 2 } })
  })

  it('a thread says the same wherever it is shown', async () => {
    const made = (await alice.post('/threads', { metadata: { name: 'same' } })).json()
    expect(Object.keys(made).sort()).toEqual([
      'config',
      'created_at',
      'error',
      'interrupts',
      'metadata',
      'state_updated_at',
      'status',
      'thread_id',
      'updated_at',
      'values',
    ])
    expect((await alice.get(`/threads/${made['thread_id']}`)).json()).toEqual(made)
    expect((await alice.post('/threads/search', { ids: [made['thread_id']] })).json()).toEqual([made])
  })

  it('/info says what there is', async () => {
    expect((await server.as(undefined).get('/info')).json()).toMatchObject({
      version: '0.0.0-test',
      context: 'js',
      flags: { assistants: true, crons: true },
    })
  })

  it('a schema of a graph is there for those who may read the assistant', async () => {
    const id = await alice.assistant({ graph_id: 'steps' })
    expect((await alice.get(`/assistants/${id}/graph?xray=2`)).status).toBe(200)
    expect((await alice.get(`/assistants/${id}/schemas`)).json()).toMatchObject({ graph_id: 'steps' })
    expect((await alice.get(`/assistants/${id}/subgraphs?recurse=true`)).json()).toEqual({})
  })
})
