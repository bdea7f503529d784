import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { CronQuery, NewCron, Storage } from '../../src/storage/storage.js'
import { everything, owner, scoped } from './scopes.js'

const page = { limit: 10, offset: 0 }
const DUE = '2030-01-01T00:00:00.000Z'
const LATER = '2031-01-01T00:00:00.000Z'
let storage: Storage

beforeEach(async () => {
  storage = await openSqliteStorage(':memory:')
})
afterEach(() => storage.close())

function cron(cron_id: string, fields: Partial<NewCron> = {}) {
  return storage.crons.create(everything, {
    cron_id,
    assistant_id: 'a1',
    thread_id: null,
    user_id: null,
    schedule: '0 0 1 1 *',
    timezone: null,
    end_time: null,
    next_run_date: DUE,
    payload: {},
    metadata: {},
    on_run_completed: 'delete',
    enabled: true,
    creator: null,
    ...fields,
  })
}

function thread(thread_id: string, metadata: Record<string, unknown> = {}) {
  return storage.threads.create(everything, { thread_id, metadata }, 'raise')
}

async function ids(query: CronQuery = {}, scope = everything, threads = everything) {
  const { rows } = await storage.crons.search(scope, threads, query, { ...page, sort_by: 'cron_id', sort_order: 'asc' })
  expect(await storage.crons.count(scope, threads, query)).toBe(rows.length)
  return rows.map(({ cron_id }) => cron_id)
}

