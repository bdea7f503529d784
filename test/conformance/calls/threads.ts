import { expect } from 'vitest'
import * as z from 'zod'
import { sleep, until } from '../../support/client.js'
import { type Call, call, type World } from '../call.js'
import { shapes } from '../shapes.js'
import { ABSENT } from './ids.js'

const absent = shapes.refused(404)
const human = { type: 'human', content: 'hi', id: 'question' }
interface Steps {
  seen: string[]
}

function empty({ client }: World) {
  return client.threads.create({ metadata: { tag: 'x' } })
}

/** A thread on which the graph of three nodes ran. */
async function stepped({ client }: World) {
  const { thread_id } = await client.threads.create()
  await client.runs.wait(thread_id, 'steps', { input: { text: 'go' } })
  return thread_id
}

async function history(world: World) {
  const thread_id = await stepped(world)
  return { thread_id, states: await world.client.threads.getHistory<Steps>(thread_id) }
}

async function asked({ client }: World) {
  const { thread_id } = await client.threads.create()
  await client.runs.wait(thread_id, 'ask', { input: { text: 'ok?' } })
  return thread_id
}

async function three({ client }: World) {
  const ids: string[] = []
  for (const tag of ['a', 'b', 'c']) ids.push((await client.threads.create({ metadata: { tag } })).thread_id)
  return ids
}

/** Three threads, one of them with a state. */
async function mixed(world: World) {
  await three(world)
  return stepped(world)
}

const part = z.strictObject({ values: z.record(z.string(), z.unknown()), next: z.array(z.string()) })
const some = z.strictObject({ thread_id: z.uuid(), status: z.string() })

