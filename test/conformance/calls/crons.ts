import { expect } from 'vitest'
import * as z from 'zod'
import { type Call, call, type World } from '../call.js'
import { shapes } from '../shapes.js'
import { ABSENT } from './ids.js'

const absent = shapes.refused(404)
/** Never due while the tests run. */
const yearly = { schedule: '0 0 1 1 *', input: { text: 'go' }, metadata: { tag: 'x' } }

function made({ client }: World) {
  return client.crons.create('steps', yearly)
}

async function onThread(world: World) {
  const { thread_id } = await world.client.threads.create()
  return { thread_id, cron: await world.client.crons.createForThread(thread_id, 'steps', yearly) }
}

async function both(world: World) {
  return { alone: await made(world), ...(await onThread(world)) }
}

export const cronCalls: readonly Call[] = [
  call({
    name: 'crons.create',
    call: made,
    answer: shapes.cron,
    holds: (answer, _, { user }) =>
      expect(answer).toMatchObject({
        schedule: '0 0 1 1 *',
        thread_id: null,
        user_id: user,
        end_time: null,
        enabled: true,
        on_run_completed: 'delete',
        metadata: { tag: 'x', owner: user },
        payload: { input: { text: 'go' } },
        next_run_date: expect.stringMatching(/^\d{4}-01-01T00:00:00/),
      }),
  }),
  call({
    name: 'crons.create: with everything',
    only: '1.15.0',
    call: ({ client }) =>
      client.crons.create('steps', {
        ...yearly,
        timezone: 'Asia/Shanghai',
        endTime: '2099-01-01T00:00:00.000Z',
        enabled: false,
        onRunCompleted: 'keep',
        multitaskStrategy: 'enqueue',
        config: { configurable: { model: 'small' } },
        streamMode: ['values'],
      }),
    answer: shapes.cron,
    holds: (answer) =>
      expect(answer).toMatchObject({
        timezone: 'Asia/Shanghai',
        enabled: false,
        on_run_completed: 'keep',
        end_time: expect.stringMatching(/^2099-01-01T00:00:00/),
      }),
  }),
  call({
    name: 'crons.create: no schedule',
    call: ({ client }) => client.crons.create('steps', { ...yearly, schedule: 'never' }),
    answer: shapes.refused(422),
  }),
  call({
    name: 'crons.create: no such assistant',
    call: ({ client }) => client.crons.create(ABSENT, yearly),
    answer: absent,
  }),
  call({
    name: 'crons.createForThread',
    arrange: ({ client }) => client.threads.create(),
    call: ({ client }, { thread_id }) => client.crons.createForThread(thread_id, 'steps', yearly),
    answer: shapes.cron,
    holds: (answer, { thread_id }) => expect(answer).toMatchObject({ thread_id, on_run_completed: null }),
  }),
  call({
    name: 'crons.createForThread: no such thread',
    call: ({ client }) => client.crons.createForThread(ABSENT, 'steps', yearly),
    answer: absent,
  }),
  call({
    name: 'crons.update',
    arrange: made,
    call: ({ client }, { cron_id }) => client.crons.update(cron_id, { schedule: '0 0 1 7 *', metadata: { more: 1 } }),
    answer: shapes.cron,
    holds: (answer) =>
      expect(answer).toMatchObject({
        schedule: '0 0 1 7 *',
        enabled: true,
        metadata: { tag: 'x', more: 1 },
        next_run_date: expect.stringMatching(/^\d{4}-07-01T00:00:00/),
      }),
  }),
  call({
    name: 'crons.update: off',
    arrange: made,
    call: ({ client }, { cron_id }) => client.crons.update(cron_id, { enabled: false }),
    answer: shapes.cron,
    holds: async (answer, _, { client }) => {
      expect(answer).toMatchObject({ enabled: false, schedule: '0 0 1 1 *' })
      expect(await client.crons.search({ enabled: false })).toEqual([answer])
    },
  }),
  call({
    name: 'crons.update: absent',
    call: ({ client }) => client.crons.update(ABSENT, { enabled: false }),
    answer: absent,
  }),
  call({
    name: 'crons.search',
    arrange: both,
    call: ({ client }) => client.crons.search({ metadata: { tag: 'x' } }),
    answer: z.array(shapes.cron),
    holds: (answer, { alone, cron }) =>
      expect(answer.map(({ cron_id }) => cron_id)).toEqual([cron.cron_id, alone.cron_id]),
  }),
  call({
    name: 'crons.search: of a thread, some fields',
    arrange: both,
    call: ({ client }, { thread_id }) =>
      client.crons.search({ threadId: thread_id, select: ['cron_id'], sortBy: 'next_run_date', sortOrder: 'asc' }),
    answer: z.array(z.strictObject({ cron_id: z.uuid() })),
    holds: (answer, { cron }) => expect(answer).toEqual([{ cron_id: cron.cron_id }]),
  }),
  call({
    name: 'crons.count',
    arrange: both,
    call: ({ client }) => client.crons.count(),
    answer: shapes.count,
    holds: (answer) => expect(answer).toBe(2),
  }),
  call({
    name: "crons.count: somebody else's thread",
    here: true,
    arrange: both,
    call: ({ stranger }, { thread_id }) => stranger.crons.count({ threadId: thread_id }),
    answer: shapes.count,
    holds: (answer) => expect(answer).toBe(0),
  }),
  call({
    name: 'crons.delete',
    arrange: made,
    call: ({ client }, { cron_id }) => client.crons.delete(cron_id),
    answer: shapes.nothing,
    holds: async (_, __, { client }) => expect(await client.crons.count()).toBe(0),
  }),
  call({
    name: 'crons.delete: absent',
    call: ({ client }) => client.crons.delete(ABSENT),
    answer: absent,
  }),
]
