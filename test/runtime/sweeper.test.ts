import { afterEach, describe, expect, it } from 'vitest'
import { systemScope } from '../../src/engine/scope.js'
import { DEFAULT_SETTINGS } from '../../src/runtime/settings.js'
import { type Sweeper, startSweeper } from '../../src/runtime/sweeper.js'
import type { Storage, Ttl } from '../../src/storage/storage.js'
import { sleep, until } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

// The sweeper of the server itself stays out of the way.
const server = await serve({ graphs: testGraphs, settings: { sweepMs: 600_000 } })
const { storage, queue } = server.runtime
const alice = server.as('alice')
const system = systemScope('tests of the sweeper')

const BUSY = '0197a9b4-6f5c-7000-8000-ffffffffffff'

/** In minutes: over at once. No request may ask for so little. */
const SOON = 0.0001
const OVER: Ttl = { ttl_minutes: SOON, strategy: 'delete' }

let sweeper: Sweeper | undefined
afterEach(() => sweeper?.close())

function start(changes: Partial<Storage> = {}, options: { sweepMs?: number; onError?: (e: unknown) => void } = {}) {
  const { sweepMs = 20, onError } = options
  sweeper = startSweeper({
    storage: { ...storage, ...changes },
    queue,
    settings: () => ({ ...DEFAULT_SETTINGS, sweepMs }),
    ...(onError ? { onError } : {}),
  })
  return sweeper
}

async function fresh(ttl: Ttl): Promise<string> {
  const id = await alice.thread()
  await storage.threads.update(system, id, { metadata: {}, ttl })
  return id
}

/** A thread with a state, which has lived so long from then on. */
async function ran(ttl?: Ttl): Promise<string> {
  const id = await alice.thread()
  await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'steps', input: {} })
  if (ttl) await storage.threads.update(system, id, { metadata: {}, ttl })
  return id
}

const exists = async (id: string) => (await storage.threads.get(system, id)) !== undefined
const historyOf = async (id: string) => (await alice.get(`/threads/${id}/history`)).json<unknown[]>()

