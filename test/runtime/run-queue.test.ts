import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemScope } from '../../src/engine/scope.js'
import type { RunPlan } from '../../src/runtime/execute.js'
import { createGraphRegistry, type GraphSource } from '../../src/runtime/graph-registry.js'
import { createRunQueue, type RunQueue } from '../../src/runtime/run-queue.js'
import { createThreadStates } from '../../src/runtime/thread-state.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Storage } from '../../src/storage/storage.js'
import { sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'

const scope = systemScope('tests of the queue')
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function queueOf({
  jobs = 10,
  graphs = testGraphs,
}: {
  jobs?: number
  graphs?: Readonly<Record<string, GraphSource>>
} = {}) {
  const storage = await openSqliteStorage(':memory:')
  const registry = createGraphRegistry(() => graphs)
  const states = createThreadStates({ storage, graphs: registry })
  const queue = createRunQueue({ storage, graphs: registry, states, jobs })
  closers.push(
    () => storage.close(),
    () => queue.close(),
  )
  return { storage, queue }
}

async function planned(
  storage: Storage,
  { thread, graphId = 'slow', ms = 0 }: { thread: string; graphId?: string; ms?: number },
) {
  await storage.threads.create(scope, { thread_id: thread, metadata: { graph_id: graphId } }, 'do_nothing')
  const run = await storage.runs.create(scope, {
    run_id: crypto.randomUUID(),
    thread_id: thread,
    assistant_id: crypto.randomUUID(),
    metadata: {},
    kwargs: {},
    multitask_strategy: 'enqueue',
  })
  if (!run) throw new Error('The run could not be created.')
  const plan: RunPlan = {
    run,
    graphId,
    user: undefined,
    input: { ms },
    command: undefined,
    checkpoint: undefined,
    configurable: {},
    context: undefined,
    tags: [],
    recursionLimit: undefined,
    interruptBefore: undefined,
    interruptAfter: undefined,
    streamModes: ['custom'],
    subgraphs: false,
    durability: undefined,
  }
  return plan
}

const running = (storage: Storage, plan: RunPlan) =>
  until(
    async () => (await storage.runs.get(scope, plan.run.thread_id, plan.run.run_id))?.status,
    (status) => status === 'running',
  )

describe('order', () => {
  it('one run of a thread at a time, threads side by side, no more than there are jobs', async () => {
    const { storage, queue } = await queueOf({ jobs: 2 })
    const plans = []
    for (const thread of ['a', 'a', 'b', 'c']) plans.push(await planned(storage, { thread, ms: 60 }))
    const ended: string[] = []
    const handles = plans.map((plan) => queue.submit({ plan }))
    for (const { outcome, threadId } of handles) void outcome.then(() => ended.push(threadId))
    let most = 0
    while (ended.length < 4) {
      const inFlight = await storage.runs.allInFlight(scope)
      const now = inFlight.filter(({ status }) => status === 'running').map(({ thread_id }) => thread_id)
      expect(new Set(now).size).toBe(now.length)
      most = Math.max(most, now.length)
      await sleep(5)
    }
    expect(most).toBe(2)
    expect(ended.indexOf('a')).toBeLessThan(ended.lastIndexOf('a'))
  })

  it('a run that is called off while it waits ends at once, and gives up its place', async () => {
    const { storage, queue } = await queueOf({ jobs: 1 })
    const first = queue.submit({ plan: await planned(storage, { thread: 'a', ms: 800 }) })
    const second = queue.submit({ plan: await planned(storage, { thread: 'b' }) })
    const third = queue.submit({ plan: await planned(storage, { thread: 'b' }) })
    await sleep(30)
    await queue.cancel(second.runId)
    expect(await second.outcome).toEqual({ kind: 'interrupted' })
    expect(first.log.ended).toBe(false)
    expect([(await first.outcome).kind, (await third.outcome).kind]).toEqual(['success', 'success'])
  })

  it('whoever waits behind a run that was called off waits for those before it', async () => {
    const { storage, queue } = await queueOf()
    const order: string[] = []
    const plans = [
      await planned(storage, { thread: 'a', ms: 150 }),
      await planned(storage, { thread: 'a' }),
      await planned(storage, { thread: 'a' }),
    ]
    const handles = plans.map((plan) => queue.submit({ plan }))
    for (const [index, { outcome }] of handles.entries())
      void outcome.then(({ kind }) => order.push(`${index}:${kind}`))
    await queue.cancel(handles[1]?.runId ?? '')
    await handles[2]?.outcome
    expect(order).toEqual(['1:interrupted', '0:success', '2:success'])
  })

  it('a delay holds up nobody, and can be called off', async () => {
    const { storage, queue } = await queueOf()
    const late = queue.submit({ plan: await planned(storage, { thread: 'a' }), afterSeconds: 3600 })
    const now = queue.submit({ plan: await planned(storage, { thread: 'a' }) })
    expect((await now.outcome).kind).toBe('success')
    await queue.cancel(late.runId)
    expect(await late.outcome).toEqual({ kind: 'interrupted' })
  })
})

describe('whatever a run does', () => {
  it('a slot that was handed over to a run just called off goes to the next', async () => {
    const { storage, queue } = await queueOf({ jobs: 1 })
    for (let round = 0; round < 20; round++) {
      const plans = []
      for (const thread of ['a', 'b', 'c']) plans.push(await planned(storage, { thread: `${thread}${round}`, ms: 2 }))
      const handles = plans.map((plan) => queue.submit({ plan }))
      const [first, second, third] = handles
      void first?.outcome.then(() => queue.cancel(second?.runId ?? ''))
      expect((await third?.outcome)?.kind).toBe('success')
    }
  })

  it('a graph that neither loads nor ends in an error object is an outcome', async () => {
    const graphs = {
      text: { load: () => Promise.reject('just a text') },
      nothing: { load: () => Promise.reject(undefined) },
      factory: {
        load: async () => () => {
          throw new Error('no key')
        },
      },
    }
    const { storage, queue } = await queueOf({ graphs })
    for (const [graphId, message] of [
      ['text', 'just a text'],
      ['nothing', /./],
      ['factory', 'no key'],
    ] as const) {
      const { outcome, log } = queue.submit({ plan: await planned(storage, { thread: graphId, graphId }) })
      const error = { error: 'Error', message: expect.stringMatching(message) }
      expect(await outcome).toEqual({ kind: 'error', error })
      expect(log.ended).toBe(true)
      expect(await storage.threads.get(scope, graphId)).toMatchObject({ status: 'error', error })
    }
  })

  it('storage that fails is an outcome too, and stops no other run', async () => {
    const { storage, queue } = await queueOf({ jobs: 1 })
    const plan = await planned(storage, { thread: 'a' })
    const { setStatus } = storage.runs
    Object.assign(storage.runs, { setStatus: () => Promise.reject(new Error('the disk is full')) })
    expect(await queue.submit({ plan }).outcome).toMatchObject({ kind: 'error' })
    Object.assign(storage.runs, { setStatus })
    expect((await queue.submit({ plan: await planned(storage, { thread: 'b' }) }).outcome).kind).toBe('success')
  })

  it('its thread may vanish meanwhile', async () => {
    const { storage, queue } = await queueOf()
    const plan = await planned(storage, { thread: 'a', ms: 50 })
    const { outcome } = queue.submit({ plan })
    await running(storage, plan)
    await storage.threads.delete(scope, 'a')
    expect((await outcome).kind).toMatch(/error|interrupted/)
    expect(await storage.threads.get(scope, 'a')).toBeUndefined()
  })

  it('its thread stays busy for a run that is created while this one is settled', async () => {
    const { storage, queue } = await queueOf()
    const plan = await planned(storage, { thread: 'a' })
    const { setState } = storage.threads
    const meanwhile = async (...state: Parameters<typeof setState>) => {
      Object.assign(storage.threads, { setState })
      await planned(storage, { thread: 'a' })
      await storage.threads.begin(scope, 'a', { metadata: {}, config: {} })
      return setState(...state)
    }
    Object.assign(storage.threads, { setState: meanwhile })
    expect((await queue.submit({ plan }).outcome).kind).toBe('success')
    expect(await storage.threads.get(scope, 'a')).toMatchObject({
      status: 'busy',
      values: { seen: ['begun', 'waited'] },
    })
  })

  it('nothing that it still writes appears after it was taken back', async () => {
    const { storage, queue } = await queueOf()
    for (const pause of [0, 5, 10, 20, 40]) {
      const plan = await planned(storage, { thread: `a${pause}`, ms: 30 })
      queue.submit({ plan })
      await sleep(pause)
      await queue.forget(plan.run, () => storage.runs.delete(scope, plan.run.thread_id, plan.run.run_id))
      await sleep(80)
      expect(await storage.checkpoints.list(scope, plan.run.thread_id, {})).toEqual([])
      expect(await storage.threads.get(scope, plan.run.thread_id)).toMatchObject({ status: 'idle', values: null })
    }
  })

  it('a node that fails after its run was stopped harms nobody', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const { StateGraph, START, Annotation } = await import('@langchain/langgraph')
    const graph = new StateGraph(Annotation.Root({ ms: Annotation<number> }))
      .addNode('late', async () => {
        await sleep(60)
        throw new Error('too late')
      })
      .addEdge(START, 'late')
      .compile()
    const { storage, queue } = await queueOf({ graphs: { late: { load: async () => graph } } })
    const plan = await planned(storage, { thread: 'a', graphId: 'late' })
    const { outcome } = queue.submit({ plan })
    await running(storage, plan)
    await sleep(20)
    await queue.cancel(plan.run.run_id)
    expect(await outcome).toEqual({ kind: 'interrupted' })
    await sleep(100)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('what is kept', () => {
  it('the events of a run, for a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { storage, queue } = await queueOf({ graphs: { broken: { load: () => Promise.reject(new Error('no')) } } })
      const { runId, outcome } = queue.submit({ plan: await planned(storage, { thread: 'a', graphId: 'broken' }) })
      await outcome
      await vi.advanceTimersByTimeAsync(59_000)
      expect(queue.find(runId)).toBeDefined()
      await vi.advanceTimersByTimeAsync(2000)
      expect(queue.find(runId)).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
  })

  it('nothing of a run that is forgotten, or of a thread that is stopped', async () => {
    const { storage, queue } = await queueOf()
    const plans = [await planned(storage, { thread: 'a' }), await planned(storage, { thread: 'b' })]
    const [one, two] = plans.map((plan) => queue.submit({ plan }))
    await queue.forget(plans[0]?.run as never, async () => undefined)
    await queue.cancelThread('b')
    expect([queue.find(one?.runId ?? ''), queue.find(two?.runId ?? '')]).toEqual([undefined, undefined])
  })

  it('after close, nothing starts', async () => {
    const { storage, queue } = await queueOf()
    await queue.close()
    const { outcome } = queue.submit({ plan: await planned(storage, { thread: 'a' }) })
    expect(await outcome).toEqual({ kind: 'interrupted' })
  })
})

describe('exclusively', () => {
  async function sequence(queue: RunQueue, threads: readonly string[]): Promise<string[]> {
    const log: string[] = []
    await Promise.allSettled(
      threads.map((thread, index) =>
        queue.exclusively(thread, async () => {
          log.push(`${thread}${index}+`)
          await sleep(10)
          log.push(`${thread}${index}-`)
          if (index === 0) throw new Error('the first fails')
        }),
      ),
    )
    return log
  }

  it('one change of a thread at a time, and a failure stops none of the others', async () => {
    const { queue } = await queueOf()
    expect(await sequence(queue, ['a', 'a', 'a'])).toEqual(['a0+', 'a0-', 'a1+', 'a1-', 'a2+', 'a2-'])
    expect((await sequence(queue, ['a', 'b'])).slice(0, 2)).toEqual(['a0+', 'b1+'])
  })

  it('passes on what the change made, or why it failed', async () => {
    const { queue } = await queueOf()
    expect(await queue.exclusively('a', async () => 7)).toBe(7)
    await expect(queue.exclusively('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})

describe('recover', () => {
  it('marks what was in flight, and leaves the rest', async () => {
    const { storage, queue } = await queueOf()
    const done = await planned(storage, { thread: 'a' })
    await queue.submit({ plan: done }).outcome
    const left = [await planned(storage, { thread: 'a' }), await planned(storage, { thread: 'b' })]
    expect(await queue.recover()).toBe(2)
    expect(await queue.recover()).toBe(0)
    const statusOf = async ({ run }: RunPlan) => (await storage.runs.get(scope, run.thread_id, run.run_id))?.status
    expect(await Promise.all([done, ...left].map(statusOf))).toEqual(['success', 'error', 'error'])
    expect(await storage.threads.get(scope, 'a')).toMatchObject({
      status: 'error',
      error: { error: 'ServerStopped' },
      values: { seen: ['begun', 'waited'] },
    })
  })
})
