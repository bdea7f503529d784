import { describe, expect, it } from 'vitest'
import { createMessageEvents, type WireMessage } from '../../src/runtime/protocol/message-events.js'
import { isSubscribed, type Subscription } from '../../src/runtime/protocol/protocol-event.js'
import { createRunEvents, type RunEnd } from '../../src/runtime/protocol/run-events.js'

type Fields = Record<string, unknown>

const AT = { langgraph_checkpoint_ns: 'model:1', langgraph_node: 'model' }
const chunk = (fields: Fields): WireMessage => ({ id: 'm', type: 'ai', content: '', tool_call_chunks: [], ...fields })
const call = (fields: Fields) => ({ type: 'tool_call_chunk', ...fields })

/** What is said of messages, each event in a few words. */
function told(messages: readonly WireMessage[]): string[] {
  const events = createMessageEvents()
  const all = [...messages.flatMap((message) => [...events.told(message, AT)]), ...events.end(() => true)]
  return all.map(({ data }) => {
    const { event, index, content, delta, run_id, id, metadata, ...rest } = data
    const what = content ?? delta ?? (Object.keys(rest).length > 0 ? rest : '')
    return `${event} ${index ?? ''} ${what === '' ? '' : JSON.stringify(what)}`.trim()
  })
}

describe('messages', () => {
  it.each<[string, readonly WireMessage[], readonly string[]]>([
    [
      'text that is written chunk by chunk',
      [chunk({ content: 'Hel' }), chunk({ content: 'lo' })],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"text","text":""}',
        'content-block-delta 0 {"type":"text-delta","text":"Hel"}',
        'content-block-delta 0 {"type":"text-delta","text":"lo"}',
        'content-block-finish 0 {"type":"text","text":"Hello"}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
    [
      'a message that is whole',
      [{ id: 'm', type: 'human', content: 'hi' }],
      [
        'message-start  {"role":"human"}',
        'content-block-start 0 {"type":"text","text":""}',
        'content-block-delta 0 {"type":"text-delta","text":"hi"}',
        'content-block-finish 0 {"type":"text","text":"hi"}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
    ['the result of a tool', [{ id: 'm', type: 'tool', content: 'sunny' }], []],
    [
      'two calls of tools, in pieces, and what they cost',
      [
        chunk({
          tool_call_chunks: [call({ index: 0, id: 'a', name: 'f', args: '{"x"' })],
          usage_metadata: { total: 1 },
        }),
        chunk({
          tool_call_chunks: [call({ index: 0, args: ':1}' })],
          usage_metadata: { total: 2, kinds: { audio: 1 } },
        }),
        chunk({ tool_call_chunks: [call({ index: 1, id: 'b', name: 'g', args: '' })] }),
        chunk({ response_metadata: { finish_reason: 'tool_calls' } }),
      ],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"tool_call_chunk","id":"a","name":"f","args":""}',
        'content-block-delta 0 {"type":"tool-call-delta","args":"{\\"x\\""}',
        'content-block-delta 0 {"type":"tool-call-delta","args":":1}"}',
        'content-block-finish 0 {"type":"tool_call","id":"a","name":"f","args":{"x":1}}',
        'content-block-start 1 {"type":"tool_call_chunk","id":"b","name":"g","args":""}',
        'content-block-finish 1 {"type":"tool_call","id":"b","name":"g","args":{}}',
        'message-finish  {"reason":"tool_calls","usage":{"total":3,"kinds":{"audio":1}}}',
      ],
    ],
    [
      'arguments that are no JSON',
      [chunk({ tool_call_chunks: [call({ id: 'a', name: 'f', args: '{"x' })] })],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"tool_call_chunk","id":"a","name":"f","args":""}',
        'content-block-delta 0 {"type":"tool-call-delta","args":"{\\"x"}',
        'content-block-finish 0 {"type":"invalid_tool_call","id":"a","name":"f","args":"{\\"x","error":"The arguments are not JSON."}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
    [
      'blocks of a provider, which says calls of tools twice',
      [
        chunk({ content: [{ type: 'thinking', thinking: 'Hm', index: 0 }] }),
        chunk({ content: [{ type: 'thinking', thinking: '.', index: 0 }] }),
        chunk({ content: [{ type: 'text', text: 'So', index: 1 }] }),
        chunk({
          content: [{ type: 'tool_use', id: 'a', name: 'f', input: '', index: 2 }],
          tool_call_chunks: [call({ index: 2, id: 'a', name: 'f', args: '' })],
        }),
        chunk({
          content: [{ type: 'input_json_delta', input: '{}', index: 2 }],
          tool_call_chunks: [call({ index: 2, args: '{}' })],
        }),
      ],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"reasoning","reasoning":""}',
        'content-block-delta 0 {"type":"reasoning-delta","reasoning":"Hm"}',
        'content-block-delta 0 {"type":"reasoning-delta","reasoning":"."}',
        'content-block-finish 0 {"type":"reasoning","reasoning":"Hm."}',
        'content-block-start 1 {"type":"text","text":""}',
        'content-block-delta 1 {"type":"text-delta","text":"So"}',
        'content-block-finish 1 {"type":"text","text":"So"}',
        'content-block-start 2 {"type":"tool_call_chunk","id":"a","name":"f","args":""}',
        'content-block-delta 2 {"type":"tool-call-delta","args":"{}"}',
        'content-block-finish 2 {"type":"tool_call","id":"a","name":"f","args":{}}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
    [
      'a whole message with parts of any kind, and a call',
      [
        {
          id: 'm',
          type: 'ai',
          content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }, { type: 'image', url: 'u' }, null],
          tool_calls: [{ id: 'a', name: 'f', args: { x: 1 } }],
        },
      ],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"text","text":""}',
        'content-block-delta 0 {"type":"text-delta","text":"a"}',
        'content-block-finish 0 {"type":"text","text":"a"}',
        'content-block-start 1 {"type":"text","text":""}',
        'content-block-delta 1 {"type":"text-delta","text":"b"}',
        'content-block-finish 1 {"type":"text","text":"b"}',
        'content-block-start 2 {"type":"image","url":"u"}',
        'content-block-finish 2 {"type":"image","url":"u"}',
        'content-block-start 3 {"type":"tool_call_chunk","id":"a","name":"f","args":""}',
        'content-block-delta 3 {"type":"tool-call-delta","args":"{\\"x\\":1}"}',
        'content-block-finish 3 {"type":"tool_call","id":"a","name":"f","args":{"x":1}}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
    [
      'a block that goes on after another began',
      [
        chunk({ tool_call_chunks: [call({ index: 0, id: 'a', name: 'f', args: '{' })] }),
        chunk({ tool_call_chunks: [call({ index: 1, id: 'b', name: 'g', args: '{}' })] }),
        chunk({ tool_call_chunks: [call({ index: 0, args: '}' })] }),
      ],
      [
        'message-start  {"role":"ai"}',
        'content-block-start 0 {"type":"tool_call_chunk","id":"a","name":"f","args":""}',
        'content-block-delta 0 {"type":"tool-call-delta","args":"{"}',
        'content-block-finish 0 {"type":"invalid_tool_call","id":"a","name":"f","args":"{","error":"The arguments are not JSON."}',
        'content-block-start 1 {"type":"tool_call_chunk","id":"b","name":"g","args":""}',
        'content-block-delta 1 {"type":"tool-call-delta","args":"{}"}',
        'content-block-delta 0 {"type":"tool-call-delta","args":"}"}',
        'content-block-finish 0 {"type":"tool_call","id":"a","name":"f","args":{}}',
        'content-block-finish 1 {"type":"tool_call","id":"b","name":"g","args":{}}',
        'message-finish  {"reason":"stop"}',
      ],
    ],
  ])('%s', (_, messages, expected) => {
    expect(told(messages)).toEqual(expected)
  })

  it('stand at the place of the task that says them, and are told apart', () => {
    const events = createMessageEvents()
    const [start] = events.told(chunk({ content: 'x' }), { ...AT, ls_provider: 'p', ls_model_name: 'n' })
    expect(start).toEqual({
      namespace: ['model:1'],
      node: 'model',
      data: { event: 'message-start', id: 'm', role: 'ai', metadata: { provider: 'p', model: 'n' }, run_id: 'm' },
    })
  })
})