describe('threads', () => {
  it('that are over go, with what they held; others stay', async () => {
    const [over, lives, endless] = [await ran(OVER), await ran({ ...OVER, ttl_minutes: 60 }), await ran()]
    const [run] = (await alice.get(`/threads/${over}/runs`)).json<{ run_id: string }[]>()
    expect(queue.find(String(run?.run_id))).toBeDefined()
    start()
    await until(
      () => exists(over),
      (there) => !there,
    )
    expect(await storage.checkpoints.list(system, over, {})).toEqual([])
    // What is known of its runs goes too: another thread may take the id.
    expect(queue.find(String(run?.run_id))).toBeUndefined()
    expect([await exists(lives), await exists(endless)]).toEqual([true, true])
    expect((await historyOf(lives)).length).toBe(5)
  })

  it('keep their latest state where that is their strategy, and begin anew', async () => {
    const id = await ran({ ...OVER, strategy: 'keep_latest' })
    const state = (await alice.get(`/threads/${id}/state`)).json()
    const { ttl: before } = (await storage.threads.get(system, id, ['ttl'])) ?? {}
    start()
    await until(
      () => historyOf(id),
      (list) => list.length === 1,
    )
    expect((await alice.get(`/threads/${id}/state`)).json()).toEqual({ ...state, parent_checkpoint: null })
    const { ttl: after } = (await storage.threads.get(system, id, ['ttl'])) ?? {}
    expect(String(after?.expires_at) > String(before?.expires_at)).toBe(true)
  })

  it('with a run in flight wait for its end, and for their time from then on', async () => {
    const id = await fresh({ ...OVER, ttl_minutes: 0.005 })
    const wait = alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'slow', input: { ms: 900 } })
    await until(
      () => storage.threads.get(system, id, ['ttl']),
      (thread) => thread?.status === 'busy',
    )
    start()
    // 300 ms is its time, and 900 what the run takes.
    await sleep(700)
    const thread = await storage.threads.get(system, id, ['ttl'])
    expect(String(thread?.ttl?.expires_at) < new Date().toISOString()).toBe(true)
    expect((await wait).json()).toMatchObject({ seen: ['begun', 'waited'] })
    expect(await exists(id)).toBe(true)
    await until(
      () => exists(id),
      (there) => !there,
    )
  })

  it('whose last run has ended but not told its state yet are left', async () => {
    const id = await ran(OVER)
    await storage.threads.create(system, { thread_id: BUSY, metadata: {}, status: 'busy', ttl: OVER }, 'raise')
    start()
    await until(
      () => exists(id),
      (there) => !there,
    )
    await sleep(60)
    expect(await exists(BUSY)).toBe(true)
    const state = { values: {}, interrupts: {}, status: 'idle', error: null } as const
    await storage.threads.setState(system, BUSY, state)
    await until(
      () => exists(BUSY),
      (there) => !there,
    )
  })

  it('with a run that waits for its time are left', async () => {
    const id = await fresh(OVER)
    await alice.post(`/threads/${id}/runs`, { assistant_id: 'steps', input: {}, after_seconds: 60 })
    const over = await ran(OVER)
    start()
    await until(
      () => exists(over),
      (there) => !there,
    )
    await sleep(60)
    expect(await exists(id)).toBe(true)
    await queue.cancelThread(id)
  })

  it('that were touched between the look and the end stay', async () => {
    const id = await ran(OVER)
    await sleep(20)
    let looked = 0
    start({
      threads: {
        ...storage.threads,
        async expired(...args) {
          const found = await storage.threads.expired(...args)
          looked++
          await storage.threads.update(system, id, { metadata: {}, ttl: { ttl_minutes: 60, strategy: 'delete' } })
          return found
        },
      },
    })
    await until(
      () => looked,
      (times) => times > 1,
    )
    expect(await exists(id)).toBe(true)
  })

  it('that were touched after they were looked at stay too', async () => {
    const [kept, pruned] = [await ran(OVER), await ran({ ...OVER, strategy: 'keep_latest' })]
    await sleep(20)
    const touched = new Set<string>()
    start({
      runs: {
        ...storage.runs,
        // The last thing that is asked before a thread ends.
        async inFlight(scope, id) {
          const found = await storage.runs.inFlight(scope, id)
          await storage.threads.update(system, id, { metadata: {}, ttl: null })
          touched.add(id)
          return found
        },
      },
    })
    await until(
      () => touched,
      (ids) => ids.has(kept) && ids.has(pruned),
    )
    await sleep(60)
    expect([await exists(kept), (await historyOf(kept)).length, (await historyOf(pruned)).length]).toEqual([true, 5, 5])
  })

  it('that keep their latest state are swept once in a sweep, however soon they are over again', async () => {
    const swept: string[] = []
    const limits: number[] = []
    const ids = await Promise.all(Array.from({ length: 12 }, () => fresh({ ...OVER, strategy: 'keep_latest' })))
    await sleep(20)
    const threads: Storage['threads'] = {
      ...storage.threads,
      expired(scope, now, limit) {
        limits.push(limit)
        return storage.threads.expired(scope, now, limit)
      },
      async endExpired(scope, id, now) {
        const ended = await storage.threads.endExpired(scope, id, now)
        swept.push(id)
        // By now it is over again.
        await sleep(10)
        return ended
      },
    }
    // One sweep, and no other.
    start({ threads }, { sweepMs: 900 })
    await until(
      () => limits.length,
      (looks) => looks === 2,
    )
    await sleep(100)
    expect(swept.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.toSorted())
    expect(limits).toEqual([100, 100])
    for (const id of ids) await storage.threads.delete(system, id)
  })

  it('end the streams that were opened while they went', async () => {
    const id = await ran(OVER)
    await sleep(20)
    let reading: Promise<string> | undefined
    start({
      threads: {
        ...storage.threads,
        async endExpired(...args) {
          const stream = await alice.open('GET', `/threads/${id}/stream`)
          reading = stream.text()
          await until(
            () => queue.feeds.isFollowed(id),
            (followed) => followed,
          )
          return storage.threads.endExpired(...args)
        },
      },
    })
    expect(
      await until(
        () => reading,
        (text) => text !== undefined,
      ),
    ).not.toContain('event')
    expect(await exists(id)).toBe(false)
  })

  it('more than one look finds are all swept, and requests go on meanwhile', async () => {
    const ids = Array.from({ length: 350 }, (_, index) => `0197a9b4-6f5c-7000-8000-${String(index).padStart(12, '0')}`)
    for (const thread_id of ids) await storage.threads.create(system, { thread_id, metadata: {}, ttl: OVER }, 'raise')
    await sleep(20)
    start({}, { sweepMs: 200 })
    let answered = 0
    const [last = ''] = ids.slice(-1)
    await until(
      async () => {
        if ((await alice.get('/ok')).status === 200 && (await exists(last))) answered++
        return exists(last)
      },
      (there) => !there,
    )
    expect(answered).toBeGreaterThan(1)
    for (const id of ids) expect(await exists(id)).toBe(false)
  })
})

