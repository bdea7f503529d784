import { v7 as uuidv7 } from 'uuid'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEngine } from '../../../src/engine/engine.js'
import { rulesFrom } from '../../../src/engine/rules.js'
import { systemScope } from '../../../src/engine/scope.js'
import { userFrom } from '../../../src/engine/user.js'
import { createGraphRegistry, type GraphSource } from '../../../src/runtime/graphs/graph-registry.js'
import { createThreadStates } from '../../../src/runtime/graphs/thread-state.js'
import type { StoredPlan } from '../../../src/runtime/runs/execute.js'
import { createRunQueue, type RunQueue } from '../../../src/runtime/runs/run-queue.js'
import type { RunRecord } from '../../../src/runtime/runs/run-record.js'
import { DEFAULT_SETTINGS, type RuntimeSettings } from '../../../src/runtime/settings.js'
import { createStoreAccess } from '../../../src/runtime/store/store-access.js'
import { createWebhooks } from '../../../src/runtime/webhooks/webhooks.js'
import { createSeal } from '../../../src/seal/seal.js'
import { openSqliteStorage } from '../../../src/storage/sqlite/open.js'
import type { Json, Run, RunTicket, Storage } from '../../../src/storage/storage.js'
import { namesOnly } from '../../support/auth.js'
import { sleep, until } from '../../support/client.js'
import { testGraphs } from '../../support/graphs.js'

const scope = systemScope('tests of the queue')
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const seal = createSeal()

async function queueOf({
  jobs = 10,
  graphs = testGraphs as Readonly<Record<string, GraphSource>>,
  storage = undefined as Storage | undefined,
  settings = {} as Partial<RuntimeSettings>,
  onRun = undefined as ((record: RunRecord) => void) | undefined,
  onProblem = (_message: string, _error?: unknown): void => {},
  engine = createEngine({ rules: undefined }),
} = {}) {
  const opened = storage ?? (await openSqliteStorage(':memory:'))
  const registry = createGraphRegistry(() => graphs)
  const now = () => ({ ...DEFAULT_SETTINGS, ...settings })
  const queue = createRunQueue({
    storage: opened,
    graphs: registry,
    states: createThreadStates({ storage: opened, graphs: registry }),
    seal,
    engine: () => engine,
    onProblem,
    settings: now,
    webhooks: createWebhooks({ settings: () => now().webhooks }),
    storeAccess: createStoreAccess({ items: opened.items, settings: () => now().store }),
    jobs,
    ...(onRun ? { onRun } : {}),
  })
  closers.push(
    () => opened.close(),
    () => queue.close(),
  )
  return { storage: opened, queue }
}

interface Planned {
  readonly thread: string
  readonly graphId?: string
  readonly ms?: number
  readonly identity?: string | null
  readonly afterSeconds?: number
  readonly kwargs?: Json
}

/** A run in the database, as a request leaves it. */
async function planned(
  storage: Storage,
  { thread, graphId = 'slow', ms = 0, identity = null, afterSeconds = 0, kwargs = {} }: Planned,
): Promise<RunTicket & { run: Run }> {
  await storage.threads.create(scope, { thread_id: thread, metadata: { graph_id: graphId } }, 'do_nothing')
  const plan: StoredPlan = {
    graphId,
    user: identity === null ? undefined : userFrom(identity),
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
    reads: false,
    ownThread: false,
  }
  const run_id = uuidv7()
  const run = await storage.runs.create(scope, {
    run_id,
    thread_id: thread,
    assistant_id: crypto.randomUUID(),
    created_at: new Date(Date.now() + afterSeconds * 1000).toISOString(),
    metadata: {},
    kwargs,
    multitask_strategy: 'enqueue',
    identity,
    plan: seal.close(`runs/${run_id}`, plan),
  })
  if (!run) throw new Error('The run could not be created.')
  return { run, run_id, thread_id: thread, identity, due_at: run.created_at }
}

const running = (storage: Storage, plan: RunTicket) =>
  until(
    async () => (await storage.runs.get(scope, plan.thread_id, plan.run_id))?.status,
    (status) => status === 'running',
  )