/** What is said of a run, each event in a few words. */
function run(
  log: readonly [name: string, data: unknown][],
  end: RunEnd = { event: 'completed' },
  answered: string[] = [],
) {
  const times: number[] = []
  const events = createRunEvents({ graphName: 'g', answered, onTime: (time) => times.push(time) })
  const all = [
    ...events.begin(),
    ...log.flatMap(([name, data]) => [...events.next(name, JSON.stringify(data))]),
    ...events.end(end),
  ]
  const words = all.map(({ method, namespace, data }) => {
    const { event, ...rest } = JSON.parse(data) as Fields
    return [namespace.join('|'), method, event ?? JSON.stringify(rest)].filter((part) => part !== '').join(' ')
  })
  return { words, all, times }
}

const CHECKPOINT = '1f1e7089-835e-66e0-8000-76a3758bb705'
const checkpoint = (id: string, step: number) => ({
  config: { configurable: { checkpoint_id: id } },
  parent_config: { configurable: { checkpoint_id: 'parent' } },
  metadata: { step, source: 'loop' },
  values: {},
})
const asks = [{ id: 'i', value: 'ok?' }]

describe('a run', () => {
  it('tells of a checkpoint before the state that it is of', () => {
    const { words, times } = run([
      ['checkpoints', checkpoint('1f1e7089-8328-6b80-ffff-e1496577d586', -1)],
      ['values', { a: 1 }],
      ['checkpoints', checkpoint(CHECKPOINT, 0)],
      ['values', { a: 2 }],
      ['tasks', { id: '1', name: 'n', input: {} }],
    ])
    expect(words).toEqual([
      'lifecycle running',
      `checkpoints {"id":"${CHECKPOINT}","parent_id":"parent","step":0,"source":"loop"}`,
      'values {"a":1}',
      'values {"a":2}',
      'tasks {"id":"1","name":"n","input":{}}',
      'lifecycle completed',
    ])
    expect(times.at(-1)).toBe(Date.parse('2026-11-23T06:39:12.462Z'))
  })

  it('pairs states and checkpoints of places that go at the same time', () => {
    const { words } = run([
      ['values|a:1', { a: 1 }],
      ['values|b:2', { b: 1 }],
      ['checkpoints|a:1', checkpoint(CHECKPOINT, 0)],
      ['checkpoints|b:2', checkpoint(CHECKPOINT, 0)],
    ])
    expect(words.filter((word) => / (values|checkpoints) /.test(word)).map((word) => word.slice(0, 9))).toEqual([
      'a:1 check',
      'a:1 value',
      'b:2 check',
      'b:2 value',
    ])
  })

  it('asks for input once, where the interrupt is, and not as a state', () => {
    const { words } = run(
      [
        ['updates|in:1', { __interrupt__: asks }],
        ['values|in:1', { __interrupt__: asks }],
        ['tasks|in:1', { id: '2', name: 'ask', result: {}, interrupts: asks, error: null }],
        ['updates', { __interrupt__: asks }],
        ['values', { __interrupt__: asks }],
        ['tasks', { id: '1', name: 'in', result: {}, interrupts: asks, error: null }],
      ],
      { event: 'interrupted' },
    )
    expect(words.filter((word) => !word.includes('tasks'))).toEqual([
      'lifecycle running',
      'in:1 lifecycle started',
      'in:1 input.requested {"interrupt_id":"i","payload":"ok?"}',
      'in:1 lifecycle interrupted',
      'lifecycle interrupted',
    ])
  })

  it('takes nothing for an interrupt that only looks like one', () => {
    const states = [
      ['__interrupt__'],
      'a "__interrupt__"',
      { a: { __interrupt__: asks } },
      { __interrupt__: asks, a: 1 },
    ]
    const { words } = run([...states.map((state): [string, unknown] => ['values', state]), ['updates', null]])
    expect(words.slice(1, -1)).toEqual([
      'values {"0":"__interrupt__"}',
      expect.stringContaining('values {"0":"a"'),
      `values ${JSON.stringify({ a: { __interrupt__: asks } })}`,
      'input.requested {"interrupt_id":"i","payload":"ok?"}',
      'values {"a":1}',
    ])
  })

  it('says which interrupts it answers', () => {
    expect(run([], { event: 'completed' }, ['i']).words).toEqual([
      'lifecycle running',
      'input.answered {"interrupt_ids":["i"]}',
      'lifecycle completed',
    ])
  })

  it('ends what was said inside when the task ends, and everything when it ends itself', () => {
    const place = { langgraph_checkpoint_ns: 'a:1|b:2', langgraph_node: 'b' }
    const { words } = run([
      ['messages|a:1', [chunk({ content: 'x' }), place]],
      ['tasks|a:1', { id: '2', name: 'b', result: {}, interrupts: [] }],
      ['updates', { a: null, other: [1] }],
    ])
    expect(words).toEqual([
      'lifecycle running',
      'a:1 lifecycle started',
      'a:1|b:2 lifecycle started',
      'a:1|b:2 messages message-start',
      'a:1|b:2 messages content-block-start',
      'a:1|b:2 messages content-block-delta',
      'a:1|b:2 messages content-block-finish',
      'a:1|b:2 messages message-finish',
      'a:1 tasks {"id":"2","name":"b","result":{},"interrupts":[]}',
      'a:1|b:2 lifecycle completed',
      'updates {"node":"a","values":{}}',
      'updates {"node":"other","values":[1]}',
      'a:1 lifecycle completed',
      'lifecycle completed',
    ])
  })

  it('leaves what was cut off without an end, and says why it failed', () => {
    const { words, all } = run(
      [
        ['messages', [chunk({ content: 'x' }), AT]],
        ['tasks', { id: '1', name: 'model', result: {}, interrupts: [], error: { message: 'Boo!' } }],
        ['error', { error: 'TypeError', message: 'Boo!' }],
      ],
      { event: 'failed', error: undefined },
    )
    expect(words).not.toContain('model:1 messages message-finish')
    expect(words).toContain('model:1 lifecycle failed')
    expect(JSON.parse(all.at(-1)?.data ?? '')).toEqual({ event: 'failed', graph_name: 'g', error: 'Boo!' })
  })

  it('tells of tools at the place of the task that was given the call', () => {
    const given = [
      { messages: [{ type: 'ai', tool_calls: [{ id: 'c' }] }] },
      { tool_call: { id: 'c' } },
      [{ id: 'c' }],
      { nothing: true },
    ]
    const places = given.map((input) => {
      const { all } = run([
        ['tasks', { id: '1', name: 'tools', input }],
        ['tools', { event: 'on_tool_start', toolCallId: 'c', name: 'f', input: {} }],
        ['tools', { event: 'on_tool_event', toolCallId: 'c', data: { more: 1 } }],
        ['tools', { event: 'on_tool_error', toolCallId: 'c', error: { message: 'no' } }],
        ['tools', { event: 'on_tool_end', toolCallId: 'c' }],
        ['tools', { event: 'something new' }],
      ])
      const tools = all.filter(({ method }) => method === 'tools')
      expect(tools.map(({ data }) => JSON.parse(data))).toEqual([
        { event: 'tool-started', tool_call_id: 'c', tool_name: 'f', input: {} },
        { event: 'tool-output-delta', tool_call_id: 'c', delta: '{"more":1}' },
        { event: 'tool-error', tool_call_id: 'c', message: 'no' },
        { event: 'tool-finished', tool_call_id: 'c', output: null },
      ])
      return tools[0]?.namespace
    })
    expect(places).toEqual([['tools:1'], ['tools:1'], ['tools:1'], []])
  })

  it('passes over what the protocol has no word for', () => {
    const unknown = ['debug', 'events', 'messages/partial', 'metadata', '__proto__', 'constructor', 'feedback|a:1']
    expect(run(unknown.map((name) => [name, {}])).words).toEqual(['lifecycle running', 'lifecycle completed'])
  })
})