describe('what fails', () => {
  const failing = (bad: string): Partial<Storage> => ({
    threads: {
      ...storage.threads,
      endExpired: (scope, id, now) =>
        id === bad ? Promise.reject(new Error('locked')) : storage.threads.endExpired(scope, id, now),
    },
  })

  it('keeps neither the others nor the next sweep', async () => {
    const [bad, good] = [await ran(OVER), await ran(OVER)]
    const errors: unknown[] = []
    start(failing(bad), { onError: (error) => errors.push(error) })
    await until(
      () => exists(good),
      (there) => !there,
    )
    await until(
      () => errors.length,
      (count) => count > 2,
    )
    expect(errors[0]).toMatchObject({ message: 'locked' })
    const late = await ran(OVER)
    await until(
      () => exists(late),
      (there) => !there,
    )
    expect(await exists(bad)).toBe(true)
    await storage.threads.delete(system, bad)
  })

  it('keeps nobody waiting, however many fail', async () => {
    const ids = Array.from({ length: 150 }, (_, index) => `0197a9b4-6f5d-7000-8000-${String(index).padStart(12, '0')}`)
    for (const thread_id of ids) await storage.threads.create(system, { thread_id, metadata: {}, ttl: OVER }, 'raise')
    await sleep(20)
    const good = await ran(OVER)
    let failed = 0
    let othersCame = Number.POSITIVE_INFINITY
    const threads = {
      ...storage.threads,
      endExpired: (...[scope, id, now]: Parameters<Storage['threads']['endExpired']>) =>
        ids.includes(id) ? Promise.reject(new Error('locked')) : storage.threads.endExpired(scope, id, now),
    }
    const onError = () => {
      if (++failed === 1) setImmediate(() => setImmediate(() => (othersCame = failed)))
    }
    start({ threads }, { sweepMs: 200, onError })
    await until(
      () => exists(good),
      (there) => !there,
    )
    expect(failed).toBeGreaterThanOrEqual(150)
    expect(othersCame).toBeLessThan(20)
    for (const id of ids) await storage.threads.delete(system, id)
  })

  it('a database that does not answer is asked again, and items are swept all the same', async () => {
    let looks = 0
    let swept = 0
    const changes = {
      threads: { ...storage.threads, expired: () => Promise.reject(new Error(`closed ${++looks}`)) },
      items: {
        ...storage.items,
        async sweep() {
          return ++swept
        },
      },
    }
    start(changes)
    await until(
      () => Math.min(looks, swept),
      (times) => times > 2,
    )
  })
})

describe('when', () => {
  it('soon after the start, however rarely it sweeps', async () => {
    const id = await ran(OVER)
    let sweeps = 0
    const items = {
      ...storage.items,
      async sweep() {
        return ++sweeps
      },
    }
    start({ items }, { sweepMs: 2 ** 40 })
    await until(
      () => exists(id),
      (there) => !there,
    )
    await sleep(60)
    expect(sweeps).toBe(1)
  })

  it('not after it was closed', async () => {
    const id = await ran(OVER)
    await start().close()
    await sleep(100)
    expect(await exists(id)).toBe(true)
  })

  it('the runtime starts one, and its items end too', async () => {
    const other = await serve({ settings: { sweepMs: 20 } })
    const id = await other.as('alice').thread()
    await other.runtime.storage.threads.update(system, id, { metadata: {}, ttl: OVER })
    const item = { namespace: ['alice'], key: 'k', value: {}, searchText: null, ttl: SOON }
    await other.runtime.storage.items.put(system, item)
    await until(
      () => other.runtime.storage.threads.get(system, id),
      (thread) => thread === undefined,
    )
    await until(
      () => other.runtime.storage.items.get(system, ['alice'], 'k'),
      (found) => found === undefined,
    )
  })
})
