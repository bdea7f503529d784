import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { createSeal } from '../../src/seal/seal.js'
import { namesOnly, ownerOnly, ownerOnlyBut } from '../support/auth.js'
import { type Client, type Json, sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, serve } from '../support/server.js'
import { readUntil, type SseEvent } from '../support/sse-events.js'
import { protocolGraphs } from './protocol-graphs.js'

const graphs = { ...testGraphs, ...protocolGraphs }
const server = await serve({ graphs })
afterEach(() => server.use(ownerOnly()))
const alice = server.as('alice')
const bob = server.as('bob')

const CHANNELS = ['values', 'updates', 'messages', 'tools', 'lifecycle', 'input', 'tasks', 'custom', 'checkpoints']
const ABSENT = '0197a9b4-6f5c-7000-8000-00000000dead'

interface Answer extends Json {
  readonly type: string
  readonly result: { readonly run_id: string; readonly values?: unknown; readonly checkpoint?: unknown }
  readonly meta: { readonly applied_through_seq: number }
}

async function command(as: Client, thread: string, method: string, params: Json = {}) {
  const reply = await as.post(`/threads/${thread}/commands`, { id: 7, method, params })
  return { status: reply.status, text: reply.text, answer: reply.json<Answer>() }
}

function start(as: Client, thread: string, assistant_id: string, more: Json = {}) {
  return command(as, thread, 'run.start', { assistant_id, input: {}, ...more })
}

interface Envelope {
  readonly type: string
  readonly event_id: string
  readonly seq: number
  readonly method: string
  readonly params: { readonly namespace: string[]; readonly timestamp: number; readonly data: Json }
}

const envelope = ({ data }: SseEvent) => data as Envelope
const isEnd = (event: SseEvent) => {
  const { method, params } = envelope(event)
  return method === 'lifecycle' && params.namespace.length === 0 && params.data['event'] !== 'running'
}

/** The events of a thread up to the end of a run. */
async function events(as: Client, thread: string, body: Json = {}, headers: Record<string, string> = {}) {
  const path = `/threads/${thread}/stream/events`
  const response = await as.open('POST', path, { channels: CHANNELS, ...body }, { headers })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const { events: read, leave } = await readUntil(response, isEnd)
  await leave()
  return read.slice(0, read.findIndex(isEnd) + 1)
}

const methods = (read: readonly SseEvent[]) => read.map(({ event }) => event)
const statusOf = (read: readonly SseEvent[]) => envelope(read.at(-1) as SseEvent).params.data['event']

/** Plays a graph to its end, and answers with its thread. */
async function played(as: Client, graph: string, input: Json = {}): Promise<string> {
  const thread = uuidv7()
  expect((await start(as, thread, graph, { input })).status).toBe(200)
  await events(as, thread)
  return thread
}