export const threadCalls: readonly Call[] = [
  call({
    name: 'threads.create',
    call: empty,
    answer: shapes.thread,
    holds: (answer, _, { user }) =>
      expect(answer).toMatchObject({
        status: 'idle',
        values: null,
        interrupts: {},
        config: {},
        metadata: { tag: 'x', owner: user },
      }),
  }),
  call({
    name: 'threads.create: the id is taken',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.create({ threadId: thread_id }),
    answer: shapes.refused(409, 'Thread already exists'),
  }),
  call({
    name: 'threads.create: the id is taken, do nothing',
    arrange: empty,
    call: ({ client }, { thread_id }) =>
      client.threads.create({ threadId: thread_id, ifExists: 'do_nothing', metadata: { tag: 'y' } }),
    answer: shapes.thread,
    holds: (answer, given) => expect(answer).toEqual(given),
  }),
  call({
    name: "threads.create: somebody else's id, do nothing",
    here: true,
    arrange: empty,
    call: ({ stranger }, { thread_id }) => stranger.threads.create({ threadId: thread_id, ifExists: 'do_nothing' }),
    answer: shapes.refused(409, 'Thread already exists'),
  }),
  call({
    name: 'threads.create: with a state',
    call: ({ client }) =>
      client.threads.create({
        graphId: 'steps',
        supersteps: [
          { updates: [{ values: { seen: ['start'] }, asNode: '__start__' }] },
          { updates: [{ values: { seen: ['a!'] }, asNode: 'a' }] },
        ],
      }),
    answer: shapes.thread,
    holds: async ({ thread_id }, _, { client }) => {
      const state = await client.threads.getState<Steps>(thread_id)
      expect([state.values.seen, state.next]).toEqual([['start', 'a!'], ['b']])
    },
  }),
  call({
    name: 'threads.create: with a time to live',
    call: ({ client }) => client.threads.create({ ttl: 60 }),
    answer: shapes.thread,
  }),
  call({
    name: 'threads.get',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.get(thread_id),
    answer: shapes.thread,
    holds: (answer, given) => expect(answer).toEqual(given),
  }),
  call({
    name: 'threads.get: after a run',
    arrange: stepped,
    call: ({ client }, id) => client.threads.get(id),
    answer: shapes.thread,
    holds: (answer) =>
      expect(answer).toMatchObject({
        status: 'idle',
        values: { seen: ['a', 'b', 'c'] },
        interrupts: {},
        metadata: { graph_id: 'steps' },
      }),
  }),
  call({
    name: 'threads.get: waiting for a person',
    arrange: asked,
    call: ({ client }, id) => client.threads.get(id),
    answer: shapes.thread,
    holds: ({ status, interrupts }) => {
      expect(status).toBe('interrupted')
      expect(Object.values(interrupts).flat()).toMatchObject([{ value: { question: 'ok?' } }])
    },
  }),
  call({
    name: 'threads.get: with its time to live',
    only: '1.15.0',
    arrange: ({ client }) => client.threads.create({ ttl: 60 }),
    call: ({ client }, { thread_id }) => client.threads.get(thread_id, { include: ['ttl'] }),
    answer: shapes.thread.extend({ ttl: shapes.ttl }),
    holds: (answer) => expect(answer).toMatchObject({ ttl: { strategy: 'delete', ttl_minutes: 60 } }),
  }),
  call({
    name: "threads.get: somebody else's",
    here: true,
    arrange: empty,
    call: ({ stranger }, { thread_id }) => stranger.threads.get(thread_id),
    answer: absent,
  }),
  call({
    name: 'threads.get: absent',
    call: ({ client }) => client.threads.get(ABSENT),
    answer: absent,
  }),
  call({
    name: 'threads.get: no id',
    call: ({ client }) => client.threads.get('no-id'),
    answer: shapes.refused(422, 'Invalid thread ID: must be a UUID'),
  }),
  call({
    name: 'threads.copy',
    arrange: stepped,
    call: ({ client }, id) => client.threads.copy(id),
    answer: shapes.thread,
    holds: async ({ thread_id, metadata, status }, source, { client, user }) => {
      expect(thread_id).not.toBe(source)
      expect([status, metadata]).toMatchObject(['idle', { owner: user, thread_id }])
      const state = await client.threads.getState<Steps>(thread_id)
      expect([state.values.seen, state.checkpoint.thread_id]).toEqual([['a', 'b', 'c'], thread_id])
    },
  }),
  call({
    name: 'threads.copy: absent',
    call: ({ client }) => client.threads.copy(ABSENT),
    answer: shapes.refused(409, 'Thread not found'),
  }),
  call({
    name: 'threads.update',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.update(thread_id, { metadata: { more: true } }),
    answer: shapes.thread,
    holds: ({ metadata }, _, { user }) => expect(metadata).toEqual({ tag: 'x', more: true, owner: user }),
  }),
  call({
    name: 'threads.update: time to live',
    only: '1.15.0',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.update(thread_id, { metadata: {}, ttl: 30 }),
    answer: shapes.thread,
    holds: async ({ thread_id }, _, { client }) =>
      expect(await client.threads.get(thread_id, { include: ['ttl'] })).toMatchObject({ ttl: { ttl_minutes: 30 } }),
  }),
  call({
    name: 'threads.update: nothing asked back',
    only: '1.15.0',
    arrange: empty,
    call: ({ client }, { thread_id }) =>
      client.threads.update(thread_id, { metadata: { more: true }, returnMinimal: true }),
    answer: shapes.nothing,
    holds: async (_, { thread_id }, { client }) =>
      expect((await client.threads.get(thread_id)).metadata).toMatchObject({ more: true }),
  }),
  call({
    name: 'threads.update: absent',
    call: ({ client }) => client.threads.update(ABSENT, { metadata: {} }),
    answer: absent,
  }),
  call({
    name: 'threads.delete',
    arrange: stepped,
    call: ({ client }, id) => client.threads.delete(id),
    answer: shapes.nothing,
    holds: (_, id, { client }) => expect(client.threads.get(id)).rejects.toMatchObject({ status: 404 }),
  }),
  call({
    name: 'threads.delete: absent',
    call: ({ client }) => client.threads.delete(ABSENT),
    answer: absent,
  }),
  call({
    name: 'threads.prune',
    only: '1.15.0',
    arrange: three,
    call: ({ client }, ids) => client.threads.prune(ids.slice(0, 2)),
    answer: z.strictObject({ pruned_count: shapes.count }),
    holds: async ({ pruned_count }, ids, { client }) => {
      expect(pruned_count).toBe(2)
      expect((await client.threads.search()).map(({ thread_id }) => thread_id)).toEqual(ids.slice(2))
    },
  }),
  call({
    name: 'threads.prune: all but the latest state',
    only: '1.15.0',
    arrange: stepped,
    call: ({ client }, id) => client.threads.prune([id], { strategy: 'keep_latest' }),
    answer: z.strictObject({ pruned_count: shapes.count }),
    holds: async (_, id, { client }) => {
      const states = await client.threads.getHistory<Steps>(id)
      expect(states.map(({ values }) => values.seen)).toEqual([['a', 'b', 'c']])
    },
  }),
  call({
    name: 'threads.prune: one is absent',
    only: '1.15.0',
    arrange: three,
    call: ({ client }, ids) => client.threads.prune([...ids, ABSENT]),
    answer: absent,
    holds: async (_, ids, { client }) => expect(await client.threads.count()).toBe(ids.length),
  }),
  call({
    name: 'threads.search',
    arrange: three,
    call: ({ client }) => client.threads.search(),
    answer: z.array(shapes.thread),
    holds: (answer) => expect(answer.map(({ metadata }) => metadata?.['tag'])).toEqual(['c', 'b', 'a']),
  }),
  call({
    name: 'threads.search: by metadata',
    arrange: three,
    call: ({ client }) => client.threads.search({ metadata: { tag: 'b' } }),
    answer: z.array(shapes.thread),
    holds: (answer) => expect(answer).toHaveLength(1),
  }),
  call({
    name: 'threads.search: by ids',
    arrange: three,
    call: ({ client }, [first]) => client.threads.search({ ids: [first as string, ABSENT] }),
    answer: z.array(shapes.thread),
    holds: (answer, [first]) => expect(answer.map(({ thread_id }) => thread_id)).toEqual([first]),
  }),
  call({
    name: 'threads.search: by status',
    arrange: async (world) => [await asked(world), await stepped(world)],
    call: ({ client }) => client.threads.search({ status: 'interrupted' }),
    answer: z.array(shapes.thread),
    holds: (answer, [waiting]) => expect(answer.map(({ thread_id }) => thread_id)).toEqual([waiting]),
  }),
  call({
    name: 'threads.search: by values',
    arrange: mixed,
    call: ({ client }) => client.threads.search({ values: { text: 'go' } }),
    answer: z.array(shapes.thread),
    holds: (answer, id) => expect(answer.map(({ thread_id }) => thread_id)).toEqual([id]),
  }),
  call({
    name: 'threads.search: sorted, some fields, a page',
    arrange: three,
    call: ({ client }) =>
      client.threads.search({
        sortBy: 'created_at',
        sortOrder: 'asc',
        select: ['thread_id', 'status'],
        limit: 1,
        offset: 1,
      }),
    answer: z.array(some),
    holds: (answer, [, second]) => expect(answer).toEqual([{ thread_id: second, status: 'idle' }]),
  }),
  call({
    name: 'threads.search: by the time of the state',
    arrange: mixed,
    call: ({ client }) => client.threads.search({ sortBy: 'state_updated_at', limit: 1 }),
    answer: z.array(shapes.thread),
    holds: (answer, id) => expect(answer.map(({ thread_id }) => thread_id)).toEqual([id]),
  }),
  call({
    name: 'threads.search: every field that the client knows',
    arrange: empty,
    call: ({ client }) =>
      client.threads.search({
        select: [
          ...(['thread_id', 'created_at', 'updated_at', 'state_updated_at', 'metadata'] as const),
          ...(['config', 'status', 'values', 'interrupts'] as const),
        ],
      }),
    answer: z.array(shapes.thread.omit({ error: true })),
  }),
  call({
    name: 'threads.search: parts of the values',
    only: '1.15.0',
    arrange: stepped,
    call: ({ client }) =>
      client.threads.search({
        select: ['thread_id', 'status'],
        extract: { last: 'values.seen[-1]', all: 'values.seen' },
      }),
    answer: z.array(some.extend({ extracted: z.record(z.string(), z.unknown()) })),
    holds: ([first]) => expect(first?.extracted).toEqual({ last: 'c', all: ['a', 'b', 'c'] }),
  }),
  call({
    name: 'threads.count',
    arrange: mixed,
    call: ({ client }) => client.threads.count(),
    answer: shapes.count,
    holds: (answer) => expect(answer).toBe(4),
  }),
  call({
    name: 'threads.count: by metadata and status',
    arrange: mixed,
    call: ({ client }) => client.threads.count({ metadata: { tag: 'b' }, status: 'idle' }),
    answer: shapes.count,
    holds: (answer) => expect(answer).toBe(1),
  }),
  call({
    name: 'threads.getState',
    arrange: stepped,
    call: ({ client }, id) => client.threads.getState<Steps>(id),
    answer: shapes.state,
    holds: ({ values, next, metadata }, _) => {
      expect([values.seen, next]).toEqual([['a', 'b', 'c'], []])
      expect(metadata).toMatchObject({ source: 'loop', step: 3 })
    },
  }),
  call({
    name: 'threads.getState: nothing ran',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.getState(thread_id),
    answer: shapes.state,
    holds: (answer) => expect(answer).toMatchObject({ values: {}, next: [], tasks: [] }),
  }),
  call({
    name: 'threads.getState: waiting for a person',
    arrange: asked,
    call: ({ client }, id) => client.threads.getState(id),
    answer: shapes.state,
    holds: ({ next, tasks }) => {
      expect(next).toEqual(['ask'])
      expect(tasks).toMatchObject([{ name: 'ask', error: null, interrupts: [{ value: { question: 'ok?' } }] }])
    },
  }),
  call({
    name: 'threads.getState: with the graph inside',
    arrange: async ({ client }) => {
      const { thread_id } = await client.threads.create()
      await client.runs.wait(thread_id, 'deep', { input: { text: 'ok?' } })
      return thread_id
    },
    call: ({ client }, id) => client.threads.getState(id, undefined, { subgraphs: true }),
    answer: shapes.state,
    holds: ({ tasks }) => expect(tasks).toMatchObject([{ name: 'inner', state: { next: ['ask'] } }]),
  }),
  call({
    name: 'threads.getState: at a checkpoint',
    arrange: history,
    call: ({ client }, { thread_id, states }) => client.threads.getState<Steps>(thread_id, states[2]?.checkpoint ?? ''),
    answer: shapes.state,
    holds: (answer, { states }) => expect(answer).toEqual(states[2]),
  }),
  call({
    name: 'threads.getState: at the id of a checkpoint',
    arrange: history,
    call: ({ client }, { thread_id, states }) =>
      client.threads.getState<Steps>(thread_id, states[2]?.checkpoint.checkpoint_id ?? ''),
    answer: shapes.state,
    holds: (answer, { states }) => expect(answer).toEqual(states[2]),
  }),
  call({
    name: 'threads.getState: one value',
    only: '1.15.0',
    arrange: stepped,
    call: ({ client }, id) => client.threads.getState<Steps>(id, undefined, { select: ['values.seen', 'next'] }),
    answer: part,
    holds: (answer) => expect(answer).toEqual({ values: { seen: ['a', 'b', 'c'] }, next: [] }),
  }),
  call({
    name: 'threads.getState: absent',
    call: ({ client }) => client.threads.getState(ABSENT),
    answer: absent,
  }),
  call({
    name: 'threads.updateState',
    arrange: stepped,
    call: ({ client }, id) => client.threads.updateState(id, { values: { seen: ['more'] }, asNode: 'c' }),
    answer: shapes.updated,
    holds: async (_, id, { client }) => {
      const state = await client.threads.getState<Steps>(id)
      expect([state.values.seen, state.metadata?.source]).toEqual([['a', 'b', 'c', 'more'], 'update'])
    },
  }),
  call({
    name: 'threads.updateState: at a checkpoint',
    arrange: history,
    call: ({ client }, { thread_id, states }) =>
      client.threads.updateState(thread_id, {
        values: { seen: ['forked'] },
        ...(states[2] ? { checkpoint: states[2].checkpoint } : {}),
      }),
    answer: shapes.updated,
    holds: async (_, { thread_id }, { client }) => {
      const state = await client.threads.getState<Steps>(thread_id)
      expect([state.values.seen, state.next]).toEqual([['a', 'forked'], ['b']])
    },
  }),
  call({
    name: 'threads.updateState: while a run goes',
    arrange: async ({ client }) => {
      const { thread_id } = await client.threads.create()
      await client.runs.create(thread_id, 'slow', { input: { ms: 60_000 } })
      await until(
        () => client.threads.getState<Steps>(thread_id),
        ({ next }) => next?.[0] === 'wait',
      )
      return thread_id
    },
    call: ({ client }, id) => client.threads.updateState(id, { values: { seen: ['x'] } }),
    answer: shapes.refused(409),
    holds: (_, id, { client }) => client.threads.delete(id),
  }),
  call({
    name: 'threads.updateState: no graph ran yet',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.updateState(thread_id, { values: { seen: ['x'] } }),
    answer: shapes.refused(400),
  }),
  call({
    name: 'threads.updateState: no such node',
    arrange: stepped,
    call: ({ client }, id) => client.threads.updateState(id, { values: { seen: ['x'] }, asNode: 'nowhere' }),
    answer: shapes.refused(400),
  }),
  call({
    name: 'threads.patchState',
    arrange: stepped,
    call: ({ client }, id) => client.threads.patchState(id, { mark: 1 }),
    answer: shapes.nothing,
    holds: async (_, id, { client }) => expect((await client.threads.get(id)).metadata).toMatchObject({ mark: 1 }),
  }),
  call({
    name: 'threads.getHistory',
    arrange: stepped,
    call: ({ client }, id) => client.threads.getHistory<Steps>(id),
    answer: z.array(shapes.state),
    holds: (states) => {
      expect(states.map(({ next }) => next)).toEqual([[], ['c'], ['b'], ['a'], ['__start__']])
      expect(states.at(-1)?.parent_checkpoint).toBeNull()
      for (const [index, { parent_checkpoint }] of states.slice(0, -1).entries()) {
        expect(parent_checkpoint?.checkpoint_id).toBe(states[index + 1]?.checkpoint.checkpoint_id)
      }
    },
  }),
  call({
    name: 'threads.getHistory: before a checkpoint',
    arrange: history,
    call: ({ client }, { thread_id, states }) =>
      client.threads.getHistory<Steps>(thread_id, {
        before: { configurable: { checkpoint_id: states[1]?.checkpoint.checkpoint_id } },
        limit: 2,
      }),
    answer: z.array(shapes.state),
    holds: (answer, { states }) => expect(answer).toEqual(states.slice(2, 4)),
  }),
  call({
    name: 'threads.getHistory: by metadata',
    arrange: history,
    call: ({ client }, { thread_id }) => client.threads.getHistory<Steps>(thread_id, { metadata: { source: 'input' } }),
    answer: z.array(shapes.state),
    holds: (answer, { states }) => expect(answer).toEqual(states.slice(4)),
  }),
  call({
    name: 'threads.getHistory: some fields',
    only: '1.15.0',
    arrange: stepped,
    call: ({ client }, id) => client.threads.getHistory<Steps>(id, { select: ['values.seen', 'next'], limit: 1 }),
    answer: z.array(part),
    holds: (answer) => expect(answer).toEqual([{ values: { seen: ['a', 'b', 'c'] }, next: [] }]),
  }),
  call({
    name: 'threads.getHistory: nothing ran',
    arrange: empty,
    call: ({ client }, { thread_id }) => client.threads.getHistory(thread_id),
    answer: z.tuple([]),
  }),
  call({
    name: 'threads.getHistory: absent',
    call: ({ client }) => client.threads.getHistory(ABSENT),
    answer: absent,
  }),
  call({
    name: 'threads.joinStream',
    arrange: empty,
    call: async ({ client }, { thread_id }) => {
      const leaving = AbortSignal.timeout(5000)
      const events: { event: string; data: unknown }[] = []
      async function read() {
        for await (const { event, data } of client.threads.joinStream(thread_id, { signal: leaving })) {
          events.push({ event, data })
          if (data?.status === 'run_done') return
        }
      }
      async function run() {
        // Whoever comes after the run has begun sees what is left of it.
        await sleep(200)
        await client.runs.wait(thread_id, 'chat', { input: { messages: [human] } })
      }
      await Promise.all([read(), run()])
      return events
    },
    answer: z.array(z.strictObject({ event: z.string(), data: z.unknown() })).min(1),
    holds: (events) => {
      expect(events.at(-1)).toMatchObject({ event: 'metadata', data: { status: 'run_done' } })
      expect(events.map(({ event }) => event)).toContain('values')
    },
  }),
  call({
    name: 'threads.joinStream: absent',
    call: async ({ client }) => {
      for await (const _ of client.threads.joinStream(ABSENT)) break
    },
    answer: absent,
  }),
  call({
    name: 'threads.stream: the second protocol',
    only: '1.15.0',
    arrange: empty,
    call: async ({ client }, { thread_id }) => {
      const stream = client.threads.stream(thread_id, { assistantId: 'chat', maxReconnectAttempts: 0 })
      try {
        return await stream.run.start({ input: { messages: [human] } })
      } finally {
        await stream.close()
      }
    },
    answer: z.strictObject({ run_id: z.uuid() }),
  }),
]
