import { type BaseMessage, HumanMessage } from '@langchain/core/messages'
import {
  Annotation,
  END,
  entrypoint,
  MessagesAnnotation,
  MessagesValue,
  MessagesZodMeta,
  MessagesZodState,
  messagesStateReducer,
  START,
  StateGraph,
  StateSchema,
} from '@langchain/langgraph'
import { withLangGraph } from '@langchain/langgraph/zod'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import * as z3 from 'zod/v3'
import { createGraphRegistry } from '../../../src/runtime/graphs/graph-registry.js'
import { createGraphShapes, type GraphShapes } from '../../../src/runtime/graphs/graph-shapes.js'
import { openSqliteStorage } from '../../../src/storage/sqlite/open.js'
import type { Json } from '../../support/client.js'

const storage = await openSqliteStorage(':memory:')

function shapesOf(graph: unknown): GraphShapes {
  return createGraphShapes({ storage, graphs: createGraphRegistry(() => ({ it: { load: async () => graph } })) })
}

/** One node, and a state that was declared as the test says. */
function graphOf(state: unknown, options?: unknown) {
  const builder = new StateGraph(state as never, options as never)
  return builder
    .addNode('a', (() => ({})) as never)
    .addEdge(START, 'a' as never)
    .addEdge('a' as never, END)
    .compile()
}

const MESSAGES = {
  type: 'array',
  items: { type: 'object', properties: { type: { type: 'string' }, content: {}, id: { type: 'string' } } },
  langgraph_type: 'messages',
}
const object = (properties: Json) => ({ type: 'object', properties })

const Zod = z.object({
  name: z.string().describe('who'),
  size: z.number().default(3),
  list: withLangGraph(z.array(z.string()), {
    reducer: { fn: (old: string[], more: string | string[]) => old.concat(more), schema: z.string() },
    default: () => [],
  }),
})

describe('schemas', () => {
  it('of a state in zod 4: as it is given, as it comes back, and what may be left out', async () => {
    const shapes = await shapesOf(graphOf(Zod)).schemas('it')
    const common = { name: { type: 'string', description: 'who' }, size: { type: 'number', default: 3 } }
    const list = { type: 'array', items: { type: 'string' } }
    expect(shapes).toMatchObject({
      input_schema: object({ ...common, list: { type: 'string' } }),
      output_schema: { ...object({ ...common, list }), required: ['name', 'size', 'list'] },
      state_schema: object({ ...common, list }),
      config_schema: null,
      context_schema: null,
    })
    expect(shapes['input_schema']).not.toHaveProperty('required')
  })

  it('of a state in zod 3', async () => {
    const shapes = await shapesOf(graphOf(z3.object({ name: z3.string() }))).schemas('it')
    expect(shapes).toMatchObject({
      input_schema: object({ name: { type: 'string' } }),
      state_schema: { ...object({ name: { type: 'string' } }), required: ['name'] },
    })
  })

  it('of a state whose input and output are others', async () => {
    const init = { state: Zod, input: z.object({ name: z.string() }), output: z.object({ size: z.int() }) }
    const shapes = await shapesOf(graphOf(init)).schemas('it')
    const keys = (schema: unknown) => Object.keys((schema as { properties: Json }).properties)
    expect([shapes['input_schema'], shapes['output_schema'], shapes['state_schema']].map(keys)).toEqual([
      ['name'],
      ['size'],
      ['name', 'size', 'list'],
    ])
  })

  it.each<[string, unknown]>([
    ['a state schema', new StateSchema({ messages: MessagesValue, size: z.number().default(0) })],
    ['zod 3', MessagesZodState],
    ['zod 4', z.object({ messages: withLangGraph(z.custom<BaseMessage[]>(), MessagesZodMeta) })],
    ['an annotation', MessagesAnnotation],
    [
      'an annotation under another name',
      Annotation.Root({ messages: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }) }),
    ],
  ])('messages are a list of messages, in %s', async (_, state) => {
    const shapes = await shapesOf(graphOf(state)).schemas('it')
    for (const schema of ['input_schema', 'output_schema', 'state_schema']) {
      expect(shapes[schema]).toMatchObject(object({ messages: MESSAGES }))
    }
  })

  it('what has no JSON Schema is left open, and costs nothing else', async () => {
    const State = z.object({ when: z.date(), who: z.string(), message: z.instanceof(HumanMessage) })
    const shapes = await shapesOf(graphOf(State)).schemas('it')
    expect(shapes['state_schema']).toMatchObject(object({ when: {}, who: { type: 'string' }, message: {} }))
  })

  it('of annotations: the names that the graph takes, gives, and keeps', async () => {
    const State = Annotation.Root({
      question: Annotation<string>,
      notes: Annotation<string[]>,
      answer: Annotation<string>,
    })
    const Input = Annotation.Root({ question: Annotation<string> })
    const Output = Annotation.Root({ answer: Annotation<string> })
    const shapes = await shapesOf(graphOf({ stateSchema: State, input: Input, output: Output })).schemas('it')
    expect(shapes).toEqual({
      input_schema: object({ question: {} }),
      output_schema: object({ answer: {} }),
      state_schema: object({ question: {}, notes: {}, answer: {} }),
      config_schema: null,
      context_schema: null,
    })
  })

  it('of the context', async () => {
    const Context = z.object({ model: z.enum(['small', 'large']), tone: z.string().optional() })
    const shapes = await shapesOf(graphOf(MessagesAnnotation, Context)).schemas('it')
    const described = {
      ...object({ model: { type: 'string', enum: ['small', 'large'] }, tone: { type: 'string' } }),
      required: ['model'],
    }
    expect(shapes).toMatchObject({ config_schema: described, context_schema: described })
  })

  it('of a function: none', async () => {
    const shapes = await shapesOf(entrypoint('work', async (input: string) => input)).schemas('it')
    expect(shapes).toEqual({
      input_schema: null,
      output_schema: null,
      state_schema: null,
      config_schema: null,
      context_schema: null,
    })
  })
})