describe('order', () => {
  it('one run of a thread at a time, threads side by side, no more than there are jobs', async () => {
    const { storage, queue } = await queueOf({ jobs: 2 })
    const plans = []
    for (const thread of ['a', 'a', 'b', 'c']) plans.push(await planned(storage, { thread, ms: 60 }))
    const ended: string[] = []
    const handles = plans.map((plan) => queue.submit(plan))
    for (const { outcome, threadId } of handles) void outcome.then(() => ended.push(threadId))
    let most = 0
    while (ended.length < 4) {
      const inFlight = await storage.runs.allInFlight(scope, 'all')
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
    const first = queue.submit(await planned(storage, { thread: 'a', ms: 800 }))
    const second = queue.submit(await planned(storage, { thread: 'b' }))
    const third = queue.submit(await planned(storage, { thread: 'b' }))
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
    const handles = plans.map((plan) => queue.submit(plan))
    for (const [index, { outcome }] of handles.entries())
      void outcome.then(({ kind }) => order.push(`${index}:${kind}`))
    await queue.cancel(handles[1]?.runId ?? '')
    await handles[2]?.outcome
    expect(order).toEqual(['1:interrupted', '0:success', '2:success'])
  })

  it('a delay holds up nobody, and can be called off', async () => {
    const { storage, queue } = await queueOf()
    const late = queue.submit(await planned(storage, { thread: 'a', afterSeconds: 3600 }))
    const now = queue.submit(await planned(storage, { thread: 'a' }))
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
      const handles = plans.map((plan) => queue.submit(plan))
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
      const { outcome, log } = queue.submit(await planned(storage, { thread: graphId, graphId }))
      const error = { error: 'Error', message: expect.stringMatching(message) }
      expect(await outcome).toEqual({ kind: 'error', error })
      expect(log.ended).toBe(true)
      expect(await storage.threads.get(scope, graphId)).toMatchObject({ status: 'error', error })
    }
  })

  it('storage that fails loses no run: it is taken again, and its end is written again', async () => {
    const { storage, queue } = await queueOf({ jobs: 1 })
    const { claim, finish } = storage.runs
    const full = () => Promise.reject(new Error('the disk is full'))
    Object.assign(storage.runs, { claim: full })
    const waiting = queue.submit(await planned(storage, { thread: 'a' }))
    const behind = queue.submit(await planned(storage, { thread: 'a' }))
    await sleep(50)
    Object.assign(storage.runs, { claim, finish: full })
    expect((await waiting.outcome).kind).toBe('error')
    Object.assign(storage.runs, { finish })
    expect((await behind.outcome).kind).toBe('success')
    await until(
      async () => (await storage.runs.list(scope, 'a', {}, { limit: 2, offset: 0 })).map(({ status }) => status),
      (statuses) => statuses.every((status) => status === 'success'),
    )
    expect((await storage.threads.get(scope, 'a'))?.status).toBe('idle')
  })

  it('whoever is told of its end may fail, and the next run goes', async () => {
    const problems: string[] = []
    const { storage, queue } = await queueOf({
      jobs: 1,
      onRun: () => {
        throw new Error('the terminal is gone')
      },
      onProblem: (message, error) => problems.push(`${message}: ${error}`),
    })
    const plans = [await planned(storage, { thread: 'a' }), await planned(storage, { thread: 'a' })]
    const handles = plans.map((plan) => queue.submit(plan))
    expect((await Promise.all(handles.map(({ outcome }) => outcome))).map(({ kind }) => kind)).toEqual([
      'success',
      'success',
    ])
    expect(problems).toHaveLength(2)
    expect(problems[0]).toContain('the terminal is gone')
  })

  it('a handler that never answers keeps no run that is called off or out of time', async () => {
    const engine = createEngine({
      rules: rulesFrom(namesOnly().on('threads:create_run', () => new Promise<never>(() => {}))),
    })
    for (const [settings, act, kind] of [
      [{}, (queue: RunQueue, id: string) => queue.cancel(id), 'interrupted'],
      [{ runTimeoutMs: 80 }, () => undefined, 'timeout'],
    ] as const) {
      const { storage, queue } = await queueOf({ jobs: 1, settings, engine })
      const plan = await planned(storage, { thread: 'a', identity: 'alice', afterSeconds: 0.02 })
      const handle = queue.submit(plan)
      await running(storage, plan)
      await act(queue, plan.run_id)
      expect((await handle.outcome).kind).toBe(kind)
    }
  })

  it('its thread may vanish meanwhile', async () => {
    const { storage, queue } = await queueOf()
    const plan = await planned(storage, { thread: 'a', ms: 50 })
    const { outcome } = queue.submit(plan)
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
    expect((await queue.submit(plan).outcome).kind).toBe('success')
    expect(await storage.threads.get(scope, 'a')).toMatchObject({
      status: 'busy',
      values: { seen: ['begun', 'waited'] },
    })
  })

  it('nothing that it still writes appears after it was taken back', async () => {
    const { storage, queue } = await queueOf()
    for (const pause of [0, 5, 10, 20, 40]) {
      const plan = await planned(storage, { thread: `a${pause}`, ms: 30 })
      queue.submit(plan)
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
    const { outcome } = queue.submit(plan)
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
  it('the events of a run, for five minutes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    try {
      const { storage, queue } = await queueOf({ graphs: { broken: { load: () => Promise.reject(new Error('no')) } } })
      const { runId, outcome } = queue.submit(await planned(storage, { thread: 'a', graphId: 'broken' }))
      await outcome
      await vi.advanceTimersByTimeAsync(299_000)
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
    const [one, two] = plans.map((plan) => queue.submit(plan))
    await queue.forget(plans[0]?.run as never, async () => undefined)
    await queue.cancelThread('b')
    expect([queue.find(one?.runId ?? ''), queue.find(two?.runId ?? '')]).toEqual([undefined, undefined])
  })

  it('after close, nothing starts', async () => {
    const { storage, queue } = await queueOf()
    await queue.close()
    const { outcome } = queue.submit(await planned(storage, { thread: 'a' }))
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

describe('fairness', () => {
  it('a thousand runs of one user cost another one wait', async () => {
    const { storage, queue } = await queueOf({ jobs: 2 })
    const ended: string[] = []
    const submit = async (thread: string, identity: string) => {
      const handle = queue.submit(await planned(storage, { thread, identity, ms: 5 }))
      void handle.outcome.then(() => ended.push(identity))
      return handle
    }
    const many = []
    for (let run = 0; run < 60; run++) many.push(await submit(`alice${run}`, 'alice'))
    await (await submit('bob', 'bob')).outcome
    expect(ended.filter((who) => who === 'alice').length).toBeLessThan(30)
    await Promise.all(many.map(({ outcome }) => outcome))
  })

  it('runs that never end keep nobody else out', async () => {
    const { storage, queue } = await queueOf({ jobs: 2 })
    for (const thread of ['a', 'b', 'c']) {
      queue.submit(await planned(storage, { thread, identity: 'alice', ms: 60_000 }))
    }
    const bob = queue.submit(await planned(storage, { thread: 'd', identity: 'bob' }))
    expect((await bob.outcome).kind).toBe('success')
    const waiting = await storage.runs.allInFlight(scope, 'pending')
    expect(waiting.map(({ thread_id }) => thread_id)).toEqual(['c'])
  })
})

describe('a run that takes too long', () => {
  it('ends, is marked, and tells why', async () => {
    const records: RunRecord[] = []
    const { storage, queue } = await queueOf({
      settings: { runTimeoutMs: 60 },
      onRun: (record) => records.push(record),
    })
    const plan = await planned(storage, { thread: 'a', ms: 60_000 })
    const handle = queue.submit(plan)
    const error = { error: 'TimeoutError', message: 'The run took longer than 0.06 s.' }
    expect(await handle.outcome).toEqual({ kind: 'timeout', error })
    expect(await storage.runs.get(scope, 'a', plan.run_id)).toMatchObject({ status: 'timeout' })
    expect(await storage.runs.errorOf(scope, 'a', plan.run_id)).toEqual(error)
    expect(await storage.threads.get(scope, 'a')).toMatchObject({ status: 'error', error })
    expect(records).toMatchObject([{ graphId: 'slow', status: 'timeout' }])
    const last = []
    for await (const event of handle.log.read(0)) last.push(event)
    expect(last.at(-1)).toMatchObject({ event: 'error', data: JSON.stringify(error) })
  })
})

describe('recover', () => {
  const statusOf = async (storage: Storage, { run }: { run: Run }) =>
    (await storage.runs.get(scope, run.thread_id, run.run_id))?.status

  it('marks what ran, runs what waited, and leaves the rest', async () => {
    const { storage, queue } = await queueOf()
    const done = await planned(storage, { thread: 'a' })
    await queue.submit(done).outcome
    const [ran, waited, delayed] = [
      await planned(storage, { thread: 'a' }),
      await planned(storage, { thread: 'b' }),
      await planned(storage, { thread: 'c', afterSeconds: 3600 }),
    ]
    await storage.runs.claim(scope, ran.run_id)
    expect(await queue.recover()).toEqual({ waiting: 2, lost: 1 })
    await queue.find(waited.run_id)?.outcome
    expect(await Promise.all([done, ran, waited, delayed].map((one) => statusOf(storage, one)))).toEqual([
      'success',
      'error',
      'success',
      'pending',
    ])
    expect(await storage.threads.get(scope, 'a')).toMatchObject({
      status: 'error',
      error: { error: 'ServerStopped' },
      values: { seen: ['begun', 'waited'] },
    })
  })

  it('what waits when the queue closes is run by the next, once', async () => {
    const first = await queueOf({ jobs: 1 })
    const { storage } = first
    const plans = []
    for (const thread of ['a', 'b', 'b', 'c']) plans.push(await planned(storage, { thread, ms: 30 }))
    const handles = plans.map((plan) => first.queue.submit(plan))
    await running(storage, plans[0] as RunTicket)
    await first.queue.close()
    expect((await Promise.all(handles.map(({ outcome }) => outcome))).map(({ kind }) => kind)).toEqual(
      Array(4).fill('interrupted'),
    )
    expect(await Promise.all(plans.map((plan) => statusOf(storage, plan)))).toEqual([
      'interrupted',
      'pending',
      'pending',
      'pending',
    ])
    const second = await queueOf({ storage, jobs: 1 })
    expect(await second.queue.recover()).toEqual({ waiting: 3, lost: 0 })
    for (const { run_id } of plans.slice(1)) await second.queue.find(run_id)?.outcome
    expect(await Promise.all(plans.map((plan) => statusOf(storage, plan)))).toEqual([
      'interrupted',
      'success',
      'success',
      'success',
    ])
    expect(await storage.threads.get(scope, 'b')).toMatchObject({
      status: 'idle',
      values: { seen: ['begun', 'waited', 'begun', 'waited'] },
    })
  })

  it('a run without a thread of its own that was lost can still be seen', async () => {
    const { storage, queue } = await queueOf()
    const lost = await planned(storage, { thread: 'a', kwargs: { temporary: true } })
    await storage.runs.claim(scope, lost.run_id)
    await queue.recover()
    expect(await statusOf(storage, lost)).toBe('error')
  })

  it('a thread whose run ended with nobody left to say so is busy no more', async () => {
    const { storage, queue } = await queueOf()
    await queue.submit(await planned(storage, { thread: 'a' })).outcome
    await planned(storage, { thread: 'b' })
    for (const id of ['a', 'b']) await storage.threads.begin(scope, id, { metadata: {}, config: {} })
    await queue.recover()
    expect((await storage.threads.get(scope, 'a'))?.status).toBe('idle')
    expect((await storage.threads.get(scope, 'b'))?.status).toBe('busy')
  })

  it('a run that another key has sealed fails, and says why', async () => {
    const { storage, queue } = await queueOf()
    const plan = await planned(storage, { thread: 'a' })
    const moved = await planned(storage, { thread: 'b' })
    const { claim } = storage.runs
    const other = await claim(scope, moved.run_id)
    Object.assign(storage.runs, {
      claim: async (...given: Parameters<typeof claim>) => ({ ...(await claim(...given)), plan: other?.plan }),
    })
    const outcome = await queue.submit(plan).outcome
    Object.assign(storage.runs, { claim })
    expect(outcome).toMatchObject({ kind: 'error', error: { message: expect.stringContaining('key') } })
  })
})
