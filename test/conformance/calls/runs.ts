import type { Client } from '@langchain/langgraph-sdk'
import { expect } from 'vitest'
import * as z from 'zod'
import { until } from '../../support/client.js'
import { type Call, call, type World } from '../call.js'
import { shapes } from '../shapes.js'
import { ABSENT } from './ids.js'

const absent = shapes.refused(404)
const hello = { messages: [{ type: 'human', content: 'hi', id: 'question' }] }
const state = z.record(z.string(), z.unknown())
const failure = z.strictObject({ __error__: z.strictObject({ error: z.string(), message: z.string() }) })

interface Part {
  event: string
  data: unknown
  id?: string
}
type Mode =
  | 'values'
  | 'updates'
  | 'messages'
  | 'messages-tuple'
  | 'custom'
  | 'debug'
  | 'tasks'
  | 'checkpoints'
  | 'events'

async function thread({ client }: World): Promise<string> {
  return (await client.threads.create()).thread_id
}

/** A thread with a run that takes its time. */
async function slow(world: World, options: object = {}) {
  const thread_id = await thread(world)
  const run = await world.client.runs.create(thread_id, 'slow', { input: { ms: 60_000 }, ...options })
  await until(
    () => world.client.threads.getState(thread_id),
    ({ next }) => next?.[0] === 'wait',
  )
  return { thread_id, run_id: run.run_id }
}

/** A thread with a run that has ended. */
async function ended(world: World, graph = 'steps') {
  const thread_id = await thread(world)
  const { run_id } = await world.client.runs.create(thread_id, graph, { input: { text: 'go' }, metadata: { trip: 1 } })
  await world.client.runs.join(thread_id, run_id)
  await until(
    () => world.client.runs.get(thread_id, run_id),
    ({ status }) => status !== 'running' && status !== 'pending',
  )
  return { thread_id, run_id }
}

async function asked(world: World) {
  const thread_id = await thread(world)
  await world.client.runs.wait(thread_id, 'ask', { input: { text: 'ok?' } })
  return thread_id
}

async function three(world: World) {
  const thread_id = await thread(world)
  const ids: string[] = []
  for (const trip of [1, 2, 3]) {
    const run = await world.client.runs.create(thread_id, 'steps', { input: { text: 'go' }, metadata: { trip } })
    await world.client.runs.join(thread_id, run.run_id)
    ids.push(run.run_id)
  }
  return { thread_id, ids }
}

async function drained(stream: AsyncIterable<unknown>): Promise<Part[]> {
  const parts: Part[] = []
  for await (const part of stream) parts.push(part as Part)
  return parts
}

function streamed(client: Client, thread_id: string, graph: string, streamMode: Mode | Mode[], input: object = hello) {
  return drained(client.runs.stream(thread_id, graph, { input: { ...input }, streamMode }))
}

function names(parts: readonly Part[]): string[] {
  return parts.map(({ event }) => event)
}

function dataOf(parts: readonly Part[], name: string): unknown[] {
  return parts.filter(({ event }) => event === name).map(({ data }) => data)
}

async function gone({ client }: World, thread_id: string, run_id: string) {
  await expect(client.runs.get(thread_id, run_id)).rejects.toMatchObject({ status: 404 })
}

