import { load } from '@langchain/core/load'
import {
  AIMessage,
  AIMessageChunk,
  HumanMessage,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refuseConstructorRecords } from '../../src/server/constructor-records.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const record = (id: unknown, kwargs: unknown = {}) => ({ lc: 1, type: 'constructor', id, kwargs })
const message = (name: string, kwargs: unknown) => record(['langchain_core', 'messages', name], kwargs)
const sent = (value: unknown) => JSON.parse(JSON.stringify(value))

const GOOD: readonly [string, unknown][] = [
  ['a message of a person', sent(new HumanMessage('hello'))],
  ['a message of a model, with a call', sent(new AIMessage({ content: '', tool_calls: [{ name: 'f', args: {} }] }))],
  ['a chunk', sent(new AIMessageChunk({ content: 'x', tool_call_chunks: [{ name: 'f', args: '{' }] }))],
  ['the answer of a tool', sent(new ToolMessage({ content: 'x', tool_call_id: '1' }))],
  ['a system prompt in blocks', sent(new SystemMessage({ content: [{ type: 'text', text: 'x' }] }))],
  ['a removal', sent(new RemoveMessage({ id: 'm1' }))],
  ['an id as Python writes it', record(['langchain_core', 'messages', 'ai', 'AIMessage'], { content: 'x' })],
  ['a flat message', { type: 'human', content: 'x', content_blocks: [{ type: 'text', text: 'x' }] }],
  ['a message by role', { role: 'human', content: 'x' }],
  ['a key that is called lc', { lc: 'en', type: 'constructor', id: [] }],
  ['lc without a type', { lc: 1 }],
  ['plain values', [null, 1, 'x', true, { a: [{ b: {} }] }]],
]

const BAD: readonly [string, unknown][] = [
  ['a class of the project', record(['my', 'Thing'])],
  ['another class of LangChain', record(['langchain_core', 'prompts', 'chat', 'ChatPromptTemplate'])],
  ['a model', record(['langchain', 'chat_models', 'openai', 'ChatOpenAI'], { openai_api_key: 'x' })],
  ['a function of the module of messages', message('trimMessages', {})],
  ['a name that every object has', message('constructor', {})],
  ['no id', record(undefined)],
  ['an id that is no list', record('langchain_core/messages/HumanMessage')],
  ['an id with an object in it', record(['langchain_core', 'messages', {}])],
  ['a longer path', record(['langchain_core', 'messages', 'a', 'b', 'HumanMessage'])],
  ['no fields', { lc: 1, type: 'constructor', id: ['langchain_core', 'messages', 'HumanMessage'] }],
  ['fields that are a list', message('HumanMessage', [])],
  ['fields that no message can be made of', message('AIMessage', { content: 'x', response_metadata: null })],
  ['the same under another spelling', message('AIMessage', { content: 'x', 'response-Metadata': 'x' })],
  ['blocks that are none', message('AIMessage', { content_blocks: [null] })],
  ['the same in a flat message', { type: 'ai', content: 'x', content_blocks: [null] }],
  ['calls that are none', message('AIMessageChunk', { content: 'x', tool_call_chunks: 'x' })],
  ['a secret', { lc: 1, type: 'secret', id: ['OPENAI_API_KEY'] }],
  ['what is not implemented', { lc: 1, type: 'not_implemented', id: ['x'] }],
  ['a record of LangGraph', { lc: 2, type: 'constructor', id: ['Map'], args: [[]] }],
  ['nothing, as LangGraph writes it', { lc: 2, type: 'undefined' }],
]

/** A list in a list in a list. */
function nested(levels: number): unknown {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}

/** Where a value may stand. */
const PLACES: readonly [string, (value: unknown) => unknown, string][] = [
  ['at the top', (value) => value, 'values'],
  ['in a list', (value) => [1, value], 'values.1'],
  ['in an object', (value) => ({ a: { b: [value] } }), 'values.a.b.0'],
  ['in a message', (value) => message('HumanMessage', { content: [{ value }] }), 'values.kwargs.content.0.value'],
  ['escaped', (value) => ({ __lc_escaped__: value }), 'values.__lc_escaped__'],
  ['in the place of a prototype', (value) => JSON.parse(`{"__proto__":${JSON.stringify(value)}}`), 'values.__proto__'],
]

describe.each(PLACES)('%s', (_, put, at) => {
  it.each(GOOD)('%s passes', (_name, value) => {
    expect(() => refuseConstructorRecords(put(value), 'values')).not.toThrow()
  })

  it.each(BAD)('%s is refused', (_name, value) => {
    const expected = { code: 'invalid_request', status: 422, message: expect.stringMatching(`^${at}: `) }
    expect(() => refuseConstructorRecords(put(value), 'values')).toThrow(expect.objectContaining(expected))
  })
})