describe('graphs in graphs', () => {
  const State = Annotation.Root({ text: Annotation<string> })
  const two = (first: string, node: unknown, second: string) =>
    new StateGraph(State)
      .addNode(first, node as never)
      .addNode(second, () => ({}))
      .addEdge(START, first as never)
      .addEdge(first as never, second as never)
      .addEdge(second as never, END)
      .compile()
  const leaf = two('x', () => ({}), 'y')
  const shapes = shapesOf(two('middle', two('leaf', leaf, 'm'), 't'))

  it.each<[boolean | number, string[]]>([
    [false, ['middle', 't']],
    [1, ['middle:leaf', 'middle:m', 't']],
    [2, ['middle:leaf:x', 'middle:leaf:y', 'middle:m', 't']],
    [9, ['middle:leaf:x', 'middle:leaf:y', 'middle:m', 't']],
    [true, ['middle:leaf:x', 'middle:leaf:y', 'middle:m', 't']],
  ])('are drawn to the depth %s', async (xray, names) => {
    const { nodes, edges } = (await shapes.drawing('it', xray)) as { nodes: { id: string }[]; edges: unknown[] }
    const ids = nodes.map(({ id }) => id).filter((id) => !id.startsWith('__'))
    expect(ids.sort()).toEqual(names)
    expect(edges).toHaveLength(names.length + 1)
  })

  it.each<[string | undefined, boolean, string[]]>([
    [undefined, false, ['middle']],
    [undefined, true, ['middle', 'middle|leaf']],
    ['middle', false, ['middle']],
    ['middle|leaf', true, ['middle|leaf']],
    ['nothing', true, []],
  ])('are described: %s, recurse %s', async (namespace, recurse, names) => {
    expect(Object.keys(await shapes.subgraphs('it', namespace, recurse))).toEqual(names)
  })
})

it.each([42, {}, () => Promise.reject(new Error('no key'))])('what is no graph has no shape', async (exported) => {
  const shapes = shapesOf(exported)
  for (const ask of [shapes.schemas('it'), shapes.drawing('it', false), shapes.subgraphs('it', undefined, false)]) {
    const error = await ask.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'graph_broken', status: 422, detail: expect.stringContaining('"it"') })
    expect((error as { detail: string }).detail).not.toContain('no key')
  }
})
