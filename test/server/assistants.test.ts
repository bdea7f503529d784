import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import { describe, expect, it } from 'vitest'
import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import { namesOnly, ownerOnly, ownerOnlyBut } from '../support/auth.js'
import { type Json, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ graphs: testGraphs })
const alice = server.as('alice')
const bob = server.as('bob')

/** What clients pass a graph's name to, in the place of an id. */
const BY_NAME: readonly [string, string, string][] = [
  ['GET', '', 'nested'],
  ['GET', '/graph', 'nested'],
  ['GET', '/schemas', 'nested'],
  ['GET', '/subgraphs', 'nested'],
  ['GET', '/subgraphs/child', 'nested'],
  ['POST', '/versions', 'nested'],
]

describe('the name of a graph', () => {
  it.each(BY_NAME)('%s /assistants/{name}%s is about its system assistant', async (method, tail, name) => {
    server.use(namesOnly())
    const body = method === 'POST' ? {} : undefined
    const byName = await alice.call(method, `/assistants/${name}${tail}`, body)
    const byId = await alice.call(method, `/assistants/${systemAssistantId(name)}${tail}`, body)
    server.use(ownerOnly())
    expect([byName.status, byName.text]).toEqual([200, byId.text])
    expect(byName.text.length).toBeGreaterThan(10)
  })

  it.each(BY_NAME)('%s /assistants/{name}%s: hidden is absent', async (method, tail, name) => {
    const body = method === 'POST' ? {} : undefined
    const hidden = await alice.call(method, `/assistants/${name}${tail}`, body)
    const byId = await alice.call(method, `/assistants/${systemAssistantId(name)}${tail}`, body)
    expect([hidden.status, hidden.text]).toEqual([404, byId.text])
    expect((await alice.call(method, `/assistants/no-graph${tail}`, body)).status).toBe(422)
  })

  it('handlers see the id, not the name', async () => {
    const seen: unknown[] = []
    const rules = ownerOnly().on('assistants:read', ({ value }) => {
      seen.push(value.assistant_id)
    })
    server.use(rules)
    for (const [method, tail, name] of BY_NAME) {
      await alice.call(method, `/assistants/${name}${tail}`, method === 'POST' ? {} : undefined)
    }
    server.use(ownerOnly())
    expect(seen).toEqual(BY_NAME.map(() => systemAssistantId('nested')))
  })

  it('changes nothing', async () => {
    server.use(namesOnly())
    for (const [method, tail, body] of [
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/latest', { version: 1 }],
    ] as const) {
      expect((await alice.call(method, `/assistants/nested${tail}`, body)).status).toBe(422)
      expect((await alice.call(method, `/assistants/${systemAssistantId('nested')}${tail}`, body)).status).toBe(403)
    }
    expect((await alice.get('/assistants/nested')).json()).toMatchObject({ name: 'nested', version: 1 })
    server.use(ownerOnly())
  })
})

describe.each([
  ['1.15.0', Client1],
  ['2.0.0', Client2 as unknown as typeof Client1],
])('the JavaScript client %s', (_, Client) => {
  const { assistants } = new Client({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })

  it('draws a graph, and what is in it to the depth that it says', async () => {
    const { assistant_id } = await assistants.create({ graphId: 'nested' })
    const nodes = async (xray?: boolean | number) =>
      (await assistants.getGraph(assistant_id, xray === undefined ? {} : { xray })).nodes.map(({ id }) => String(id))
    const flat = ['__start__', 'child', 'line\nbreak', '__end__']
    expect(await nodes()).toEqual(flat)
    expect(await nodes(false)).toEqual(flat)
    expect(await nodes(true)).toEqual(await nodes(1))
    expect(await nodes(true)).toEqual(expect.arrayContaining(['child:a', 'child:b', 'child:c']))
    for (const xray of [0, -1, 1.5]) {
      await expect(assistants.getGraph(assistant_id, { xray })).rejects.toMatchObject({ status: 422 })
    }
  })

  it('describes graphs, and the graphs in them', async () => {
    const { assistant_id } = await assistants.create({ graphId: 'nested' })
    const shape = { type: 'object', properties: { seen: {}, text: {}, ms: {} } }
    const schemas = { input_schema: shape, output_schema: shape, state_schema: shape }
    expect(await assistants.getSchemas(assistant_id)).toEqual({
      graph_id: 'nested',
      ...schemas,
      config_schema: null,
      context_schema: null,
    })
    const subgraphs = await assistants.getSubgraphs(assistant_id, { recurse: true })
    expect(Object.keys(subgraphs)).toEqual(['child', 'line\nbreak'])
    expect(subgraphs['child']).toEqual({ ...schemas, config_schema: null, context_schema: null })
    expect(Object.keys(await assistants.getSubgraphs(assistant_id, { namespace: 'child' }))).toEqual(['child'])
    expect(await assistants.getSubgraphs(assistant_id, { namespace: 'nothing' })).toEqual({})
  })

  it('versions: each keeps its own, the latest is what is read', async () => {
    const { assistant_id: id } = await assistants.create({ graphId: 'echo', name: 'one', metadata: { v: 1 } })
    await assistants.update(id, { graphId: 'steps', name: 'two', metadata: { v: 2 }, config: { tags: ['t'] } })
    const [second, first] = await assistants.getVersions(id)
    expect([first, second]).toMatchObject([
      { version: 1, graph_id: 'echo', name: 'one', config: {}, metadata: { v: 1, owner: 'alice' } },
      { version: 2, graph_id: 'steps', name: 'two', config: { tags: ['t'] }, metadata: { v: 2, owner: 'alice' } },
    ])
    expect(await assistants.getVersions(id, { metadata: { v: 1 } })).toEqual([first])
    expect(await assistants.getVersions(id, { limit: 1, offset: 1 })).toEqual([first])
    expect(await assistants.setLatest(id, 1)).toMatchObject({ version: 1, graph_id: 'echo', name: 'one' })
    expect(await assistants.get(id)).toMatchObject({ version: 1, graph_id: 'echo', metadata: { v: 1 } })
    expect((await assistants.getSchemas(id)).graph_id).toBe('echo')
    await expect(assistants.setLatest(id, 3)).rejects.toMatchObject({ status: 404 })
  })
})