const creating: readonly Call[] = [
  call({
    name: 'runs.create',
    arrange: thread,
    call: ({ client }, id) =>
      client.runs.create(id, 'chat', {
        input: hello,
        metadata: { trip: 1 },
        config: { configurable: { model: 'small' }, tags: ['t'] },
        streamMode: ['values', 'updates'],
        durability: 'sync',
      }),
    answer: shapes.run,
    holds: async (answer, thread_id, { client, user }) => {
      expect(answer).toMatchObject({ thread_id, status: 'pending', metadata: { trip: 1, owner: user } })
      await client.runs.join(thread_id, answer.run_id)
    },
  }),
  call({
    name: 'runs.create: without a thread',
    call: ({ client }) => client.runs.create(null, 'chat', { input: hello }),
    answer: shapes.run,
  }),
  call({
    name: 'runs.create: without a thread, which is kept',
    only: '1.15.0',
    call: ({ client }) => client.runs.create(null, 'steps', { input: { text: 'go' }, onCompletion: 'keep' as never }),
    answer: shapes.run,
    holds: async ({ thread_id, run_id }, _, { client }) => {
      await until(
        () => client.runs.get(thread_id, run_id),
        ({ status }) => status === 'success',
      )
    },
  }),
  call({
    name: 'runs.create: later',
    arrange: thread,
    call: ({ client }, id) => client.runs.create(id, 'steps', { input: { text: 'go' }, afterSeconds: 60 }),
    answer: shapes.run,
    holds: async ({ status }, id, { client }) => {
      expect(status).toBe('pending')
      await client.threads.delete(id)
    },
  }),
  call({
    name: 'runs.create: no such assistant',
    arrange: thread,
    call: ({ client }, id) => client.runs.create(id, 'nothing', { input: hello }),
    answer: absent,
  }),
  call({
    name: "runs.create: somebody else's assistant",
    here: true,
    arrange: async (world) => ({
      thread_id: await thread(world),
      assistant: await world.stranger.assistants.create({
        graphId: 'steps',
        config: { configurable: { secret: 's' } },
      }),
    }),
    call: ({ client }, { thread_id, assistant }) =>
      client.runs.create(thread_id, assistant.assistant_id, { input: { text: 'go' } }),
    answer: absent,
  }),
  call({
    name: 'runs.create: no such thread',
    call: ({ client }) => client.runs.create(ABSENT, 'chat', { input: hello }),
    answer: absent,
  }),
  call({
    name: 'runs.create: a thread that is made for it',
    arrange: async (world) => {
      const thread_id = await thread(world)
      await world.client.threads.delete(thread_id)
      return thread_id
    },
    call: ({ client }, id) => client.runs.create(id, 'steps', { input: { text: 'go' }, ifNotExists: 'create' }),
    answer: shapes.run,
    holds: async ({ run_id }, id, { client, user }) => {
      await client.runs.join(id, run_id)
      expect((await client.threads.get(id)).metadata).toMatchObject({ graph_id: 'steps', owner: user })
    },
  }),
  call({
    name: 'runs.create: the thread is busy, reject',
    arrange: slow,
    call: ({ client }, { thread_id }) =>
      client.runs.create(thread_id, 'steps', { input: { text: 'go' }, multitaskStrategy: 'reject' }),
    answer: shapes.refused(409),
    holds: (_, { thread_id }, { client }) => client.threads.delete(thread_id),
  }),
  call({
    name: 'runs.create: the thread is busy, enqueue',
    arrange: slow,
    call: ({ client }, { thread_id }) =>
      client.runs.create(thread_id, 'steps', { input: { text: 'go' }, multitaskStrategy: 'enqueue' }),
    answer: shapes.run,
    holds: async ({ status }, { thread_id }, { client }) => {
      expect(status).toBe('pending')
      await client.threads.delete(thread_id)
    },
  }),
  call({
    name: 'runs.create: the thread is busy, interrupt',
    arrange: slow,
    call: ({ client }, { thread_id }) =>
      client.runs.create(thread_id, 'steps', { input: { text: 'go' }, multitaskStrategy: 'interrupt' }),
    answer: shapes.run,
    holds: async ({ run_id }, { thread_id, run_id: first }, { client }) => {
      await client.runs.join(thread_id, run_id)
      expect(await client.runs.get(thread_id, first)).toMatchObject({ status: 'interrupted' })
    },
  }),
  call({
    name: 'runs.create: the thread is busy, rollback',
    arrange: slow,
    call: ({ client }, { thread_id }) =>
      client.runs.create(thread_id, 'steps', { input: { text: 'go' }, multitaskStrategy: 'rollback' }),
    answer: shapes.run,
    holds: async ({ run_id }, { thread_id, run_id: first }, world) => {
      await world.client.runs.join(thread_id, run_id)
      await gone(world, thread_id, first)
    },
  }),
  call({
    name: 'runs.createBatch',
    call: ({ client }) =>
      client.runs.createBatch([
        { assistantId: 'chat', input: hello },
        { assistantId: 'steps', input: { text: 'go' } },
      ]),
    answer: z.array(shapes.run).length(2),
  }),
  call({
    name: 'runs.createBatch: none',
    call: ({ client }) => client.runs.createBatch([]),
    answer: shapes.refused(422),
  }),
]