describe('a cron', () => {
  it('comes back as it was given, without whom it runs as', async () => {
    const made = await cron('c1', { payload: { input: null }, metadata: { a: 1 }, creator: Buffer.from('sealed') })
    expect(made).toEqual({
      cron_id: 'c1',
      assistant_id: 'a1',
      thread_id: null,
      user_id: null,
      schedule: '0 0 1 1 *',
      timezone: null,
      end_time: null,
      next_run_date: DUE,
      payload: { input: null },
      metadata: { a: 1 },
      on_run_completed: 'delete',
      enabled: true,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    expect(await storage.crons.get(everything, 'c1')).toEqual(made)
    expect((await storage.crons.search(everything, everything, {}, page)).rows).toEqual([made])
    expect(Object.keys((await storage.crons.update(everything, 'c1', {})) ?? {})).not.toContain('creator')
  })

  it('hidden from a scope is absent for every method, and stays as it is', async () => {
    await cron('c1', { metadata: { owner: 'alice' } })
    const before = await storage.crons.get(everything, 'c1')
    const bob = owner('bob')
    expect(await storage.crons.get(bob, 'c1')).toBeUndefined()
    expect(bob.trace.hidden).toBe(1)
    expect(await storage.crons.get(bob, 'nowhere')).toBeUndefined()
    expect(bob.trace.hidden).toBe(0)
    expect(await storage.crons.update(bob, 'c1', { enabled: false, metadata: { owner: 'bob' } })).toBeUndefined()
    expect(bob.trace.hidden).toBe(1)
    expect(await storage.crons.delete(bob, 'c1')).toBe(false)
    expect(await storage.crons.advance(bob, 'c1', DUE, null)).toBe(false)
    expect(await storage.crons.due(bob, LATER, 10)).toEqual([])
    expect(await storage.crons.nextDue(bob)).toBeUndefined()
    expect(await ids({}, bob)).toEqual([])
    expect(await storage.crons.get(everything, 'c1')).toEqual(before)
  })

  it('merges metadata, and replaces whatever else it is given', async () => {
    await cron('c1', {
      metadata: { a: 1, b: { c: 1 } },
      payload: { input: 1, config: {} },
      creator: Buffer.from('one'),
    })
    const changed = await storage.crons.update(everything, 'c1', {
      metadata: { b: 2 },
      payload: { input: 2 },
      enabled: false,
      end_time: LATER,
      user_id: 'bob',
      creator: Buffer.from('two'),
    })
    expect(changed).toMatchObject({ metadata: { a: 1, b: 2 }, payload: { input: 2 }, enabled: false, user_id: 'bob' })
    expect(await storage.crons.get(everything, 'c1')).toEqual(changed)
    await storage.crons.update(everything, 'c1', { enabled: true })
    const [due] = await storage.crons.due(everything, LATER, 10)
    expect(Buffer.from(due?.creator ?? []).toString()).toBe('two')
    expect(due?.cron).toMatchObject({ end_time: LATER, metadata: { a: 1, b: 2 } })
  })

  it('goes with its thread and with its assistant, and no other does', async () => {
    await thread('t1')
    await cron('of thread', { thread_id: 't1' })
    await cron('of another', { assistant_id: 'a2' })
    await cron('free')
    expect(await cron('of no thread', { thread_id: 'gone' })).toBeUndefined()
    await storage.threads.delete(everything, 't1')
    expect(await ids()).toEqual(['free', 'of another'])

    const assistant = { graph_id: 'g', name: 'n', description: null, config: {}, context: {} }
    for (const assistant_id of ['a1', 'a2']) {
      await storage.assistants.create(everything, { ...assistant, assistant_id, metadata: { owner: 'alice' } }, 'raise')
    }
    expect(await storage.assistants.delete(owner('bob'), 'a2')).toBe(false)
    expect(await ids()).toEqual(['free', 'of another'])
    expect(await storage.assistants.delete(owner('alice'), 'a2')).toBe(true)
    expect(await ids()).toEqual(['free'])
  })
})

describe('a list', () => {
  beforeEach(async () => {
    await thread('ta', { owner: 'alice', room: 1 })
    await thread('tb', { owner: 'bob', room: 2 })
    await cron('a', { thread_id: 'ta', metadata: { owner: 'alice', n: [1, 2] } })
    await cron('b', { thread_id: 'tb', metadata: { owner: 'bob' }, assistant_id: 'a2' })
    await cron('mixed', { thread_id: 'ta', metadata: { owner: 'bob' } })
    await cron('free', { metadata: { owner: 'bob' }, enabled: false })
  })

  const all = ['a', 'b', 'free', 'mixed']
  it.each<[string, CronQuery, string[]]>([
    ['everything', {}, all],
    ['an assistant', { assistant_id: 'a1' }, ['a', 'free', 'mixed']],
    ['a thread', { thread_id: 'ta' }, ['a', 'mixed']],
    ['enabled ones', { enabled: true }, ['a', 'b', 'mixed']],
    ['disabled ones', { enabled: false }, ['free']],
    ['metadata', { metadata: { n: [2] } }, ['a']],
    ['metadata of the thread', { threadMetadata: { room: 1 } }, ['a', 'free', 'mixed']],
    ['all at once', { assistant_id: 'a1', thread_id: 'ta', metadata: { owner: 'bob' } }, ['mixed']],
  ])('finds by %s', async (_, query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  it.each([
    ['alice', 'everything', ['a']],
    ['bob', 'everything', ['b', 'free', 'mixed']],
    ['bob', 'bob', ['b', 'free']],
    ['everything', 'bob', ['b', 'free']],
    ['everything', 'alice', ['a', 'free', 'mixed']],
    ['alice', 'bob', []],
    ['carol', 'carol', []],
  ])('to %s, on the threads of %s, shows %j', async (crons, threads, expected) => {
    const scopeOf = (name: string) => (name === 'everything' ? everything : owner(name))
    expect(await ids({}, scopeOf(crons), scopeOf(threads))).toEqual(expected)
  })

  it('never asks a thread that a cron is not bound to', async () => {
    expect(await ids({ thread_id: 'ta' }, everything, owner('bob'))).toEqual([])
    expect(await ids({}, everything, scoped({ tags: { $contains: 'x' } }))).toEqual(['free'])
  })

  it('has pages, and a total within the scopes', async () => {
    for (const [offset, expected] of [
      [0, ['mixed', 'free']],
      [2, ['b']],
      [3, []],
    ] as const) {
      const query = { limit: 2, offset, sort_by: 'cron_id', sort_order: 'desc' } as const
      const { rows, total } = await storage.crons.search(owner('bob'), everything, {}, query)
      expect([rows.map(({ cron_id }) => cron_id), total]).toEqual([expected, 3])
    }
  })
})

describe('what is due', () => {
  it('is enabled and has come, the longest due first', async () => {
    await cron('second', { next_run_date: '2029-01-02T00:00:00.000Z' })
    await cron('first', { next_run_date: '2029-01-01T00:00:00.000Z' })
    await cron('now', { next_run_date: DUE })
    await cron('later', { next_run_date: LATER })
    await cron('off', { next_run_date: '2029-01-01T00:00:00.000Z', enabled: false })
    await cron('never', { next_run_date: null })
    const due = async (limit: number) =>
      (await storage.crons.due(everything, DUE, limit)).map(({ cron }) => cron.cron_id)
    expect(await due(10)).toEqual(['first', 'second', 'now'])
    expect(await due(2)).toEqual(['first', 'second'])
    expect(await storage.crons.nextDue(everything)).toBe('2029-01-01T00:00:00.000Z')
  })

  it('comes in turns by user, and the turns go on behind the last one', async () => {
    const times = ['2029-01-01', '2029-01-02', '2029-01-03'].map((day) => `${day}T00:00:00.000Z`)
    for (const [n, next_run_date] of times.entries()) {
      await cron(`bob ${n}`, { user_id: 'bob', next_run_date })
      await cron(`nobody ${n}`, { next_run_date })
    }
    await cron('alice', { user_id: 'alice', next_run_date: DUE })
    await cron('carol', { user_id: 'carol', next_run_date: DUE })
    const due = async (limit: number, after?: string | null) =>
      (await storage.crons.due(everything, DUE, limit, after)).map(({ cron }) => cron.cron_id)
    const first = ['alice', 'bob 0', 'carol', 'nobody 0']
    expect(await due(10)).toEqual([...first, 'bob 1', 'nobody 1', 'bob 2', 'nobody 2'])
    expect(await due(4, null)).toEqual(first)
    expect(await due(3, 'alice')).toEqual(['bob 0', 'carol', 'nobody 0'])
    expect(await due(4, 'bob')).toEqual(['carol', 'nobody 0', 'alice', 'bob 0'])
    expect(await due(2, 'zoe')).toEqual(['nobody 0', 'alice'])
  })

  it('and will be due is counted by user', async () => {
    for (const id of ['a', 'b']) await cron(id, { user_id: 'bob', metadata: { owner: id } })
    await cron('off', { user_id: 'bob', enabled: false })
    await cron('ended', { user_id: 'bob', next_run_date: null })
    await cron('of alice', { user_id: 'alice' })
    await cron('of nobody')
    const counts = ['bob', 'alice', 'nobody'].map((user) => storage.crons.coming(everything, user))
    expect(await Promise.all(counts)).toEqual([2, 1, 0])
    expect(await storage.crons.coming(owner('a'), 'bob')).toBe(1)
  })

  it('is nothing where there is nothing enabled', async () => {
    await cron('off', { enabled: false })
    await cron('never', { next_run_date: null })
    expect(await storage.crons.nextDue(everything)).toBeUndefined()
  })

  it('is taken by one of those who try, on two connections too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-crons-'))
    const one = await openSqliteStorage(join(folder, 'a.db'))
    const two = await openSqliteStorage(join(folder, 'a.db'))
    try {
      const made = await cron('c1')
      if (!made) throw new Error('not made')
      await one.crons.create(everything, { ...made, creator: null })
      const tries = [one, two, one, two].map((each) => each.crons.advance(everything, 'c1', DUE, LATER))
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
      expect((await two.crons.get(everything, 'c1'))?.next_run_date).toBe(LATER)
      expect(await one.crons.advance(everything, 'c1', LATER, null)).toBe(true)
      expect((await two.crons.get(everything, 'c1'))?.next_run_date).toBeNull()
    } finally {
      await Promise.all([one.close(), two.close()])
      await rm(folder, { recursive: true })
    }
  })

  it('is not taken once it is off, gone, or has another time', async () => {
    await cron('off', { enabled: false })
    await cron('moved', { next_run_date: LATER })
    for (const id of ['off', 'moved', 'gone']) {
      expect(await storage.crons.advance(everything, id, DUE, LATER)).toBe(false)
    }
  })
})