describe('a graph that does not load', () => {
  it.each(['graph', 'schemas', 'subgraphs'])('/%s: 422, which no client tries again', async (tail) => {
    for (const graph_id of ['broken', 'notagraph']) {
      const id = await alice.assistant({ graph_id })
      const reply = await alice.get(`/assistants/${id}/${tail}`)
      expect([reply.status, reply.json()['detail']]).toEqual([422, expect.stringContaining(`"${graph_id}"`)])
      expect(reply.text).not.toContain('does not compile')
      expect((await alice.get(`/assistants/${id}`)).status).toBe(200)
      expect((await bob.get(`/assistants/${id}/${tail}`)).status).toBe(404)
    }
  })
})

describe('deleting an assistant with its threads', () => {
  async function used(assistant_id: string, client = alice): Promise<string> {
    return client.thread({ metadata: { assistant_id } })
  }
  const gone = async (ids: readonly string[], client = alice) =>
    Promise.all(ids.map(async (id) => (await client.get(`/threads/${id}`)).status === 404))

  it('deletes those that the caller may delete, more than a page of them', async () => {
    const id = await alice.assistant({ graph_id: 'slow' })
    const foreign = [await used(id, bob), await used(id, bob)]
    const own = await Promise.all(Array.from({ length: 130 }, () => used(id)))
    const other = await alice.thread({ metadata: { assistant_id: systemAssistantId('slow') } })
    const later = await used(id, bob)
    expect((await alice.call('DELETE', `/assistants/${id}?delete_threads=true`)).status).toBe(204)
    expect(new Set(await gone(own))).toEqual(new Set([true]))
    expect(await gone([other])).toEqual([false])
    expect(await gone([...foreign, later], bob)).toEqual([false, false, false])
  })

  it('keeps them where nothing is said', async () => {
    const id = await alice.assistant()
    const thread = await used(id)
    await alice.call('DELETE', `/assistants/${id}`)
    expect(await gone([thread])).toEqual([false])
  })

  it('asks about each, and keeps what a handler keeps', async () => {
    const id = await alice.assistant()
    const [one, two] = [await used(id), await used(id)]
    const rules = ownerOnlyBut('threads:delete', (({ value }: { value: { thread_id: string } }) =>
      value.thread_id === one ? { owner: 'alice' } : false) as never)
    server.use(rules)
    expect((await alice.call('DELETE', `/assistants/${id}?delete_threads=1`)).status).toBe(204)
    server.use(ownerOnly())
    expect(await gone([one, two])).toEqual([true, false])
  })

  it('stops their runs first', async () => {
    const id = await alice.assistant({ graph_id: 'slow' })
    const thread = await alice.thread()
    const run = await alice.post(`/threads/${thread}/runs`, { assistant_id: id, input: { ms: 60_000 } })
    const { run_id } = run.json<{ run_id: string }>()
    const path = `/threads/${thread}/runs/${run_id}`
    await until(
      async () => (await alice.get(path)).json<Json>()['status'],
      (status) => status === 'running',
    )
    expect((await alice.call('DELETE', `/assistants/${id}?delete_threads=true`)).status).toBe(204)
    expect(server.runtime.queue.find(run_id)).toBeUndefined()
    expect((await alice.get(path)).status).toBe(404)
  })

  it('one that is hidden or absent deletes nothing', async () => {
    const id = await alice.assistant()
    const thread = await used(id, bob)
    expect((await bob.call('DELETE', `/assistants/${id}?delete_threads=true`)).status).toBe(404)
    expect(await gone([thread], bob)).toEqual([false])
  })
})