const waiting: readonly Call[] = [
  call({
    name: 'runs.wait',
    arrange: thread,
    call: ({ client }, id) => client.runs.wait(id, 'chat', { input: hello }),
    answer: state,
    holds: (answer) =>
      expect(answer).toMatchObject({
        messages: [
          { type: 'human', content: 'hi' },
          { type: 'ai', content: 'Hello' },
        ],
      }),
  }),
  call({
    name: 'runs.wait: without a thread',
    call: ({ client }) => client.runs.wait(null, 'steps', { input: { text: 'go' } }),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'runs.wait: an assistant of the user',
    arrange: async (world) => ({
      thread_id: await thread(world),
      assistant: await world.client.assistants.create({ graphId: 'steps' }),
    }),
    call: ({ client }, { thread_id, assistant }) =>
      client.runs.wait(thread_id, assistant.assistant_id, { input: { text: 'go' } }),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'runs.wait: until a person is asked',
    arrange: thread,
    call: ({ client }, id) => client.runs.wait(id, 'ask', { input: { text: 'ok?' } }),
    answer: state.and(z.object({ __interrupt__: z.array(shapes.interrupt).length(1) })),
    holds: (answer) => expect(answer).toMatchObject({ __interrupt__: [{ value: { question: 'ok?' } }] }),
  }),
  call({
    name: 'runs.wait: after the person answered',
    arrange: asked,
    call: ({ client }, id) => client.runs.wait(id, 'ask', { command: { resume: 'yes' } }),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['yes', 'after'] }),
  }),
  call({
    name: 'runs.wait: answering without a thread',
    call: ({ client }) => client.runs.wait(null, 'ask', { command: { resume: 'yes' } }),
    answer: shapes.refused(400),
  }),
  call({
    name: 'runs.wait: until a node',
    arrange: thread,
    call: ({ client }, id) => client.runs.wait(id, 'steps', { input: { text: 'go' }, interruptBefore: ['b'] }),
    answer: state,
    holds: async (_, id, { client }) => expect((await client.threads.getState(id)).next).toEqual(['b']),
  }),
  call({
    name: 'runs.wait: an update and another node',
    arrange: async (world) => {
      const { thread_id } = await ended(world)
      return thread_id
    },
    call: ({ client }, id) => client.runs.wait(id, 'steps', { command: { update: { seen: ['told'] }, goto: 'c' } }),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c', 'told', 'c'] }),
  }),
  call({
    name: 'runs.wait: from a checkpoint',
    arrange: async (world) => {
      const { thread_id } = await ended(world)
      return { thread_id, states: await world.client.threads.getHistory(thread_id) }
    },
    call: ({ client }, { thread_id, states }) =>
      client.runs.wait(thread_id, 'steps', {
        input: null,
        checkpointId: states[2]?.checkpoint.checkpoint_id as string,
      }),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'runs.wait: a failure, raised',
    arrange: thread,
    call: ({ client }, id) => client.runs.wait(id, 'boom', { input: { text: 'go' } }),
    answer: z.strictObject({ raised: z.literal('TypeError: Boo!') }),
  }),
  call({
    name: 'runs.wait: a failure, told',
    arrange: thread,
    call: ({ client }, id) => client.runs.wait(id, 'boom', { input: { text: 'go' }, raiseError: false }),
    answer: failure,
    holds: (answer) => expect(answer).toEqual({ __error__: { error: 'TypeError', message: 'Boo!' } }),
  }),
  call({
    name: 'runs.join',
    arrange: async (world) => {
      const thread_id = await thread(world)
      const { run_id } = await world.client.runs.create(thread_id, 'steps', { input: { text: 'go' } })
      return { thread_id, run_id }
    },
    call: ({ client }, { thread_id, run_id }) => client.runs.join(thread_id, run_id),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'runs.join: it has ended',
    arrange: (world) => ended(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.join(thread_id, run_id),
    answer: state,
    holds: (answer) => expect(answer).toMatchObject({ seen: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'runs.join: it has failed',
    arrange: (world) => ended(world, 'boom'),
    call: ({ client }, { thread_id, run_id }) => client.runs.join(thread_id, run_id),
    answer: failure,
  }),
  call({
    name: 'runs.join: absent',
    arrange: thread,
    call: ({ client }, id) => client.runs.join(id, ABSENT),
    answer: absent,
  }),
]

const streaming: readonly Call[] = [
  call({
    name: 'runs.stream',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'steps', 'values', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) =>
      expect(dataOf(parts, 'values')).toMatchObject([
        { seen: [] },
        { seen: ['a'] },
        { seen: ['a', 'b'] },
        { seen: ['a', 'b', 'c'] },
      ]),
  }),
  call({
    name: 'runs.stream: no mode given',
    arrange: thread,
    call: ({ client }, id) => drained(client.runs.stream(id, 'steps', { input: { text: 'go' } })),
    answer: shapes.events,
    holds: (parts) => expect(names(parts)).toEqual(['metadata', 'values', 'values', 'values', 'values']),
  }),
  call({
    name: 'runs.stream: updates',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'steps', 'updates', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) =>
      expect(dataOf(parts, 'updates')).toEqual([
        { a: { seen: ['a'] } },
        { b: { seen: ['b'] } },
        { c: { seen: ['c'] } },
      ]),
  }),
  call({
    name: 'runs.stream: messages-tuple',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'chat', 'messages-tuple'),
    answer: shapes.events,
    holds: (parts) => {
      const chunks = dataOf(parts, 'messages') as [{ content: string }, { langgraph_node: string }][]
      expect(chunks.map(([{ content }]) => content).join('')).toBe('Hello')
      expect(chunks[0]?.[1]).toMatchObject({ langgraph_node: 'model', langgraph_step: 1 })
    },
  }),
  call({
    name: 'runs.stream: messages',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'chat', 'messages'),
    answer: shapes.events,
    holds: (parts) => {
      expect(new Set(names(parts))).toEqual(
        new Set(['metadata', 'messages/metadata', 'messages/partial', 'messages/complete']),
      )
      const [last] = dataOf(parts, 'messages/partial').at(-1) as [{ content: string }]
      expect(last.content).toBe('Hello')
    },
  }),
  call({
    name: 'runs.stream: custom',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'slow', 'custom', { ms: 1 }),
    answer: shapes.events,
    holds: (parts) => expect(dataOf(parts, 'custom')).toEqual([{ waiting: 1 }]),
  }),
  call({
    name: 'runs.stream: tasks',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'steps', 'tasks', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) =>
      expect(dataOf(parts, 'tasks').map((data) => (data as { name: string }).name)).toEqual([...'aabbcc']),
  }),
  call({
    name: 'runs.stream: checkpoints',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'steps', 'checkpoints', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) => expect(dataOf(parts, 'checkpoints')).toHaveLength(5),
  }),
  call({
    name: 'runs.stream: debug',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'steps', 'debug', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) =>
      expect(new Set(dataOf(parts, 'debug').map((data) => (data as { type: string }).type))).toEqual(
        new Set(['checkpoint', 'task', 'task_result']),
      ),
  }),
  call({
    name: 'runs.stream: events',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'chat', 'events'),
    answer: shapes.events,
    holds: (parts) => {
      const kinds = dataOf(parts, 'events').map((data) => (data as { event: string }).event)
      expect(kinds).toContain('on_chat_model_stream')
      expect(kinds).toContain('on_chain_end')
    },
  }),
  call({
    name: 'runs.stream: several modes',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'chat', ['values', 'updates', 'messages-tuple']),
    answer: shapes.events,
    holds: (parts) => expect(new Set(names(parts))).toEqual(new Set(['metadata', 'values', 'updates', 'messages'])),
  }),
  call({
    name: 'runs.stream: with the graph inside',
    arrange: thread,
    call: ({ client }, id) =>
      drained(
        client.runs.stream(id, 'nested', {
          input: { text: 'go' },
          streamMode: ['values', 'updates'],
          streamSubgraphs: true,
        }),
      ),
    answer: shapes.events,
    holds: (parts) => {
      expect(names(parts).some((name) => /^updates\|child:[0-9a-f-]+$/.test(name))).toBe(true)
      expect(names(parts)).toContain('updates')
    },
  }),
  call({
    name: 'runs.stream: until a person is asked',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'ask', ['values', 'updates'], { text: 'ok?' }),
    answer: shapes.events,
    holds: (parts) => {
      expect(dataOf(parts, 'updates')).toMatchObject([{ __interrupt__: [{ value: { question: 'ok?' } }] }])
      expect(dataOf(parts, 'values').at(-1)).toMatchObject({ __interrupt__: [{ value: { question: 'ok?' } }] })
    },
  }),
  call({
    name: 'runs.stream: after the person answered',
    arrange: asked,
    call: ({ client }, id) =>
      drained(client.runs.stream(id, 'ask', { command: { resume: 'yes' }, streamMode: ['values', 'updates'] })),
    answer: shapes.events,
    holds: (parts) => expect(dataOf(parts, 'values').at(-1)).toMatchObject({ seen: ['yes', 'after'] }),
  }),
  call({
    name: 'runs.stream: a failure',
    arrange: thread,
    call: ({ client }, id) => streamed(client, id, 'boom', 'updates', { text: 'go' }),
    answer: shapes.events,
    holds: (parts) => {
      expect(names(parts)).toEqual(['metadata', 'error'])
      expect(parts.at(-1)?.data).toEqual({ error: 'TypeError', message: 'Boo!' })
    },
  }),
  call({
    name: 'runs.stream: without a thread',
    call: ({ client }) => drained(client.runs.stream(null, 'steps', { input: { text: 'go' }, streamMode: 'updates' })),
    answer: shapes.events,
    holds: (parts) => expect(names(parts)).toEqual(['metadata', 'updates', 'updates', 'updates']),
  }),
  call({
    name: 'runs.stream: told which run it is',
    arrange: thread,
    call: async ({ client }, id) => {
      const created: unknown[] = []
      await drained(
        client.runs.stream(id, 'steps', { input: { text: 'go' }, onRunCreated: (run) => created.push(run) }),
      )
      return created
    },
    answer: z.array(z.strictObject({ run_id: z.uuid(), thread_id: z.uuid() })).length(1),
    holds: ([run], thread_id) => expect(run).toMatchObject({ thread_id }),
  }),
  call({
    name: 'runs.stream: no such thread',
    call: ({ client }) => drained(client.runs.stream(ABSENT, 'chat', { input: hello })),
    answer: absent,
  }),
  call({
    name: 'runs.joinStream',
    arrange: async (world) => {
      const thread_id = await thread(world)
      const { run_id } = await world.client.runs.create(thread_id, 'slow', {
        input: { ms: 400 },
        streamMode: ['values', 'custom'],
      })
      return { thread_id, run_id }
    },
    call: ({ client }, { thread_id, run_id }) => drained(client.runs.joinStream(thread_id, run_id)),
    answer: z.array(z.strictObject({ event: z.string(), data: z.unknown(), id: z.string().optional() })).min(1),
    holds: (parts) => expect(parts.at(-1)).toMatchObject({ event: 'values', data: { seen: ['begun', 'waited'] } }),
  }),
  call({
    name: 'runs.joinStream: from the beginning, after the end',
    arrange: async (world) => {
      const thread_id = await thread(world)
      const { run_id } = await world.client.runs.create(thread_id, 'steps', {
        input: { text: 'go' },
        streamMode: ['values', 'updates'],
        streamResumable: true,
      })
      await world.client.runs.join(thread_id, run_id)
      return { thread_id, run_id }
    },
    call: ({ client }, { thread_id, run_id }) =>
      drained(client.runs.joinStream(thread_id, run_id, { lastEventId: '-1' })),
    answer: shapes.events,
    holds: (parts) => {
      expect(names(parts).filter((name) => name === 'updates')).toHaveLength(3)
      expect(parts.at(-1)).toMatchObject({ event: 'values', data: { seen: ['a', 'b', 'c'] } })
    },
  }),
  call({
    name: 'runs.joinStream: one mode of two',
    arrange: async (world) => {
      const thread_id = await thread(world)
      const { run_id } = await world.client.runs.create(thread_id, 'steps', {
        input: { text: 'go' },
        streamMode: ['values', 'updates'],
        streamResumable: true,
      })
      await world.client.runs.join(thread_id, run_id)
      return { thread_id, run_id }
    },
    call: ({ client }, { thread_id, run_id }) =>
      drained(client.runs.joinStream(thread_id, run_id, { lastEventId: '-1', streamMode: 'updates' })),
    answer: shapes.events,
    holds: (parts) => expect(names(parts)).toEqual(['metadata', 'updates', 'updates', 'updates']),
  }),
  call({
    name: 'runs.joinStream: by the id of the run',
    arrange: (world) => slow(world, { streamResumable: true }),
    call: async ({ client }, { run_id }) => {
      for await (const part of client.runs.joinStream(null, run_id, { lastEventId: '-1' })) return part
      return undefined
    },
    answer: z.strictObject({ event: z.literal('metadata'), data: z.unknown(), id: z.string() }),
    holds: (_, { thread_id }, { client }) => client.threads.delete(thread_id),
  }),
  call({
    name: "runs.joinStream: somebody else's, by the id of the run",
    here: true,
    arrange: slow,
    call: ({ stranger }, { run_id }) => drained(stranger.runs.joinStream(null, run_id)),
    answer: absent,
    holds: (_, { thread_id }, { client }) => client.threads.delete(thread_id),
  }),
  call({
    name: 'runs.joinStream: absent',
    arrange: thread,
    call: ({ client }, id) => drained(client.runs.joinStream(id, ABSENT)),
    answer: absent,
  }),
]

