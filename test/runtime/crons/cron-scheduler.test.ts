import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Auth } from '../../../src/engine/auth.js'
import { createEngine } from '../../../src/engine/engine.js'
import { rulesFrom } from '../../../src/engine/rules.js'
import { systemScope } from '../../../src/engine/scope.js'
import { type CronScheduler, startCronScheduler } from '../../../src/runtime/crons/cron-scheduler.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import { createSeal, type Seal } from '../../../src/seal/seal.js'
import type { Cron, Run } from '../../../src/storage/storage.js'
import { ownerOnly } from '../../support/auth.js'
import { type Json, sleep, until } from '../../support/client.js'
import { testGraphs } from '../../support/graphs.js'
import { open, serve } from '../../support/server.js'

/** So rarely that the clock of the machine never makes it due: only the clocks of these tests do. */
const YEARLY = '0 0 1 1 *'
const system = systemScope('test')

function owners(): Auth {
  return ownerOnly()
    .on('crons', ({ user }) => ({ owner: user.identity }))
    .on(['crons:create', 'crons:update'], ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
      return { owner: user.identity }
    }) as Auth
}

const server = await serve({ graphs: testGraphs, auth: owners() })
const alice = server.as('alice')
const { storage } = server.runtime

interface Clocked extends CronScheduler {
  now: Date
  /** The rules of the moment; undefined is a file that does not compile. */
  rules: Auth | undefined
  readonly problems: string[]
  /** Moves the clock past the time of a cron, and waits until the scheduler has done what it does about it. */
  pass(cron: Cron): Promise<Cron>
}

const running: Clocked[] = []
afterEach(async () => {
  for (const each of running.splice(0)) await each.close()
  const { rows } = await storage.crons.search(system, system, {}, { limit: 1000, offset: 0 })
  for (const { cron_id } of rows) await storage.crons.delete(system, cron_id)
})

function clock(runtime: Runtime = server.runtime, options: { seal?: Seal } = {}): Clocked {
  const clocked: Clocked = {
    now: new Date(),
    rules: owners(),
    problems: [],
    ...startCronScheduler({
      ...runtime,
      ...options,
      engine: () => clocked.rules && createEngine({ rules: rulesFrom(clocked.rules) }),
      now: () => clocked.now,
      onProblem: (message) => clocked.problems.push(message),
    }),
    async pass(cron) {
      clocked.now = new Date(Date.parse(String(cron.next_run_date)) + 1000)
      clocked.wake()
      const moved = await until(
        () => read(cron),
        (one) => one.next_run_date !== cron.next_run_date,
        20_000,
      )
      await clocked.close()
      return moved
    },
  }
  running.push(clocked)
  return clocked
}

let thread: string
beforeEach(async () => {
  thread = await alice.thread()
})

async function bound(body: Json = {}, user = 'alice'): Promise<Cron> {
  const reply = await server
    .as(user)
    .post(`/threads/${thread}/runs/crons`, { assistant_id: 'echo', schedule: YEARLY, input: {}, ...body })
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)])
  return reply.json<Cron>()
}

async function read({ cron_id }: Cron): Promise<Cron> {
  return (await storage.crons.get(system, cron_id)) as Cron
}

function runs(threadId = thread): Promise<readonly Run[]> {
  return storage.runs.list(system, threadId, {}, { limit: 100, offset: 0 })
}

/** What the graph `echo` was told in its one run on the thread. */
async function shown(threadId = thread): Promise<Json> {
  const { values } = await until(
    async () => (await alice.get(`/threads/${threadId}`)).json<{ status: string; values: { seen?: Json[] } | null }>(),
    ({ status }) => status === 'idle',
  )
  expect(values?.seen).toHaveLength(1)
  return values?.seen?.[0] as Json
}

