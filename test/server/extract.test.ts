import { Client } from '@langchain/langgraph-sdk'
import { describe, expect, it } from 'vitest'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

const thread = await alice.thread({ metadata: { tags: ['x', 'y'], nested: { deep: [{ word: 'found' }] }, 'a b': 1 } })
await alice.post(`/threads/${thread}/runs/wait`, {
  assistant_id: 'agent',
  input: { messages: [{ role: 'human', content: 'hello' }] },
  config: { configurable: { model: 'small' } },
})

async function extracted(extract: unknown, more: object = {}) {
  const reply = await alice.post('/threads/search', { ids: [thread], extract, ...more })
  return reply.status === 200 ? reply.json<{ extracted?: unknown }[]>()[0]?.extracted : reply.status
}

describe('a path', () => {
  it.each<[string, unknown]>([
    ['values.messages[0].content', 'hello'],
    ['values.messages[-1].content', 'alice said: hello'],
    ['values.messages[-2].type', 'human'],
    ['values.messages[9].content', null],
    ['values.messages[-9]', null],
    ['values.messages.0', null],
    ['values.messages.length', null],
    ['values.nothing.at.all', null],
    ['metadata.tags', ['x', 'y']],
    ['metadata.tags[1]', 'y'],
    ['metadata.nested.deep[0].word', 'found'],
    ['metadata.nested[0]', null],
    ['metadata.tags[0][0]', null],
    ['metadata.tags[0].length', null],
    ['metadata.a b', 1],
    ['metadata.constructor', null],
    ['metadata.__proto__', null],
    ['metadata.owner', 'alice'],
    ['config.configurable.model', 'small'],
    ['interrupts', {}],
  ])('%s', async (path, value) => {
    expect(await extracted({ it: path })).toEqual({ it: value })
  })

  it.each<[string, unknown]>([
    ['a column that holds no data', { a: 'thread_id' }],
    ['a name that is no column', { a: 'runs[0]' }],
    ['no name', { a: '' }],
    ['a name that begins as a column does', { a: 'valuesx.messages' }],
    ['an index first', { a: '[0]' }],
    ['two dots', { a: 'values..x' }],
    ['a dot at the end', { a: 'values.' }],
    ['a dot before an index', { a: 'values.x.[0]' }],
    ['an index that is no number', { a: 'values.x[*]' }],
    ['an open bracket', { a: 'values.x[0' }],
    ['a closed bracket', { a: 'values.x0]' }],
    ['a number', { a: 1 }],
    ['a list', ['values']],
    ['an empty alias', { '': 'values' }],
    ['more than ten', Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, 'values']))],
  ])('%s: 422', async (_, extract) => {
    expect(await extracted(extract)).toBe(422)
  })

  it('is named where it is wrong', async () => {
    const reply = await alice.post('/threads/search', { extract: { good: 'values', bad: 'nowhere' } })
    expect(reply.json()['detail']).toMatch(/^extract\.bad: must be a path/)
  })
})

describe('extract', () => {
  it('takes ten paths', async () => {
    const paths = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, 'metadata.owner']))
    expect(Object.values((await extracted(paths)) as object)).toEqual(Array.from({ length: 10 }, () => 'alice'))
  })

  it('stands beside what was selected', async () => {
    const body = { ids: [thread], select: ['thread_id', 'context'], extract: { tag: 'metadata.tags[0]' } }
    expect((await alice.post('/threads/search', body)).json()).toEqual([{ thread_id: thread, extracted: { tag: 'x' } }])
    const all = (await alice.post('/threads/search', { ids: [thread] })).json<object[]>()
    expect(all[0]).not.toHaveProperty('extracted')
    const { extract } = body
    expect((await alice.post('/threads/search', { ids: [thread], extract })).json()).toEqual([
      { ...all[0], extracted: { tag: 'x' } },
    ])
  })

  it('reads only the rows that the caller sees, each its own', async () => {
    const own = await bob.thread({ metadata: { tags: ['of bob'] } })
    const found = await bob.post('/threads/search', { extract: { tag: 'metadata.tags[0]', owner: 'metadata.owner' } })
    expect(found.json<{ thread_id: string }[]>()).toMatchObject([
      { thread_id: own, extracted: { tag: 'of bob', owner: 'bob' } },
    ])
    expect(found.text).not.toContain('alice')
    expect((await bob.post('/threads/search', { ids: [thread], extract: { a: 'values' } })).json()).toEqual([])
  })

  it('the official client', async () => {
    const client = new Client({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })
    const query = { ids: [thread], select: ['thread_id'], extract: { last: 'values.messages[-1].content' } }
    expect(await client.threads.search(query as never)).toEqual([
      { thread_id: thread, extracted: { last: 'alice said: hello' } },
    ])
  })
})