const others: readonly Call[] = [
  call({
    name: 'runs.list',
    arrange: three,
    call: ({ client }, { thread_id }) => client.runs.list(thread_id),
    answer: z.array(shapes.run),
    holds: (answer, { ids }) => expect(answer.map(({ run_id }) => run_id)).toEqual(ids.toReversed()),
  }),
  call({
    name: 'runs.list: a page',
    arrange: three,
    call: ({ client }, { thread_id }) => client.runs.list(thread_id, { limit: 1, offset: 2 }),
    answer: z.array(shapes.run),
    holds: (answer, { ids }) => expect(answer.map(({ run_id }) => run_id)).toEqual(ids.slice(0, 1)),
  }),
  call({
    name: 'runs.list: by status, some fields',
    arrange: three,
    call: ({ client }, { thread_id }) =>
      client.runs.list(thread_id, { status: 'success', select: ['run_id', 'status'] }),
    answer: z.array(z.strictObject({ run_id: z.uuid(), status: z.literal('success') })).length(3),
  }),
  call({
    name: 'runs.list: absent',
    call: ({ client }) => client.runs.list(ABSENT),
    answer: absent,
  }),
  call({
    name: 'runs.get',
    arrange: (world) => ended(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.get(thread_id, run_id),
    answer: shapes.run,
    holds: (answer, given, { user }) =>
      expect(answer).toMatchObject({ ...given, status: 'success', metadata: { trip: 1, owner: user } }),
  }),
  call({
    name: 'runs.get: it has failed',
    arrange: (world) => ended(world, 'boom'),
    call: ({ client }, { thread_id, run_id }) => client.runs.get(thread_id, run_id),
    answer: shapes.run,
    holds: ({ status }) => expect(status).toBe('error'),
  }),
  call({
    name: 'runs.get: on another thread',
    arrange: async (world) => ({ ...(await ended(world)), thread_id: await thread(world) }),
    call: ({ client }, { thread_id, run_id }) => client.runs.get(thread_id, run_id),
    answer: absent,
  }),
  call({
    name: 'runs.cancel',
    arrange: (world) => slow(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.cancel(thread_id, run_id),
    answer: shapes.nothing,
    holds: async (_, { thread_id, run_id }, { client }) => {
      await until(
        () => client.runs.get(thread_id, run_id),
        ({ status }) => status === 'interrupted',
      )
    },
  }),
  call({
    name: 'runs.cancel: and wait',
    arrange: (world) => slow(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.cancel(thread_id, run_id, true),
    answer: shapes.nothing,
    holds: async (_, { thread_id, run_id }, { client }) =>
      expect(await client.runs.get(thread_id, run_id)).toMatchObject({ status: 'interrupted' }),
  }),
  call({
    name: 'runs.cancel: and undo',
    arrange: (world) => slow(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.cancel(thread_id, run_id, true, 'rollback'),
    answer: shapes.nothing,
    holds: (_, { thread_id, run_id }, world) => gone(world, thread_id, run_id),
  }),
  call({
    name: 'runs.cancel: absent',
    arrange: thread,
    call: ({ client }, id) => client.runs.cancel(id, ABSENT),
    answer: absent,
  }),
  call({
    name: 'runs.cancelMany: by id',
    only: '1.15.0',
    arrange: (world) => slow(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.cancelMany({ threadId: thread_id, runIds: [run_id] }),
    answer: shapes.nothing,
    holds: async (_, { thread_id, run_id }, { client }) => {
      await until(
        () => client.runs.get(thread_id, run_id),
        ({ status }) => status === 'interrupted',
      )
    },
  }),
  call({
    name: 'runs.cancelMany: by status',
    only: '1.15.0',
    arrange: (world) => slow(world),
    call: ({ client }) => client.runs.cancelMany({ status: 'all' }),
    answer: shapes.nothing,
    holds: async (_, { thread_id, run_id }, { client }) => {
      await until(
        () => client.runs.get(thread_id, run_id),
        ({ status }) => status === 'interrupted',
      )
    },
  }),
  call({
    name: 'runs.cancelMany: absent',
    only: '1.15.0',
    arrange: thread,
    call: ({ client }, id) => client.runs.cancelMany({ threadId: id, runIds: [ABSENT] }),
    answer: absent,
  }),
  call({
    name: 'runs.delete',
    arrange: (world) => ended(world),
    call: ({ client }, { thread_id, run_id }) => client.runs.delete(thread_id, run_id),
    answer: shapes.nothing,
    holds: (_, { thread_id, run_id }, world) => gone(world, thread_id, run_id),
  }),
  call({
    name: 'runs.delete: absent',
    arrange: thread,
    call: ({ client }, id) => client.runs.delete(id, ABSENT),
    answer: absent,
  }),
]

export const runCalls: readonly Call[] = [...creating, ...waiting, ...streaming, ...others]