describe('a run that is due', () => {
  it('is started once, as whom the cron belongs to, whatever the payload claims', async () => {
    const clocked = clock()
    const forged = { langgraph_auth_user: { identity: 'bob' }, langgraph_auth_user_id: 'bob', user_id: 'bob' }
    const cron = await bound({
      input: { text: 'hello' },
      config: { configurable: { ...forged, cron_id: 'forged', other: 'kept' }, langgraph_auth_user: 'bob' },
      context: { langgraph_auth_user: { identity: 'bob' }, kept: true },
      metadata: { kind: 'daily' },
    })
    const next = new Date(cron.next_run_date as string)
    expect([next.getUTCMonth(), next.getUTCDate(), next.getUTCHours()]).toEqual([0, 1, 0])
    clocked.wake()
    await sleep(30)
    expect(await runs()).toEqual([])

    const moved = await clocked.pass(cron)
    expect(new Date(moved.next_run_date as string).getUTCFullYear()).toBe(next.getUTCFullYear() + 1)
    expect(moved.updated_at).toBe(cron.updated_at)
    expect(await shown()).toMatchObject({
      auth_user: 'alice',
      auth_id: 'alice',
      user_id: 'alice',
      permissions: ['alice:all'],
      other: 'kept',
      context: { kept: true },
    })
    const [run, ...others] = await runs()
    expect(others).toEqual([])
    expect(run).toMatchObject({ metadata: { kind: 'daily', owner: 'alice' }, multitask_strategy: 'enqueue' })
    expect(run?.kwargs).toMatchObject({ config: { configurable: { cron_id: cron.cron_id } } })
    expect(JSON.stringify([run, cron, moved])).not.toMatch(/langgraph_auth|bob/)
    expect(clocked.problems).toEqual([])
  })

  it('makes up for every time that was missed', async () => {
    const clocked = clock()
    const cron = await bound({ schedule: '0 0 1 * *' })
    clocked.now = new Date(Date.parse(cron.next_run_date as string) + 5 * 365 * 86_400_000)
    clocked.wake()
    const moved = await until(
      () => read(cron),
      (one) => one.next_run_date !== cron.next_run_date,
    )
    clocked.wake()
    await sleep(50)
    await clocked.close()
    expect(Date.parse(moved.next_run_date as string)).toBeGreaterThan(clocked.now.getTime())
    expect((await read(cron)).next_run_date).toBe(moved.next_run_date)
    expect(await runs()).toHaveLength(1)
  })

  it('starts by itself, without anyone waking the scheduler', async () => {
    const cron = await bound()
    const ahead = Date.parse(cron.next_run_date as string) - Date.now() - 150
    const scheduler = startCronScheduler({
      ...server.runtime,
      engine: () => createEngine({ rules: rulesFrom(owners()) }),
      now: () => new Date(Date.now() + ahead),
    })
    expect(await runs()).toEqual([])
    await until(runs, (found) => found.length === 1)
    await scheduler.close()
  })

  it('is started once by two servers on one database', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-crons-'))
    const database = join(folder, 'a.db')
    const seal = createSeal(new Uint8Array(32))
    const one = await open({ graphs: testGraphs, auth: owners(), database, seal })
    const two = await open({ graphs: testGraphs, auth: owners(), database, seal })
    try {
      const user = one.as('alice')
      const body = { assistant_id: 'echo', schedule: YEARLY, input: {} }
      const threads = await Promise.all(Array.from({ length: 30 }, () => user.thread()))
      const crons: Cron[] = []
      for (const id of threads) crons.push((await user.post(`/threads/${id}/runs/crons`, body)).json<Cron>())
      const clocks = [clock(one.runtime), clock(two.runtime)]
      for (const each of clocks) {
        each.now = new Date(Date.parse(crons[0]?.next_run_date as string) + 1000)
        each.wake()
      }
      const after = () => one.runtime.storage.crons.nextDue(system)
      await until(after, (next) => next !== undefined && next > String(crons[0]?.next_run_date))
      for (const each of clocks) await each.close()
      for (const id of threads) {
        const found = await one.runtime.storage.runs.list(system, id, {}, { limit: 10, offset: 0 })
        expect(found).toHaveLength(1)
      }
      expect(clocks.flatMap(({ problems }) => problems)).toEqual([])
    } finally {
      await one.close()
      await two.close()
      await rm(folder, { recursive: true })
    }
  })

  it.each([
    ['delete', 0],
    ['keep', 1],
  ])('without a thread has one of its own: %s leaves %i', async (on_run_completed, left) => {
    const clocked = clock()
    const body = { assistant_id: 'echo', schedule: YEARLY, input: {}, on_run_completed, metadata: { mark: thread } }
    const cron = (await alice.post('/runs/crons', body)).json<Cron>()
    expect(cron).toMatchObject({ thread_id: null, on_run_completed })
    await clocked.pass(cron)
    const threads = async () =>
      (await alice.post('/threads/search', { metadata: { mark: thread } })).json<
        { thread_id: string; status: string }[]
      >()
    await until(threads, (found) => found.length === left && found.every(({ status }) => status === 'idle'))
    for (const { thread_id } of await threads()) expect((await shown(thread_id))['auth_user']).toBe('alice')
    expect(clocked.problems).toEqual([])
  })

  it.each([
    ['enqueue', 2, []],
    ['reject', 1, [expect.stringContaining('already running')]],
  ])('on a busy thread: %s', async (multitask_strategy, count, problems) => {
    const clocked = clock()
    const cron = await bound({ multitask_strategy })
    await alice.post(`/threads/${thread}/runs`, { assistant_id: 'slow', input: { ms: 300 } })
    await clocked.pass(cron)
    expect(await runs()).toHaveLength(count)
    expect(clocked.problems).toEqual(problems)
  })
})

