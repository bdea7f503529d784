import { expect } from 'vitest'
import * as z from 'zod'
import { type Call, call, type World } from '../call.js'
import { shapes } from '../shapes.js'
import { ABSENT } from './ids.js'

const gold = { graphId: 'chat', name: 'Gold', description: 'for tests', metadata: { tier: 'gold' } }
const config = { configurable: { model: 'small' }, tags: ['t'], recursion_limit: 7 }

function made({ client }: World) {
  return client.assistants.create({ ...gold, config })
}

async function three(world: World) {
  for (const name of ['p1', 'p2', 'p3']) await world.client.assistants.create({ graphId: 'steps', name })
}

function ofGraph(graphId: string) {
  return ({ client }: World) => client.assistants.create({ graphId, name: graphId })
}

async function twoVersions(world: World) {
  const { assistant_id } = await made(world)
  await world.client.assistants.update(assistant_id, { name: 'Second', metadata: { more: 1 } })
  return assistant_id
}

const page = z.strictObject({ assistants: z.array(shapes.assistant), next: z.string().nullable() })
const absent = shapes.refused(404)

export const assistantCalls: readonly Call[] = [
  call({
    name: 'assistants.create',
    call: made,
    answer: shapes.assistant,
    holds: (answer, _, { user }) =>
      expect(answer).toMatchObject({
        graph_id: 'chat',
        name: 'Gold',
        description: 'for tests',
        version: 1,
        config,
        context: {},
        metadata: { tier: 'gold', owner: user },
      }),
  }),
  call({
    name: 'assistants.create: the graph alone',
    call: ({ client }) => client.assistants.create({ graphId: 'chat' }),
    answer: shapes.assistant,
    holds: (answer) => expect(answer).toMatchObject({ name: 'Untitled', config: {}, context: {}, description: null }),
  }),
  call({
    name: 'assistants.create: context',
    call: ({ client }) => client.assistants.create({ graphId: 'chat', context: { model: 'large' } }),
    answer: shapes.assistant,
    holds: (answer) => expect(answer.context).toEqual({ model: 'large' }),
  }),
  call({
    name: 'assistants.create: the id is taken',
    arrange: made,
    call: ({ client }, { assistant_id }) => client.assistants.create({ graphId: 'chat', assistantId: assistant_id }),
    answer: shapes.refused(409, 'Assistant already exists'),
  }),
  call({
    name: 'assistants.create: the id is taken, do nothing',
    arrange: made,
    call: ({ client }, { assistant_id }) =>
      client.assistants.create({ graphId: 'steps', assistantId: assistant_id, ifExists: 'do_nothing' }),
    answer: shapes.assistant,
    holds: (answer, given) => expect(answer).toEqual(given),
  }),
  call({
    name: 'assistants.create: no such graph',
    call: ({ client }) => client.assistants.create({ graphId: 'nothing' }),
    answer: absent,
  }),
  call({
    name: 'assistants.get',
    arrange: made,
    call: ({ client }, { assistant_id }) => client.assistants.get(assistant_id),
    answer: shapes.assistant,
    holds: (answer, given) => expect(answer).toEqual(given),
  }),
  call({
    name: "assistants.get: somebody else's",
    here: true,
    arrange: made,
    call: ({ stranger }, { assistant_id }) => stranger.assistants.get(assistant_id),
    answer: absent,
  }),
  call({
    name: 'assistants.get: absent',
    call: ({ client }) => client.assistants.get(ABSENT),
    answer: absent,
  }),
  call({
    name: 'assistants.get: no id',
    call: ({ client }) => client.assistants.get('no-such-graph'),
    answer: shapes.refused(422),
  }),
  call({
    name: 'assistants.getGraph',
    arrange: ofGraph('steps'),
    call: ({ client }, { assistant_id }) => client.assistants.getGraph(assistant_id),
    answer: shapes.graph,
    holds: ({ nodes, edges }) => {
      expect([...ids(nodes)]).toEqual(['__start__', 'a', 'b', 'c', '__end__'])
      expect(edges).toContainEqual(expect.objectContaining({ source: 'a', target: 'b' }))
    },
  }),
  call({
    name: 'assistants.getGraph: with what is inside',
    arrange: ofGraph('nested'),
    call: ({ client }, { assistant_id }) => client.assistants.getGraph(assistant_id, { xray: true }),
    answer: shapes.graph,
    holds: ({ nodes }) => expect([...ids(nodes)]).toContain('child:a'),
  }),
  call({
    name: 'assistants.getSchemas',
    arrange: ofGraph('steps'),
    call: ({ client }, { assistant_id }) => client.assistants.getSchemas(assistant_id),
    answer: shapes.graphSchemas,
    holds: (answer) => {
      expect(answer.graph_id).toBe('steps')
      expect(answer.state_schema?.properties).toHaveProperty('seen')
    },
  }),
  call({
    name: 'assistants.getSubgraphs',
    arrange: ofGraph('nested'),
    call: ({ client }, { assistant_id }) => client.assistants.getSubgraphs(assistant_id),
    answer: z.record(z.string(), shapes.subgraphSchemas),
    holds: (answer) => expect(Object.keys(answer)).toEqual(['child']),
  }),
  call({
    name: 'assistants.getSubgraphs: by name',
    arrange: ofGraph('nested'),
    call: ({ client }, { assistant_id }) =>
      client.assistants.getSubgraphs(assistant_id, { namespace: 'child', recurse: true }),
    answer: z.record(z.string(), shapes.subgraphSchemas),
    holds: (answer) => expect(Object.keys(answer)).toEqual(['child']),
  }),
  call({
    name: 'assistants.getSubgraphs: none',
    arrange: ofGraph('steps'),
    call: ({ client }, { assistant_id }) => client.assistants.getSubgraphs(assistant_id),
    answer: z.strictObject({}),
  }),
  call({
    name: 'assistants.update',
    arrange: made,
    call: ({ client }, { assistant_id }) =>
      client.assistants.update(assistant_id, { name: 'Second', metadata: { more: 1 }, config: { tags: ['new'] } }),
    answer: shapes.assistant,
    holds: (answer, _, { user }) =>
      expect(answer).toMatchObject({
        version: 2,
        name: 'Second',
        config: { tags: ['new'] },
        metadata: { tier: 'gold', more: 1, owner: user },
      }),
  }),
  call({
    name: 'assistants.update: absent',
    call: ({ client }) => client.assistants.update(ABSENT, { name: 'x' }),
    answer: absent,
  }),
  call({
    name: 'assistants.getVersions',
    arrange: twoVersions,
    call: ({ client }, id) => client.assistants.getVersions(id),
    answer: z.array(shapes.assistantVersion),
    holds: (answer) =>
      expect(answer.map(({ version, name }) => [version, name])).toEqual([
        [2, 'Second'],
        [1, 'Gold'],
      ]),
  }),
  call({
    name: 'assistants.getVersions: one, by metadata',
    arrange: twoVersions,
    call: ({ client }, id) => client.assistants.getVersions(id, { metadata: { more: 1 }, limit: 1 }),
    answer: z.array(shapes.assistantVersion),
    holds: (answer) => expect(answer.map(({ version }) => version)).toEqual([2]),
  }),
  call({
    name: 'assistants.getVersions: absent',
    call: ({ client }) => client.assistants.getVersions(ABSENT),
    answer: absent,
  }),
  call({
    name: 'assistants.setLatest',
    arrange: twoVersions,
    call: ({ client }, id) => client.assistants.setLatest(id, 1),
    answer: shapes.assistant,
    holds: (answer) => expect(answer).toMatchObject({ version: 1, name: 'Gold' }),
  }),
  call({
    name: 'assistants.setLatest: no such version',
    arrange: twoVersions,
    call: ({ client }, id) => client.assistants.setLatest(id, 9),
    answer: absent,
  }),
  call({
    name: 'assistants.search',
    arrange: three,
    call: ({ client }) => client.assistants.search(),
    answer: z.array(shapes.assistant),
    holds: (answer) => expect(answer.map(({ name }) => name)).toEqual(['p3', 'p2', 'p1']),
  }),
  call({
    name: 'assistants.search: by graph, name and metadata',
    arrange: async (world) => {
      await three(world)
      await made(world)
    },
    call: ({ client }) => client.assistants.search({ graphId: 'chat', name: 'gol', metadata: { tier: 'gold' } }),
    answer: z.array(shapes.assistant),
    holds: (answer) => expect(answer.map(({ name }) => name)).toEqual(['Gold']),
  }),
  call({
    name: 'assistants.search: sorted, some fields, a page',
    arrange: three,
    call: ({ client }) =>
      client.assistants.search({ sortBy: 'name', sortOrder: 'asc', select: ['name', 'graph_id'], limit: 2 }),
    answer: z.array(z.strictObject({ name: z.string(), graph_id: z.string() })),
    holds: (answer) => expect(answer.map(({ name }) => name)).toEqual(['p1', 'p2']),
  }),
  call({
    name: 'assistants.search: with pagination, the first page',
    arrange: three,
    call: ({ client }) => client.assistants.search({ limit: 2, includePagination: true }),
    answer: page,
    holds: ({ assistants, next }) => expect([assistants.length, next]).toEqual([2, '2']),
  }),
  call({
    name: 'assistants.search: with pagination, the last page',
    arrange: three,
    call: ({ client }) => client.assistants.search({ limit: 2, offset: 2, includePagination: true }),
    answer: page,
    holds: ({ assistants, next }) => expect([assistants.length, next]).toEqual([1, null]),
  }),
  call({
    name: 'assistants.count',
    arrange: three,
    call: ({ client }) => client.assistants.count({ name: 'P' }),
    answer: shapes.count,
    holds: (answer) => expect(answer).toBe(3),
  }),
  call({
    name: 'assistants.delete',
    arrange: made,
    call: ({ client }, { assistant_id }) => client.assistants.delete(assistant_id),
    answer: shapes.nothing,
    holds: (_, { assistant_id }, { client }) =>
      expect(client.assistants.get(assistant_id)).rejects.toMatchObject({ status: 404 }),
  }),
  call({
    name: 'assistants.delete: with its threads',
    arrange: async ({ client }) => {
      const { assistant_id } = await client.assistants.create({ graphId: 'chat' })
      const { thread_id } = await client.threads.create()
      await client.runs.wait(thread_id, assistant_id, { input: { messages: [] } })
      return { assistant_id, thread_id }
    },
    call: ({ client }, { assistant_id }) => client.assistants.delete(assistant_id, { deleteThreads: true }),
    answer: shapes.nothing,
    holds: (_, { thread_id }, { client }) =>
      expect(client.threads.get(thread_id)).rejects.toMatchObject({ status: 404 }),
  }),
  call({
    name: 'assistants.delete: absent',
    call: ({ client }) => client.assistants.delete(ABSENT),
    answer: absent,
  }),
]

function ids(nodes: readonly { id: string | number }[]): Set<string> {
  return new Set(nodes.map(({ id }) => String(id)))
}