describe('a subscription', () => {
  const event = (method: string, namespace: string[] = [], data: unknown = {}) => ({
    method,
    namespace,
    data: JSON.stringify(data),
  })

  it.each<[boolean, Subscription, ReturnType<typeof event>]>([
    [true, { channels: ['values'] }, event('values')],
    [false, { channels: ['values'] }, event('updates')],
    [false, { channels: [] }, event('values')],
    [true, { channels: ['input'] }, event('input.requested')],
    [true, { channels: ['input'] }, event('input.answered')],
    [false, { channels: ['input.requested'] }, event('input.requested')],
    [true, { channels: ['custom'] }, event('custom', [], { name: 'a' })],
    [true, { channels: ['custom:a'] }, event('custom', [], { name: 'a' })],
    [false, { channels: ['custom:a'] }, event('custom', [], { name: 'b' })],
    [false, { channels: ['custom:a'] }, event('custom', [], { payload: 'a' })],
    [true, { channels: ['values'], namespaces: [] }, event('values', ['a:1'])],
    [true, { channels: ['values'], namespaces: [['a:1']] }, event('values', ['a:1', 'b:2'])],
    [true, { channels: ['values'], namespaces: [['a']] }, event('values', ['a:1', 'b:2'])],
    [false, { channels: ['values'], namespaces: [['a:2']] }, event('values', ['a:1'])],
    [false, { channels: ['values'], namespaces: [['a:1', 'b']] }, event('values', ['a:1'])],
    [true, { channels: ['values'], namespaces: [['x'], ['a']] }, event('values', ['a:1'])],
    [true, { channels: ['values'], namespaces: [[]], depth: 1 }, event('values', ['a:1'])],
    [false, { channels: ['values'], namespaces: [[]], depth: 1 }, event('values', ['a:1', 'b:2'])],
    [false, { channels: ['values'], namespaces: [['a']], depth: 0 }, event('values', ['a:1', 'b:2'])],
    [true, { channels: ['values'], namespaces: [['a']], depth: 0 }, event('values', ['a:1'])],
  ])('%s: %j for %j', (expected, subscription, given) => {
    expect(isSubscribed(subscription, given)).toBe(expected)
  })
})