describe('nothing is started', () => {
  const denied = (event: string) => owners().on(event as 'threads:create_run', () => false) as Auth

  it.each<[string, (clocked: Clocked, cron: Cron) => unknown, RegExp]>([
    [
      'whose rules deny it by now',
      (clocked) => (clocked.rules = denied('threads:create_run')),
      /Forbidden.*threads:create_run returned false/,
    ],
    [
      'whose thread is another user’s by now',
      () => storage.threads.update(system, thread, { metadata: { owner: 'bob' } }),
      /Thread with ID .* not found/,
    ],
    [
      'whose assistant is another user’s by now',
      (_, { assistant_id }) => storage.assistants.update(system, assistant_id, { metadata: { owner: 'bob' } }),
      /Assistant not found/,
    ],
    [
      'that belongs to another user than the one who is sealed',
      (_, { cron_id }) => storage.crons.update(system, cron_id, { user_id: 'bob' }),
      /not who it belongs to/,
    ],
    [
      'without a user',
      (_, { cron_id }) => storage.crons.update(system, cron_id, { user_id: null, creator: null }),
      /Forbidden.*no user/,
    ],
    [
      'that has lost its user',
      (_, { cron_id }) => storage.crons.update(system, cron_id, { creator: null }),
      /not who it belongs to/,
    ],
    [
      'whose user was sealed for another cron',
      (_, { cron_id }) =>
        storage.crons.update(system, cron_id, {
          creator: server.runtime.seal.close('crons/another', { identity: 'alice', permissions: [] }),
        }),
      /another key/,
    ],
  ])('for a cron %s; it is said, and the cron goes on', async (_, change, problem) => {
    const clocked = clock()
    const cron = await bound({ assistant_id: await alice.assistant({ graph_id: 'echo' }) })
    await change(clocked, cron)
    const moved = await clocked.pass(cron)
    expect(await runs()).toEqual([])
    expect(clocked.problems).toEqual([expect.stringMatching(problem)])
    expect(clocked.problems[0]).toContain(cron.cron_id)
    expect(moved).toMatchObject({ enabled: true, next_run_date: expect.any(String) })
  })

  it('where the key of the server is another one', async () => {
    const clocked = clock(server.runtime, { seal: createSeal() })
    const cron = await bound()
    const moved = await clocked.pass(cron)
    expect(await runs()).toEqual([])
    expect(clocked.problems).toEqual([expect.stringMatching(/sealed under another key/)])
    expect(moved).toMatchObject({ enabled: true, user_id: 'alice', next_run_date: expect.any(String) })
  })

  it('while the rules are broken, and nothing is skipped: it is made up for once they are whole', async () => {
    const clocked = clock()
    const cron = await bound()
    clocked.rules = undefined
    clocked.now = new Date(Date.parse(cron.next_run_date as string) + 1000)
    clocked.wake()
    await sleep(100)
    expect(await runs()).toEqual([])
    expect((await read(cron)).next_run_date).toBe(cron.next_run_date)

    clocked.rules = owners()
    await until(runs, (found) => found.length === 1)
    expect((await read(cron)).next_run_date).not.toBe(cron.next_run_date)
  })

  it('once the end has come', async () => {
    const clocked = clock()
    const cron = await bound({ schedule: '*/5 * * * *', end_time: new Date(Date.now() + 86_400_000).toISOString() })
    expect(cron.next_run_date).not.toBeNull()
    clocked.now = new Date(Date.now() + 2 * 86_400_000)
    clocked.wake()
    await until(
      () => read(cron),
      ({ next_run_date }) => next_run_date === null,
    )
    await clocked.close()
    expect(await runs()).toEqual([])
    expect(clocked.problems).toEqual([])
  })

  it.each([
    ['disabled', (id: string) => alice.call('PATCH', `/runs/crons/${id}`, { enabled: false })],
    ['deleted', (id: string) => alice.call('DELETE', `/runs/crons/${id}`)],
    ['gone with its thread', () => alice.call('DELETE', `/threads/${thread}`)],
  ])('for a cron that is %s', async (_, change) => {
    const clocked = clock()
    const cron = await bound()
    expect((await change(cron.cron_id)).status).toBeLessThan(300)
    clocked.now = new Date(Date.parse(cron.next_run_date as string) + 1000)
    clocked.wake()
    await sleep(50)
    await clocked.close()
    expect(await runs()).toEqual([])
    expect(clocked.problems).toEqual([])
  })
})

