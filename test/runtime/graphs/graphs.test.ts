import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import { describe, expect, it } from 'vitest'
import { systemScope } from '../../../src/engine/scope.js'
import { createGraphRegistry, type GraphSource, systemAssistantId } from '../../../src/runtime/graphs/graph-registry.js'
import { loadGraph } from '../../../src/runtime/graphs/load-graph.js'
import { openRuntime } from '../../../src/runtime/runtime.js'
import { openSqliteStorage } from '../../../src/storage/sqlite/open.js'
import type { Json } from '../../support/client.js'
import { serve } from '../../support/server.js'

const scope = systemScope('tests of graphs')
const State = Annotation.Root({ text: Annotation<string> })
const builder = (text: string) =>
  new StateGraph(State)
    .addNode('say', () => ({ text }))
    .addEdge(START, 'say')
    .addEdge('say', END)

const source = (exported: unknown): GraphSource => ({ load: async () => exported })
const configs: unknown[] = []
const server = await serve({
  graphs: {
    compiled: source(builder('compiled').compile()),
    builder: source(builder('builder')),
    factory: source((config: unknown) => {
      configs.push(config)
      return builder('factory').compile()
    }),
    later: source(async () => builder('later')),
  },
})
const alice = server.as('alice')

describe('what a project exports as a graph', () => {
  it.each(['compiled', 'builder', 'factory', 'later'])('%s', async (assistant_id) => {
    const thread = await alice.thread()
    const reply = await alice.post(`/threads/${thread}/runs/wait`, { assistant_id, input: { text: 'x' } })
    expect(reply.json()).toEqual({ text: assistant_id })
    expect((await alice.get(`/threads/${thread}/state`)).json()).toMatchObject({ values: { text: assistant_id } })
  })

  it('a factory gets the configuration of the run, with the user', async () => {
    configs.length = 0
    await alice.post('/runs/wait', { assistant_id: 'factory', input: {}, config: { configurable: { model: 'small' } } })
    expect(configs[0]).toMatchObject({ configurable: { model: 'small', langgraph_auth_user: { identity: 'alice' } } })
  })

  it('is never changed: it has no checkpointer of ours', async () => {
    const graph = builder('own').compile()
    const graphs = createGraphRegistry(() => ({ own: source(graph) }))
    const storage = await openSqliteStorage(':memory:')
    const bound = await loadGraph(graphs, 'own', { storage, scope })
    expect(bound.checkpointer).toBeDefined()
    expect(graph.checkpointer).toBeUndefined()
    await storage.close()
  })

  it.each([null, undefined, 42, 'graph', {}, { invoke() {} }])('%j is none', async (exported) => {
    const graphs = createGraphRegistry(() => ({ bad: source(exported) }))
    const storage = await openSqliteStorage(':memory:')
    await expect(loadGraph(graphs, 'bad', { storage, scope })).rejects.toMatchObject({ code: 'graph_broken' })
    await storage.close()
  })
})

describe('which graphs there are', () => {
  it('those that the project names now; the built-in agent where it names none', () => {
    let named: Record<string, GraphSource> = {}
    const graphs = createGraphRegistry(() => named)
    expect([graphs.ids, graphs.has('agent')]).toEqual([['agent'], true])
    named = { mine: source(1) }
    expect([graphs.ids, graphs.has('agent'), graphs.has('constructor')]).toEqual([['mine'], false, false])
    expect(() => graphs.source('agent')).toThrow(expect.objectContaining({ code: 'graph_not_found' }))
  })

  it('a system assistant has the same id as on every LangGraph server', () => {
    expect(systemAssistantId('agent')).toBe('fe096781-5601-53d2-b2f6-0d3403f7e9ca')
  })

  it('each has its system assistant, made once, also for graphs that come later', async () => {
    const storage = await openSqliteStorage(':memory:')
    let named: Record<string, GraphSource> = { one: { description: 'The first', load: async () => 1 } }
    const runtime = await openRuntime({ storage, graphs: () => named })
    named = { ...named, two: source(2) }
    await runtime.ensureAssistants()
    await runtime.ensureAssistants()
    const { rows } = await storage.assistants.search(
      scope,
      {},
      { limit: 10, offset: 0, sort_by: 'name', sort_order: 'asc' },
    )
    expect(rows).toMatchObject([
      {
        assistant_id: systemAssistantId('one'),
        graph_id: 'one',
        name: 'one',
        description: 'The first',
        version: 1,
        context: {},
      },
      { assistant_id: systemAssistantId('two'), metadata: { created_by: 'system' } },
    ])
    await runtime.close()
    await storage.close()
  })

  it('everyone may run a system assistant, by name or by id, although its row is hidden', async () => {
    const id = systemAssistantId('compiled')
    for (const assistant_id of ['compiled', id, id.toUpperCase()]) {
      expect((await alice.post('/runs/wait', { assistant_id, input: {} })).json<Json>()).toEqual({ text: 'compiled' })
    }
    expect((await alice.get(`/assistants/${id}`)).status).toBe(404)
    expect((await alice.get('/assistants/compiled')).status).toBe(404)
    expect((await alice.call('PATCH', `/assistants/${id}`, { name: 'mine' })).status).toBe(404)
    expect((await alice.call('DELETE', `/assistants/${id}`)).status).toBe(404)
  })
})