describe('run.start', () => {
  it('makes the thread that the client named, as the rules want it', async () => {
    const thread = uuidv7()
    const { answer } = await start(alice, thread, 'steps', { metadata: { trip: 1 } })
    expect(answer).toEqual({
      type: 'success',
      id: 7,
      result: { run_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      meta: { applied_through_seq: expect.any(Number) },
    })
    const made = (await alice.get(`/threads/${thread}`)).json()
    expect(made['metadata']).toMatchObject({ owner: 'alice', trip: 1, graph_id: 'steps' })
    const run = (await alice.get(`/threads/${thread}/runs/${answer.result.run_id}`)).json()
    expect(run).toMatchObject({ metadata: { owner: 'alice', trip: 1 }, multitask_strategy: 'enqueue' })
  })

  it('tells the whole run, in order, each event once', async () => {
    const thread = uuidv7()
    const { answer } = await start(alice, thread, 'steps', { input: { text: 'go' } })
    const read = await events(alice, thread)
    expect(methods(read).slice(0, 4)).toEqual(['lifecycle', 'checkpoints', 'values', 'tasks'])
    expect(methods(read).filter((method) => method === 'updates')).toHaveLength(3)
    expect(statusOf(read)).toBe('completed')
    const seqs = read.map((event) => envelope(event).seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    expect(seqs[0]).toBeGreaterThan(answer.meta.applied_through_seq)
    expect(seqs.every(Number.isSafeInteger)).toBe(true)
    for (const event of read) {
      const { type, event_id, method, params } = envelope(event)
      expect([type, event_id, method]).toEqual(['event', event.id, event.event])
      expect(event_id.startsWith(`synth:${answer.result.run_id}:`)).toBe(true)
      expect(Math.abs(params.timestamp - Date.now())).toBeLessThan(60_000)
    }
  })

  it('takes either spelling of the strategy', async () => {
    for (const name of ['multitask_strategy', 'multitaskStrategy']) {
      const thread = uuidv7()
      await start(alice, thread, 'slow', { input: { ms: 300 } })
      const second = await start(alice, thread, 'steps', { [name]: 'reject' })
      expect([second.status, second.text]).toMatchObject([409, expect.stringContaining('already running')])
      expect((await start(alice, thread, 'steps', { [name]: 'interrupt' })).status).toBe(200)
      const runs = (await alice.get(`/threads/${thread}/runs`)).json<Json[]>()
      expect(runs.map(({ multitask_strategy, status }) => [multitask_strategy, status]).at(-1)).toEqual([
        'enqueue',
        'interrupted',
      ])
    }
  })

  it('branches off at the checkpoint that a configuration names', async () => {
    const thread = await played(alice, 'steps')
    const history = (await alice.post(`/threads/${thread}/history`, {})).json<Json[]>()
    const before = history.find(({ next }) => (next as string[])[0] === 'b') as { checkpoint: Json }
    await start(alice, thread, 'steps', {
      input: null,
      config: { configurable: { checkpoint_id: before.checkpoint['checkpoint_id'], thread_id: ABSENT } },
    })
    const nodes = (await events(alice, thread, { channels: ['updates', 'lifecycle'] }))
      .filter(({ event }) => event === 'updates')
      .map((event) => envelope(event).params.data['node'])
    expect(nodes).toEqual(['b', 'c'])
  })

  it('answers where a run waits for a person, as the protocol has it', async () => {
    const thread = await played(alice, 'ask', { text: 'ok?' })
    await start(alice, thread, 'ask', { input: 'yes' })
    await events(alice, thread)
    expect((await command(alice, thread, 'state.get')).answer.result.values).toMatchObject({
      seen: ['yes', 'after'],
    })
  })

  it('does not guess which of several interrupts is meant', async () => {
    const thread = await played(alice, 'both')
    const { status, answer } = await start(alice, thread, 'both', { input: 'yes' })
    expect([status, answer['error']]).toEqual([200, 'invalid_argument'])
    expect((await alice.get(`/threads/${thread}/runs`)).json<Json[]>()).toHaveLength(1)
  })

  it('takes a command in the place of an input', async () => {
    const thread = await played(alice, 'ask', { text: 'ok?' })
    const input = { lg_name: 'Command', resume: 'by command', update: { text: 'new' } }
    await start(alice, thread, 'ask', { input })
    await events(alice, thread)
    expect((await command(alice, thread, 'state.get')).answer.result.values).toEqual({
      seen: ['by command', 'after'],
      text: 'new',
    })
    const goto = [{ lg_name: 'Send', node: 'after', args: { seen: [] } }, 'after']
    await start(alice, thread, 'ask', { input: { lg_name: 'Command', goto } })
    await events(alice, thread)
    expect((await command(alice, thread, 'state.get')).answer.result.values).toMatchObject({
      seen: ['by command', 'after', 'after', 'after'],
    })
  })
})

describe('input.respond', () => {
  const interrupts = async (thread: string) => {
    const { tasks } = (await alice.get(`/threads/${thread}/state`)).json<{
      tasks: { interrupts: { id: string }[] }[]
    }>()
    return tasks.flatMap((task) => task.interrupts.map(({ id }) => id))
  }

  it('answers one interrupt, and tells every reader so', async () => {
    const thread = await played(alice, 'ask', { text: 'ok?' })
    const [interrupt_id] = await interrupts(thread)
    const { answer } = await command(alice, thread, 'input.respond', { namespace: [], interrupt_id, response: 'yes' })
    expect(answer.type).toBe('success')
    const read = await events(alice, thread)
    expect(methods(read).slice(0, 2)).toEqual(['lifecycle', 'input.answered'])
    expect(envelope(read[1] as SseEvent).params.data).toEqual({ interrupt_ids: [interrupt_id] })
    expect((await command(alice, thread, 'state.get')).answer.result.values).toMatchObject({
      seen: ['yes', 'after'],
    })
  })

  it('answers several at once, with an update', async () => {
    const thread = await played(alice, 'both')
    const ids = await interrupts(thread)
    const responses = ids.map((interrupt_id, index) => ({ namespace: [], interrupt_id, response: index }))
    await command(alice, thread, 'input.respond', { responses, update: { text: 'both' }, metadata: { step: 2 } })
    await events(alice, thread)
    expect((await command(alice, thread, 'state.get')).answer.result.values).toEqual({
      seen: ['left 0', 'right 1'],
      text: 'both',
    })
  })

  it('may come before the run that asks has ended', async () => {
    const thread = uuidv7()
    await start(alice, thread, 'ask', { input: { text: 'ok?' } })
    const response = await alice.open('POST', `/threads/${thread}/stream/events`, { channels: CHANNELS })
    const { events: read, leave } = await readUntil(response, ({ event }) => event === 'input.requested')
    const { interrupt_id } = envelope(read.at(-1) as SseEvent).params.data
    expect((await command(alice, thread, 'input.respond', { interrupt_id, response: 'at once' })).answer.type).toBe(
      'success',
    )
    await leave()
    await until(
      async () => (await command(alice, thread, 'state.get')).answer.result.values,
      (values) => ((values as { seen: unknown[] }).seen ?? []).length === 2,
    )
  })

  it.each([
    ['an interrupt that is not', 'ask', 'f'.repeat(32), 'no_such_interrupt'],
    ['a thread where nothing waits', 'steps', 'f'.repeat(32), 'no_such_interrupt'],
    ['the id of a property of every object', 'ask', '__proto__', 'no_such_interrupt'],
  ])('refuses %s', async (_, graph, interrupt_id, error) => {
    const thread = await played(alice, graph, { text: 'ok?' })
    const { status, answer } = await command(alice, thread, 'input.respond', { interrupt_id, response: 'x' })
    expect([status, answer.type, answer['error']]).toEqual([200, 'error', error])
    expect((await alice.get(`/threads/${thread}/runs`)).json<Json[]>()).toHaveLength(1)
  })

  it('answers an interrupt once, though the state still names it', async () => {
    const thread = await played(alice, 'late')
    const [interrupt_id] = await interrupts(thread)
    const first = await command(alice, thread, 'input.respond', { interrupt_id, response: 'first' })
    const second = await command(alice, thread, 'input.respond', { interrupt_id, response: 'second' })
    expect([first.answer.type, second.answer['error']]).toEqual(['success', 'no_such_interrupt'])
    await events(alice, thread)
    expect((await command(alice, thread, 'state.get')).answer.result.values).toEqual({ seen: ['late first'] })
  })

  it('refuses a thread that nothing has run on', async () => {
    const { answer } = await command(alice, await alice.thread(), 'input.respond', { interrupt_id: 'x', response: 1 })
    expect(answer['error']).toBe('no_such_run')
  })
})

describe('state.get', () => {
  it('reads the state, whole and in part, and that of a graph inside', async () => {
    const thread = await played(alice, 'nested', { text: 't' })
    const { answer } = await command(alice, thread, 'state.get', { namespace: [] })
    expect(answer.result).toMatchObject({ values: { seen: ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'], text: 't' } })
    expect(answer.result.checkpoint).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), ns: '' })
    const part = await command(alice, thread, 'state.get', { keys: ['text', 'none'] })
    expect(part.answer.result.values).toEqual({ text: 't' })
    const inside = await command(alice, thread, 'state.get', { namespace: ['child:nowhere'] })
    expect(inside.answer['error']).toBe('no_such_namespace')
    const fresh = await command(alice, await alice.thread(), 'state.get')
    expect(fresh.answer.result).toEqual({ values: {} })
  })
})

describe('what is not served or not understood', () => {
  it.each([
    ['agent.getTree', 'not_supported'],
    ['input.inject', 'not_supported'],
    ['state.fork', 'not_supported'],
    ['state.listCheckpoints', 'not_supported'],
    ['subscription.subscribe', 'not_supported'],
    ['subscription.unsubscribe', 'not_supported'],
    ['subscription.reconnect', 'not_supported'],
    ['run.stop', 'unknown_command'],
    ['toString', 'unknown_command'],
    ['__proto__', 'unknown_command'],
    ['', 'unknown_command'],
  ])('%s is %s, whoever asks', async (method, error) => {
    const thread = await alice.thread()
    for (const [as, id] of [
      [alice, thread],
      [bob, thread],
      [bob, ABSENT],
    ] as const) {
      const { status, answer } = await command(as, id, method)
      expect([status, answer]).toMatchObject([200, { type: 'error', id: 7, error, message: expect.any(String) }])
    }
  })

  const valid = { id: 1, method: 'run.start', params: { assistant_id: 'steps', input: {} } }
  it.each<[string, unknown]>([
    ['commands', 'x'],
    ['commands', []],
    ['commands', '{"id":1'],
    ['commands', {}],
    ['commands', { ...valid, id: '1' }],
    ['commands', { ...valid, id: -1 }],
    ['commands', { ...valid, id: 1.5 }],
    ['commands', { ...valid, method: 7 }],
    ['commands', { ...valid, params: [] }],
    ['commands', { ...valid, params: 'x' }],
    ['commands', { ...valid, params: {} }],
    ['commands', { ...valid, params: { assistant_id: '' } }],
    ['commands', { ...valid, params: { assistant_id: 7 } }],
    ['commands', { ...valid, params: { ...valid.params, config: [] } }],
    ['commands', { ...valid, params: { ...valid.params, config: { configurable: 'x' } } }],
    ['commands', { ...valid, params: { ...valid.params, metadata: { a: '\0' } } }],
    ['commands', { ...valid, params: { ...valid.params, multitask_strategy: 'replace' } }],
    ['commands', { ...valid, params: { ...valid.params, multitaskStrategy: 7 } }],
    [
      'commands',
      { ...valid, params: { ...valid.params, input: { lc: 1, type: 'constructor', id: ['x'], kwargs: {} } } },
    ],
    ['commands', { ...valid, params: { ...valid.params, input: { lg_name: 'Command', goto: 7 } } }],
    ['commands', { ...valid, method: 'input.respond', params: {} }],
    ['commands', { ...valid, method: 'input.respond', params: { responses: [] } }],
    ['commands', { ...valid, method: 'input.respond', params: { responses: [{ response: 1 }] } }],
    [
      'commands',
      { ...valid, method: 'input.respond', params: { interrupt_id: 'a', responses: [{ interrupt_id: 'a' }] } },
    ],
    ['commands', { ...valid, method: 'input.respond', params: { interrupt_id: 7, response: 1 } }],
    ['commands', { ...valid, method: 'state.get', params: { namespace: 'x' } }],
    ['commands', { ...valid, method: 'state.get', params: { keys: [7] } }],
    ['stream/events', {}],
    ['stream/events', []],
    ['stream/events', { channels: 'values' }],
    ['stream/events', { channels: [7] }],
    ['stream/events', { channels: Array.from({ length: 1001 }, () => 'values') }],
    ['stream/events', { channels: [], namespaces: ['x'] }],
    ['stream/events', { channels: [], namespaces: [[7]] }],
    ['stream/events', { channels: [], depth: -1 }],
    ['stream/events', { channels: [], since: 'x' }],
    ['stream/events', { channels: [], since: -1 }],
    ['stream/events', { channels: [], since: 1e300 }],
  ])('%s with %j is 422', async (path, body) => {
    const thread = await alice.thread()
    const reply = await alice.post(`/threads/${thread}/${path}`, body)
    expect([reply.status, Object.keys(reply.json())]).toEqual([422, ['detail']])
    expect((await alice.get(`/threads/${thread}/runs`)).json<Json[]>()).toEqual([])
  })

  it('an id that is no UUID is 422, and an assistant that is not is 404', async () => {
    expect((await command(alice, 'x', 'state.get')).status).toBe(422)
    expect((await alice.post('/threads/x/stream/events', { channels: [] })).status).toBe(422)
    expect((await start(alice, uuidv7(), 'nothing')).status).toBe(404)
  })

  it('a socket is not opened', async () => {
    const headers = { connection: 'upgrade', upgrade: 'websocket' }
    expect((await alice.get(`/threads/${ABSENT}/stream/events`)).status).toBe(404)
    expect((await server.as(undefined).get(`/threads/${ABSENT}/stream/events`)).status).toBe(401)
    await expect(alice.get(`/threads/${ABSENT}/stream/events`, headers)).rejects.toThrow()
  })
})

describe('what is not theirs', () => {
  const blind = (text: string) => text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*')

  it.each<[string, string, Json]>([
    ['state.get', 'commands', { id: 1, method: 'state.get', params: { namespace: [] } }],
    [
      'input.respond',
      'commands',
      { id: 1, method: 'input.respond', params: { interrupt_id: 'f'.repeat(32), response: 'stolen' } },
    ],
    ['the events', 'stream/events', { channels: CHANNELS }],
    ['the events from the beginning', 'stream/events', { channels: CHANNELS, since: 0 }],
  ])('%s: a thread that is hidden answers as one that is absent', async (_, path, body) => {
    const thread = await played(alice, 'ask', { text: 'secret?' })
    const hidden = await bob.post(`/threads/${thread}/${path}`, body)
    const absent = await bob.post(`/threads/${ABSENT}/${path}`, body)
    expect([hidden.status, blind(hidden.text)]).toEqual([404, blind(absent.text)])
    expect(absent.status).toBe(404)
    expect((await alice.get(`/threads/${thread}`)).json()['status']).toBe('interrupted')
  })

  it('run.start never takes a thread over', async () => {
    const thread = await played(alice, 'ask', { text: 'secret?' })
    const before = (await alice.get(`/threads/${thread}`)).text
    for (const input of [{}, 'an answer', { lg_name: 'Command', resume: 'stolen' }]) {
      const { status, text } = await start(bob, thread, 'ask', { input })
      expect([status, blind(text)]).toEqual([404, '{"detail":"Thread with ID * not found"}'])
    }
    expect((await alice.get(`/threads/${thread}`)).text).toBe(before)
    expect((await alice.get(`/threads/${thread}/runs`)).json<Json[]>()).toHaveLength(1)
  })

  it("no command runs an assistant that is somebody else's", async () => {
    const assistant = await bob.assistant({ graph_id: 'ask', config: { configurable: { other: 'secret' } } })
    expect((await start(alice, uuidv7(), assistant)).status).toBe(404)
    const thread = uuidv7()
    await start(bob, thread, assistant, { input: { text: 'ok?' } })
    await events(bob, thread)
    // The thread changes hands; the assistant does not.
    await bob.call('PATCH', `/threads/${thread}`, { metadata: { owner: 'alice' } })
    const { tasks } = (await alice.get(`/threads/${thread}/state`)).json<{
      tasks: { interrupts: { id: string }[] }[]
    }>()
    const interrupt_id = tasks[0]?.interrupts[0]?.id
    expect((await command(alice, thread, 'input.respond', { interrupt_id, response: 'x' })).status).toBe(404)
  })

  it.each([
    ['threads:read', 'state.get', {}],
    ['threads:read', 'run.start', { assistant_id: 'steps' }],
    ['threads:create_run', 'run.start', { assistant_id: 'steps' }],
  ] as const)('%s that is denied denies %s', async (event, method, params) => {
    const thread = await alice.thread()
    server.use(ownerOnlyBut(event, () => false))
    expect((await command(alice, thread, method, params)).status).toBe(403)
    server.use(ownerOnly())
    expect((await alice.get(`/threads/${thread}/runs`)).json<Json[]>()).toEqual([])
  })

  it('threads:read that is denied denies the events', async () => {
    const thread = await alice.thread()
    server.use(ownerOnlyBut('threads:read', () => false))
    expect((await alice.post(`/threads/${thread}/stream/events`, { channels: [] })).status).toBe(403)
  })

  it('interrupting a run takes the right to change the thread', async () => {
    const thread = uuidv7()
    await start(alice, thread, 'slow', { input: { ms: 500 } })
    server.use(ownerOnlyBut('threads:update', () => false))
    const { status } = await start(alice, thread, 'steps', { multitaskStrategy: 'interrupt' })
    expect(status).toBe(403)
  })

  it('each command is of whoever sends it: no earlier caller is remembered', async () => {
    server.use(namesOnly())
    const thread = uuidv7()
    await start(alice, thread, 'echo')
    await events(alice, thread)
    await start(bob, thread, 'echo')
    await events(bob, thread)
    const { values } = (await command(bob, thread, 'state.get')).answer.result as unknown as {
      values: { seen: Json[] }
    }
    expect(values.seen.map(({ auth_id, user_id, permissions }) => [auth_id, user_id, permissions])).toEqual([
      ['alice', 'alice', ['alice:all']],
      ['bob', 'bob', ['bob:all']],
    ])
  })

  it('a client can not say who it is', async () => {
    const thread = uuidv7()
    const forged = { langgraph_auth_user_id: 'bob', langgraph_auth_user: { identity: 'bob' }, user_id: 'bob' }
    await start(alice, thread, 'echo', { config: { configurable: forged }, context: forged })
    const read = await events(alice, thread)
    const { values } = (await command(alice, thread, 'state.get')).answer.result as unknown as {
      values: { seen: Json[] }
    }
    expect(values.seen[0]).toMatchObject({
      auth_id: 'alice',
      auth_user: 'alice',
      user_id: 'alice',
      context: { user_id: 'bob' },
    })
    // The graph shows the names of the keys it was given; nothing else of them is told.
    const told = JSON.stringify(read).replaceAll(/"keys":\[[^\]]*\]/g, '')
    expect(told).not.toContain('langgraph_auth')
    expect(told).not.toContain('alice:all'.concat('"}'))
    expect(methods(read)).toEqual(expect.arrayContaining(['tasks', 'checkpoints', 'custom', 'updates']))
  })
})

describe('the events of a thread', () => {
  it('are the same for every reader, and can be taken up anywhere', async () => {
    const thread = uuidv7()
    await start(alice, thread, 'agent', { input: { messages: [{ type: 'human', content: 'hi', id: 'q' }] } })
    const [first, second] = await Promise.all([events(alice, thread), events(alice, thread)])
    expect(second).toEqual(first)
    const middle = Math.floor(first.length / 2)
    const at = first[middle] as SseEvent
    expect(await events(alice, thread, {}, { 'last-event-id': String(at.id) })).toEqual(first.slice(middle + 1))
    expect(await events(alice, thread, { since: envelope(at).seq })).toEqual(first.slice(middle + 1))
    expect(await events(alice, thread, { since: 0 })).toEqual(first)
    expect(await events(alice, thread, {}, { 'last-event-id': 'of another server' })).toEqual(first)
  })

  it('begin with the run that goes, and with the whole history where that is asked for', async () => {
    const thread = await played(alice, 'steps')
    const [{ run_id: earlier }] = (await alice.get(`/threads/${thread}/runs`)).json<[{ run_id: string }]>()
    const { answer } = await start(alice, thread, 'steps')
    const runsOf = (read: SseEvent[]) => [...new Set(read.map(({ id }) => id?.split(':')[1]))]
    expect(runsOf(await events(alice, thread))).toEqual([answer.result.run_id])
    expect(runsOf(await events(alice, thread, { since: 0 }))).toEqual([earlier])
    const response = await alice.open('POST', `/threads/${thread}/stream/events`, { channels: CHANNELS, since: 0 })
    let ends = 0
    const all = await readUntil(response, (event) => isEnd(event) && ++ends > 0 && event.id?.split(':')[1] !== earlier)
    await all.leave()
    expect(runsOf(all.events)).toEqual([earlier, answer.result.run_id])
    const seqs = all.events.map((event) => envelope(event).seq)
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    // What was known when the second run was started is told apart from what that run says.
    const { applied_through_seq: barrier } = answer.meta
    const after = all.events.filter((event) => envelope(event).seq > barrier)
    expect(runsOf(after)).toEqual([answer.result.run_id])
  })

  it('do not begin with a run that is to start later', async () => {
    const thread = await played(alice, 'steps')
    await alice.post(`/threads/${thread}/runs`, { assistant_id: 'steps', input: {}, after_seconds: 60 })
    expect(statusOf(await events(alice, thread))).toBe('completed')
  })

  it('are those of every run, whoever started it and however', async () => {
    const thread = await alice.thread()
    const reading = events(alice, thread)
    await sleep(50)
    await alice.post(`/threads/${thread}/runs/wait`, { assistant_id: 'steps', input: {}, stream_mode: 'values' })
    const read = await reading
    expect([...new Set(methods(read))]).toEqual(['lifecycle', 'values'])
    expect(statusOf(read)).toBe('completed')
  })

  it.each([
    ['boom', {}, 'failed', { error: 'Boo!' }],
    ['broken', {}, 'failed', { error: expect.any(String) }],
    ['ask', {}, 'interrupted', {}],
    ['steps', {}, 'completed', {}],
  ])('%s ends as it ends', async (graph, input, status, about) => {
    const thread = uuidv7()
    await start(alice, thread, graph, { input })
    const last = envelope((await events(alice, thread, { channels: ['lifecycle'] })).at(-1) as SseEvent)
    expect(last.params.data).toEqual({ event: status, graph_name: graph, ...about })
  })

  it('tell of a run that was stopped', async () => {
    const thread = uuidv7()
    const { answer } = await start(alice, thread, 'slow', { input: { ms: 60_000 } })
    const reading = events(alice, thread)
    await sleep(100)
    await alice.post(`/threads/${thread}/runs/${answer.result.run_id}/cancel?wait=1`)
    expect(statusOf(await reading)).toBe('interrupted')
  })

  it('are filtered by channel and by place', async () => {
    const thread = await played(alice, 'team', { messages: [{ type: 'human', content: 'hi', id: 'q' }] })
    const places = async (body: Json) => [
      ...new Set(
        (await events(alice, thread, { channels: ['messages', 'lifecycle'], since: 0, ...body }))
          .filter(({ event }) => event === 'messages')
          .map((event) =>
            envelope(event)
              .params.namespace.map((segment) => segment.split(':')[0])
              .join('/'),
          ),
      ),
    ]
    expect(await places({})).toEqual(['member/speak'])
    expect(await places({ namespaces: [[]], depth: 1 })).toEqual([])
    const only = await alice.open('POST', `/threads/${thread}/stream/events`, {
      channels: ['messages'],
      namespaces: [['member']],
    })
    const { events: read, leave } = await readUntil(
      only,
      (event) => envelope(event).params.data['event'] === 'message-finish',
    )
    await leave()
    expect(new Set(methods(read))).toEqual(new Set(['messages']))
  })

  it('end with the thread', async () => {
    const thread = await alice.thread()
    const response = await alice.open('POST', `/threads/${thread}/stream/events`, { channels: CHANNELS })
    const text = response.text()
    await alice.call('DELETE', `/threads/${thread}`)
    expect((await text).replaceAll(': heartbeat\n\n', '')).toBe('')
  })

  it('end for a reader whose thread changed hands, before the next run', async () => {
    const thread = await played(alice, 'steps')
    const response = await alice.open('POST', `/threads/${thread}/stream/events`, { channels: CHANNELS })
    const text = response.text()
    await alice.call('PATCH', `/threads/${thread}`, { metadata: { owner: 'bob' } })
    const { answer } = await start(bob, thread, 'echo')
    expect(await text).not.toContain(answer.result.run_id)
  })

  it('skip a run that was deleted', async () => {
    const thread = await played(alice, 'steps')
    const { answer } = await start(alice, thread, 'steps')
    await events(alice, thread)
    await alice.call('DELETE', `/threads/${thread}/runs/${answer.result.run_id}`)
    const text = JSON.stringify(await events(alice, thread, { since: 0 }))
    expect(text).not.toContain(answer.result.run_id)
  })

  it('say after a restart what a thread waits for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-protocol-'))
    try {
      const options = { graphs, database: join(folder, 'dev.db'), seal: createSeal() }
      const before = await open(options)
      const thread = await played(before.as('alice'), 'twice')
      await before.close()
      const after = await open(options)
      const read = await events(after.as('alice'), thread)
      expect(read.map((event) => [event.event, envelope(event).params.data])).toEqual([
        ['input.requested', { interrupt_id: expect.stringMatching(/^[0-9a-f]{32}$/), payload: 'first?' }],
        ['lifecycle', { event: 'interrupted' }],
      ])
      const { interrupt_id } = envelope(read[0] as SseEvent).params.data
      const { answer } = await command(after.as('alice'), thread, 'input.respond', { interrupt_id, response: 'ok' })
      expect(answer.type).toBe('success')
      expect(statusOf(await events(after.as('alice'), thread))).toBe('interrupted')
      await after.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