describe('what passes', () => {
  it.each(GOOD.filter(([, value]) => 'kwargs' in Object(value)))('%s can be made again', async (_, value) => {
    await expect(load(JSON.stringify(value))).resolves.toMatchObject({ lc_serializable: true })
  })

  it('can always be made again, whatever its fields are', async () => {
    const names = ['content', 'content_blocks', 'contentBlocks', 'additional_kwargs', 'response_metadata', 'id', 'name']
    const spelled = fc.constantFrom(...names, 'tool_calls', 'tool_call_chunks', 'Response-metadata', 'tool_call_id')
    const wild = fc.oneof(
      fc.constantFrom(null, 0, '', 'x', [], {}, [null], ['x'], [{}], [{ type: 'tool_call' }], { output_version: 'v1' }),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const kind = fc.constantFrom('HumanMessage', 'AIMessage', 'AIMessageChunk', 'ToolMessage', 'SystemMessageChunk')
    await fc.assert(
      fc.asyncProperty(kind, fc.dictionary(spelled, wild), async (name, kwargs) => {
        const made = sent(message(name, kwargs))
        try {
          refuseConstructorRecords(made, 'values')
        } catch {
          return
        }
        await load(JSON.stringify(made))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('depth', () => {
  it.each<[string, (inner: unknown) => unknown]>([
    ['a record', (inner) => message('HumanMessage', { content: [{ inner }] })],
    ['a flat message', (inner) => ({ type: 'human', content: [{ inner }] })],
    ['a message by role', (inner) => ({ role: 'user', content: [{ inner }] })],
    ['a role and content', (inner) => ['user', [{ inner }]]],
    [
      'a message in a message',
      (inner) => ({ type: 'ai', content: '', additional_kwargs: { type: 'ai', content: [inner] } }),
    ],
  ])('%s may not be nested deeper than LangChain reads', async (_, put) => {
    expect(() => refuseConstructorRecords(put(nested(30)), 'values')).not.toThrow()
    for (const levels of [41, 100]) {
      expect(() => refuseConstructorRecords([put(nested(levels))], 'values')).toThrow(/deeper than 40 levels$/)
    }
  })

  it('of anything else is not bounded here', () => {
    expect(() => refuseConstructorRecords({ type: 'tree', inner: nested(150) }, 'values')).not.toThrow()
  })

  it('bounds what LangChain reads', async () => {
    const made = (levels: number) => JSON.stringify(message('HumanMessage', { content: nested(levels) }))
    await expect(load(made(39))).resolves.toBeDefined()
    await expect(load(made(60))).rejects.toThrow('Maximum recursion depth')
  })
})

describe('over HTTP', async () => {
  const server = await serve({ graphs: testGraphs })
  const alice = server.as('alice')
  const foreign = record(['langchain_core', 'prompts', 'chat', 'ChatPromptTemplate'])

  it('a state update is refused before anything is asked or changed', async () => {
    const thread = await alice.thread({ metadata: { graph_id: 'echo' } })
    const reply = await alice.post(`/threads/${thread}/state`, { values: { seen: [foreign] } })
    expect([reply.status, reply.json()['detail']]).toEqual([422, expect.stringMatching(/^values\.seen\.0: /)])
    expect(server.records.at(-1)?.trace.events).toEqual([])
    expect((await alice.get(`/threads/${thread}/state`)).json()).toMatchObject({ values: {}, checkpoint: null })
  })

  it.each(['values', 'command'])('supersteps are refused, with the thread (%s)', async (key) => {
    const update = { as_node: 'echo', [key]: { update: foreign } }
    const body = { metadata: { graph_id: 'echo' }, supersteps: [{ updates: [update] }] }
    const before = (await alice.post('/threads/count')).text
    const reply = await alice.post('/threads', body)
    expect([reply.status, reply.json()['detail']]).toEqual([
      422,
      expect.stringContaining(`0.updates.0.${key}.update: `),
    ])
    expect((await alice.post('/threads/count')).text).toBe(before)
  })

  it('messages arrive, as records and flat', async () => {
    const thread = await alice.thread({ metadata: { graph_id: 'chat' } })
    const messages = [new HumanMessage('one'), { role: 'user', content: 'two' }, { type: 'ai', content: 'three' }]
    const reply = await alice.post(`/threads/${thread}/state`, { values: { messages }, as_node: 'model' })
    expect(reply.status, reply.text).toBe(200)
    const { values } = (await alice.get(`/threads/${thread}/state`)).json<{ values: { messages: unknown[] } }>()
    expect(values.messages).toMatchObject([
      { type: 'human', content: 'one' },
      { type: 'human', content: 'two' },
      { type: 'ai', content: 'three' },
    ])
  })
})