describe('one cron does not stop the others', () => {
  it('whose handler never answers, nor the server from closing', async () => {
    const clocked = clock()
    const stuck = await bound({ metadata: { stuck: true } })
    const stuckThread = thread
    thread = await alice.thread()
    const cron = await bound()
    clocked.rules = owners().on('threads:create_run', ({ value, user }) => {
      value.metadata = { ...value.metadata, owner: user.identity }
      return value.thread_id === stuckThread ? new Promise<never>(() => undefined) : { owner: user.identity }
    }) as Auth
    const started = performance.now()
    await clocked.pass(cron)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(await runs()).toHaveLength(1)
    expect(await runs(stuckThread)).toEqual([])
    expect((await read(stuck)).next_run_date).not.toBe(stuck.next_run_date)
  })

  it('whose schedule is not understood any more', async () => {
    const clocked = clock()
    const broken = await bound()
    const cron = await bound()
    await storage.crons.update(system, broken.cron_id, { schedule: 'not a schedule' })
    await clocked.pass(cron)
    expect(await runs()).toHaveLength(2)
    expect((await read(broken)).next_run_date).toBeNull()
    expect(clocked.problems).toEqual([expect.stringMatching(/does not come again/)])
  })

  it('nor does a database that fails for a moment', async () => {
    const cron = await bound()
    const problems: string[] = []
    let failures = 1
    const flaky = {
      ...storage,
      crons: {
        ...storage.crons,
        due: (...args: Parameters<typeof storage.crons.due>) =>
          failures-- > 0 ? Promise.reject(new Error('disk I/O error')) : storage.crons.due(...args),
      },
    }
    const scheduler = startCronScheduler({
      ...server.runtime,
      storage: flaky,
      engine: () => createEngine({ rules: rulesFrom(owners()) }),
      now: () => new Date(Date.parse(cron.next_run_date as string) + 1000),
      onProblem: (message) => problems.push(message),
    })
    await until(
      () => problems,
      (found) => found.length > 0,
    )
    expect(problems).toEqual([expect.stringMatching(/tried again: disk I\/O error/)])
    scheduler.wake()
    await until(runs, (found) => found.length === 1)
    await scheduler.close()
  })

  it('many that are due at once all start', async () => {
    const body = {
      assistant_id: 'echo',
      schedule: YEARLY,
      input: {},
      metadata: { many: true },
      on_run_completed: 'keep',
    }
    const crons: Cron[] = []
    for (let n = 0; n < 60; n++) crons.push((await alice.post('/runs/crons', body)).json<Cron>())
    const clocked = clock()
    await clocked.pass(crons.at(-1) as Cron)
    await until(
      async () => (await alice.post('/threads/count', { metadata: { many: true } })).text,
      (text) => text === '60',
    )
    expect(clocked.problems).toEqual([])
  })

  it('nor do the many of one user: users take turns', async () => {
    const one = await bound()
    const create = (user_id: string, ms: number) => {
      const next_run_date = new Date(Date.parse(String(one.next_run_date)) + ms).toISOString()
      return storage.crons.create(system, { ...one, cron_id: randomUUID(), user_id, next_run_date, creator: null })
    }
    for (let n = 0; n < 60; n++) await create('bob', 1)
    // Theirs are due later.
    const others = Array.from({ length: 30 }, (_, n) => `user ${n}`)
    for (const user of others) for (const _ of [1, 2]) await create(user, 500)
    const order: string[] = []
    const scheduler = startCronScheduler({
      ...server.runtime,
      storage: {
        ...storage,
        crons: {
          ...storage.crons,
          async advance(scope, id, ...times) {
            order.push(String((await storage.crons.get(system, id))?.user_id))
            return storage.crons.advance(scope, id, ...times)
          },
        },
      },
      engine: () => createEngine({ rules: rulesFrom(owners()) }),
      now: () => new Date(Date.parse(String(one.next_run_date)) + 1000),
    })
    await until(
      () => order.length,
      (count) => count === 121,
    )
    await scheduler.close()
    expect(new Set(order.slice(0, 32))).toEqual(new Set(['alice', 'bob', ...others]))
  })
})
