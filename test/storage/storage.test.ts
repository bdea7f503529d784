import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import { RUN_FIELDS, type Storage } from '../../src/storage/storage.js'
import { everything, owner, scoped } from './scopes.js'

const page = { limit: 10, offset: 0 }
let storage: Storage

beforeEach(async () => {
  storage = await openSqliteStorage(':memory:')
})
afterEach(() => storage.close())

async function thread(thread_id: string, metadata: Record<string, unknown> = {}) {
  return storage.threads.create(everything, { thread_id, metadata }, 'raise')
}

describe('threads', () => {
  it('hidden from a scope are absent for every method, and stay as they are', async () => {
    await thread('t1', { owner: 'alice', n: 1 })
    const before = await storage.threads.get(everything, 't1')
    const bob = owner('bob')
    expect(await storage.threads.get(bob, 't1')).toBeUndefined()
    expect(bob.trace.hidden).toBe(1)
    expect(await storage.threads.get(bob, 'nowhere')).toBeUndefined()
    expect(bob.trace.hidden).toBe(0)
    expect(await storage.threads.search(bob, {}, page)).toEqual({ rows: [], total: 0 })
    expect(await storage.threads.count(bob, { ids: ['t1'] })).toBe(0)
    expect(await storage.threads.update(bob, 't1', { metadata: { owner: 'bob' } })).toBeUndefined()
    expect(await storage.threads.begin(bob, 't1', { metadata: {}, config: {} })).toBeUndefined()
    expect(await storage.threads.setState(bob, 't1', { values: 1, interrupts: {}, status: 'idle', error: null })).toBe(
      false,
    )
    expect(await storage.threads.copy(bob, 't1', { thread_id: 't2', metadata: {} })).toBeUndefined()
    expect(await storage.threads.delete(bob, 't1')).toBe(false)
    expect(
      await storage.threads.create(bob, { thread_id: 't1', metadata: { owner: 'bob' } }, 'do_nothing'),
    ).toBeUndefined()
    expect(await storage.threads.get(everything, 't1')).toEqual(before)
    expect(await storage.threads.count(everything, {})).toBe(1)
  })

  it('that the caller owns are adopted by do_nothing, and refused by raise', async () => {
    await thread('t1', { owner: 'alice' })
    const again = { thread_id: 't1', metadata: { owner: 'alice', again: true } }
    expect((await storage.threads.create(owner('alice'), again, 'do_nothing'))?.metadata).toEqual({ owner: 'alice' })
    expect(await storage.threads.create(owner('alice'), again, 'raise')).toBeUndefined()
  })

  it('are searched by containment, as PostgreSQL contains', async () => {
    await thread('t1', { a: { b: [1, { c: 2, d: 3 }] }, n: null })
    await thread('t2', { a: { b: [{ c: 2 }, 4] } })
    const ids = async (metadata: Record<string, unknown>) =>
      (await storage.threads.search(everything, { metadata }, page)).rows.map(({ thread_id }) => thread_id).sort()
    expect(await ids({ a: { b: [{ c: 2 }] } })).toEqual(['t1', 't2'])
    expect(await ids({ a: { b: [1] } })).toEqual(['t1'])
    expect(await ids({ a: { b: [4, { c: 2 }] } })).toEqual(['t2'])
    expect(await ids({ a: { b: 1 } })).toEqual([])
    expect(await ids({ n: null })).toEqual(['t1'])
    expect(await ids({ a: {} })).toEqual(['t1', 't2'])
    expect(await ids({ a: { b: [{ c: '2' }] } })).toEqual([])
  })

  it('say in the trace how many of them a list hid', async () => {
    for (const [id, identity] of Object.entries({ t1: 'alice', t2: 'bob', t3: 'bob' }))
      await thread(id, { owner: identity })
    const [alice, bob, carol] = [owner('alice'), owner('bob'), owner('carol')]
    for (const scope of [alice, bob, carol]) await storage.threads.search(scope, {}, { limit: 1, offset: 0 })
    expect([alice, bob, carol].map(({ trace }) => trace.hidden)).toEqual([2, 1, 3])
  })

  it('without values match no values filter', async () => {
    await thread('t1')
    await thread('t2')
    await storage.threads.setState(everything, 't2', {
      values: { k: 'v' },
      interrupts: {},
      status: 'idle',
      error: null,
    })
    const { rows } = await storage.threads.search(everything, { values: { k: 'v' } }, page)
    expect(rows.map(({ thread_id }) => thread_id)).toEqual(['t2'])
    expect(await storage.threads.count(everything, { values: {} })).toBe(1)
  })

  it('are filtered before they are limited and counted', async () => {
    for (let index = 0; index < 30; index++) await thread(`t${index}`, { owner: index % 3 === 0 ? 'alice' : 'bob' })
    const { rows, total } = await storage.threads.search(
      owner('alice'),
      {},
      { limit: 4, offset: 8, sort_by: 'created_at' },
    )
    expect(total).toBe(10)
    expect(rows).toHaveLength(2)
    expect(rows.every(({ metadata }) => metadata['owner'] === 'alice')).toBe(true)
  })

  it('are counted anew after every change, whoever made it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-count-'))
    const [one, other] = [
      await openSqliteStorage(join(folder, 'dev.db')),
      await openSqliteStorage(join(folder, 'dev.db')),
    ]
    const counts = async () => [
      await one.threads.count(owner('alice'), {}),
      await other.threads.count(owner('alice'), {}),
    ]
    const make = (storage: Storage, thread_id: string, identity: string) =>
      storage.threads.create(everything, { thread_id, metadata: { owner: identity } }, 'raise')
    expect(await counts()).toEqual([0, 0])
    await make(one, 't1', 'alice')
    expect(await counts()).toEqual([1, 1])
    await make(other, 't2', 'alice')
    await make(other, 't3', 'bob')
    expect(await counts()).toEqual([2, 2])
    await one.threads.update(everything, 't3', { metadata: { owner: 'alice' } })
    expect(await counts()).toEqual([3, 3])
    await other.threads.delete(everything, 't1')
    expect(await counts()).toEqual([2, 2])
    await one.close()
    await other.close()
    await rm(folder, { recursive: true })
  })

  it('copy with their checkpoints and writes, and are then apart', async () => {
    await thread('t1', { owner: 'alice' })
    const at = { thread_id: 't1', checkpoint_ns: '', checkpoint_id: 'c1' }
    const bytes = new Uint8Array([1, 2, 3])
    await storage.checkpoints.put(everything, {
      ...at,
      parent_checkpoint_id: null,
      run_id: null,
      type: 'json',
      checkpoint: bytes,
      metadata: {},
    })
    await storage.checkpoints.putWrites(everything, at, [
      { task_id: 'x', task_path: '', idx: 0, channel: 'c', type: 'json', value: bytes },
    ])
    await storage.threads.copy(owner('alice'), 't1', { thread_id: 't2', metadata: { owner: 'alice' } })
    await storage.threads.delete(everything, 't1')
    expect((await storage.checkpoints.get(everything, 't2', '', 'c1'))?.checkpoint).toEqual(Buffer.from(bytes))
    expect(await storage.checkpoints.writes(everything, 't2', '', 'c1')).toHaveLength(1)
    expect(await storage.checkpoints.writes(everything, 't1', '', 'c1')).toHaveLength(0)
  })
})

function checkpointOf(thread_id: string) {
  return {
    thread_id,
    checkpoint_ns: '',
    checkpoint_id: 'c1',
    parent_checkpoint_id: null,
    run_id: 'r1',
    type: 'json',
    checkpoint: new Uint8Array(),
    metadata: {},
  }
}

describe('runs and checkpoints', () => {
  beforeEach(async () => {
    await thread('t1', { owner: 'alice' })
    await storage.runs.create(everything, {
      run_id: 'r1',
      thread_id: 't1',
      assistant_id: 'a',
      metadata: {},
      kwargs: {},
      multitask_strategy: 'reject',
      identity: 'alice',
      plan: Buffer.from('sealed'),
    })
    await storage.checkpoints.put(everything, checkpointOf('t1'))
  })

  it('are seen through their thread', async () => {
    const bob = owner('bob')
    expect(await storage.runs.get(bob, 't1', 'r1')).toBeUndefined()
    expect(await storage.runs.list(bob, 't1', {}, page)).toEqual([])
    expect(await storage.runs.threadOf(bob, 'r1')).toBeUndefined()
    expect(await storage.runs.finish(bob, 'r1', { status: 'error' })).toBe(false)
    expect(await storage.runs.claim(bob, 'r1')).toBeUndefined()
    expect(await storage.runs.tickets(bob)).toEqual([])
    expect(await storage.runs.errorOf(bob, 't1', 'r1')).toBeNull()
    expect(await storage.runs.delete(bob, 't1', 'r1')).toBe(false)
    expect(await storage.runs.allInFlight(bob, 'all')).toEqual([])
    const run = {
      run_id: 'r2',
      thread_id: 't1',
      assistant_id: 'a',
      metadata: {},
      kwargs: {},
      multitask_strategy: 'reject',
      identity: 'bob',
      plan: Buffer.from('sealed'),
    }
    // A thread that Bob may see must not open the door to one that he may not.
    await thread('bobs', { owner: 'bob' })
    expect(await storage.checkpoints.put(bob, { ...checkpointOf('t1'), checkpoint_id: 'c9' })).toBe(false)
    const write = { task_id: 't', task_path: '', idx: 0, channel: 'c', type: 'json', value: new Uint8Array() }
    expect(await storage.checkpoints.putWrites(bob, checkpointOf('t1'), [write])).toBe(false)
    expect(await storage.runs.create(bob, run)).toBeUndefined()
    expect(await storage.checkpoints.get(bob, 't1', '')).toBeUndefined()
    expect(await storage.checkpoints.list(bob, 't1', {})).toEqual([])
    await storage.checkpoints.deleteThread(bob, 't1')
    expect(await storage.checkpoints.list(owner('alice'), 't1', {})).toHaveLength(1)
    expect((await storage.runs.get(owner('alice'), 't1', 'r1'))?.status).toBe('pending')
  })

  it('a run is taken once, ends once, and shows nothing of its plan', async () => {
    const ticket = { run_id: 'r1', thread_id: 't1', identity: 'alice', due_at: expect.any(String) }
    expect(await storage.runs.tickets(everything)).toEqual([ticket])
    const claims = await Promise.all([storage.runs.claim(everything, 'r1'), storage.runs.claim(everything, 'r1')])
    const [claimed, ...others] = claims.filter(Boolean)
    expect(others).toEqual([])
    expect(Buffer.from(claimed?.plan ?? []).toString()).toBe('sealed')
    expect(claimed?.run.status).toBe('running')
    const shown = await storage.runs.get(everything, 't1', 'r1')
    expect(Object.keys(shown ?? {}).sort()).toEqual([...RUN_FIELDS].sort())
    expect(await storage.runs.tickets(everything)).toEqual([])
    const error = { error: 'E', message: 'no' }
    expect(await storage.runs.finish(everything, 'r1', { status: 'error', error })).toBe(true)
    expect(await storage.runs.finish(everything, 'r1', { status: 'success' })).toBe(false)
    expect(await storage.runs.errorOf(everything, 't1', 'r1')).toEqual(error)
    expect(await storage.runs.claim(everything, 'r1')).toBeUndefined()
  })

  it('of another thread are not found under this one', async () => {
    await thread('t2', { owner: 'alice' })
    expect(await storage.runs.get(owner('alice'), 't2', 'r1')).toBeUndefined()
    expect(await storage.runs.delete(owner('alice'), 't2', 'r1')).toBe(false)
  })

  it('go with their thread, and no checkpoint outlives it', async () => {
    await storage.threads.delete(everything, 't1')
    expect(await storage.runs.threadOf(everything, 'r1')).toBeUndefined()
    const late = {
      thread_id: 't1',
      checkpoint_ns: '',
      checkpoint_id: 'c2',
      parent_checkpoint_id: null,
      run_id: 'r1',
      type: 'json',
      checkpoint: new Uint8Array(),
      metadata: {},
    }
    expect(await storage.checkpoints.put(everything, late)).toBe(false)
    await thread('t1', { owner: 'bob' })
    expect(await storage.checkpoints.list(everything, 't1', {})).toEqual([])
  })

  it('a deleted run takes its checkpoints along', async () => {
    await storage.runs.delete(owner('alice'), 't1', 'r1')
    expect(await storage.checkpoints.list(everything, 't1', {})).toEqual([])
  })
})

describe('assistants', () => {
  const assistant = {
    assistant_id: 'a1',
    graph_id: 'agent',
    name: 'One',
    description: null,
    config: {},
    context: null,
    metadata: { owner: 'alice' },
  }

  it('keep their versions, and hide them from other scopes', async () => {
    await storage.assistants.create(everything, assistant, 'raise')
    await storage.assistants.update(owner('alice'), 'a1', { name: 'Two', metadata: { extra: 1 } })
    expect(await storage.assistants.update(owner('bob'), 'a1', { name: 'Mine' })).toBeUndefined()
    const versions = await storage.assistants.versions(owner('alice'), 'a1', {}, page)
    expect(versions.map(({ version, name }) => [version, name])).toEqual([
      [2, 'Two'],
      [1, 'One'],
    ])
    expect(await storage.assistants.versions(owner('bob'), 'a1', {}, page)).toEqual([])
    expect(await storage.assistants.setLatest(owner('bob'), 'a1', 1)).toBeUndefined()
    expect((await storage.assistants.setLatest(owner('alice'), 'a1', 1))?.name).toBe('One')
    expect(await storage.assistants.setLatest(owner('alice'), 'a1', 9)).toBeUndefined()
    expect((await storage.assistants.update(owner('alice'), 'a1', { name: 'Three' }))?.version).toBe(3)
    expect(await storage.assistants.delete(owner('bob'), 'a1')).toBe(false)
    expect(await storage.assistants.delete(owner('alice'), 'a1')).toBe(true)
    expect(await storage.assistants.versions(everything, 'a1', {}, page)).toEqual([])
  })

  it.each([
    ['o', 1],
    ['ONE', 1],
    ['%', 0],
    ['_', 0],
  ])('are found by part of their name: %s', async (name, count) => {
    await storage.assistants.create(everything, assistant, 'raise')
    expect(await storage.assistants.count(everything, { name })).toBe(count)
  })
})

describe('items', () => {
  const put = (namespace: string[], key: string, value: Record<string, unknown> = {}) =>
    storage.items.put(everything, { namespace, key, value, searchText: null, ttl: null })

  it('lie under whole labels, whatever characters these have', async () => {
    for (const namespace of [['user1'], ['user1', 'a'], ['user10'], ['user1,x'], ['user1"'], ['user'], ['*']])
      await put(namespace, 'k')
    const under = async (...namespacePrefix: string[]) =>
      (await storage.items.search(everything, { namespacePrefix }, page))
        .map(({ namespace }) => namespace.join('/'))
        .sort()
    expect(await under('user1')).toEqual(['user1', 'user1/a'])
    expect(await under('user1,x')).toEqual(['user1,x'])
    expect(await under('*')).toEqual(['*'])
    expect(await under()).toHaveLength(7)
  })

  it('list their namespaces by prefix, suffix, wildcard and depth', async () => {
    for (const namespace of [
      ['u1', 'mem', 'x'],
      ['u1', 'docs'],
      ['u2', 'mem'],
      ['u10', 'mem'],
    ])
      await put(namespace, 'k')
    const list = async (search: { prefix?: string[]; suffix?: string[]; maxDepth?: number }) =>
      (await storage.items.namespaces(everything, { prefix: [], suffix: [], ...search }, page))
        .map((labels) => labels.join('/'))
        .sort()
    expect(await list({ prefix: ['u1'] })).toEqual(['u1/docs', 'u1/mem/x'])
    expect(await list({ suffix: ['mem'] })).toEqual(['u10/mem', 'u2/mem'])
    expect(await list({ prefix: ['*', 'mem'] })).toEqual(['u1/mem/x', 'u10/mem', 'u2/mem'])
    expect(await list({ prefix: ['u1', '*', 'x'] })).toEqual(['u1/mem/x'])
    expect(await list({ maxDepth: 1 })).toEqual(['u1', 'u10', 'u2'])
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['an equal value', { n: 1 }, ['a']],
    ['$eq', { n: { $eq: 2 } }, ['b']],
    ['$ne, also where the field is missing', { n: { $ne: 1 } }, ['b', 'c']],
    ['$gt', { n: { $gt: 1 } }, ['b']],
    ['$gte and $lt', { n: { $gte: 1, $lt: 2 } }, ['a']],
    ['$lte on strings', { s: { $lte: 'b' } }, ['a']],
    ['a comparison with another type', { s: { $gt: 0 } }, []],
    ['$eq null', { z: { $eq: null } }, ['c']],
  ])('are searched by %s', async (_, filter, expected) => {
    await put(['u'], 'a', { n: 1, s: 'a' })
    await put(['u'], 'b', { n: 2, s: 'c' })
    await put(['u'], 'c', { z: null })
    const found = await storage.items.search(everything, { namespacePrefix: ['u'], filter }, page)
    expect(found.map(({ key }) => key).sort()).toEqual(expected)
  })

  it('refuse an operator that is not known', async () => {
    const filter = { n: { $regex: '.*' } }
    const search = storage.items.search(everything, { namespacePrefix: [], filter }, page)
    await expect(search).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('can be neither read, replaced nor removed by a scope that hides them', async () => {
    await put(['shared'], 'k', { owner: 'alice' })
    const bob = owner('bob')
    expect(
      await storage.items.put(bob, {
        namespace: ['shared'],
        key: 'k',
        value: { owner: 'bob' },
        searchText: null,
        ttl: null,
      }),
    ).toBe('hidden')
    expect(
      await storage.items.put(bob, {
        namespace: ['shared'],
        key: 'x',
        value: { owner: 'alice' },
        searchText: null,
        ttl: null,
      }),
    ).toBe('refused')
    expect(await storage.items.get(bob, ['shared'], 'k')).toBeUndefined()
    expect(await storage.items.delete(bob, ['shared'], 'k')).toBe(false)
    expect(await storage.items.namespaces(bob, { prefix: [], suffix: [] }, page)).toEqual([])
    expect((await storage.items.get(owner('alice'), ['shared'], 'k'))?.value).toEqual({ owner: 'alice' })
    expect(
      await storage.items.put(scoped({ namespace: { $contains: 'bob' } }), {
        namespace: ['bob'],
        key: 'k',
        value: {},
        searchText: null,
        ttl: null,
      }),
    ).toBe('stored')
  })
})

describe('a database file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'authkit-storage-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps what was stored', async () => {
    const path = join(folder, 'new', 'folder', 'dev.db')
    const first = await openSqliteStorage(path)
    await first.threads.create(everything, { thread_id: 't1', metadata: { owner: 'alice' } }, 'raise')
    await first.close()
    const second = await openSqliteStorage(path)
    expect((await second.threads.get(owner('alice'), 't1'))?.metadata).toEqual({ owner: 'alice' })
    await second.close()
  })

  it('that is none is refused, and left as it is', async () => {
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'these are my notes, not a database')
    await expect(openSqliteStorage(path)).rejects.toMatchObject({ code: 'database_unusable' })
    expect(readFileSync(path, 'utf8')).toBe('these are my notes, not a database')
  })

  it('of a newer authkit is refused', async () => {
    const path = join(folder, 'dev.db')
    await (await openSqliteStorage(path)).close()
    const raw = new Database(path)
    raw.prepare(`insert into kysely_migration (name, timestamp) values ('9999_future', '2030-01-01')`).run()
    raw.close()
    await expect(openSqliteStorage(path)).rejects.toMatchObject({ code: 'database_unusable' })
  })

  const topic = { metadata: { topic: 'x' } }
  it.each([
    ['an owner filter', () => owner('alice'), {}, [], 'threads_filter_owner'],
    ['a metadata search', () => everything, topic, [], 'threads_search_topic'],
    ['an owner filter and a search', () => owner('alice'), topic, [], 'threads_filter_owner'],
    ['an owner filter and a search that has an index', () => owner('alice'), topic, [topic], 'threads_filter_owner'],
    ['nothing', () => everything, {}, [], 'threads_by_age'],
  ])('lists by %s through an index, without sorting', async (_, scope, query, before, index) => {
    const path = join(folder, 'dev.db')
    const statements: string[] = []
    const opened = await openSqliteStorage(path, { onStatement: (text) => statements.push(text) })
    for (const earlier of before) await opened.threads.search(everything, earlier, page)
    statements.length = 0
    await opened.threads.search(scope(), query, { limit: 3, offset: 5 })
    await opened.close()

    const lists = statements.filter((text) => /^select .* from "threads" .*order by/.test(text))
    expect(lists).toHaveLength(1)
    const raw = new Database(path)
    const plan = raw
      .prepare(`explain query plan ${lists[0]}`)
      .all(...Array.from(lists[0]?.matchAll(/\?/g) ?? [], () => 1))
    raw.close()
    expect(plan).toEqual([expect.objectContaining({ detail: expect.stringContaining(`INDEX ${index}`) })])
  })

  it('reads a list once, whatever is looked for in it', async () => {
    const statements: string[] = []
    const opened = await openSqliteStorage(':memory:', { onStatement: (text) => statements.push(text) })
    await opened.threads.search(scoped({ readers: { $contains: ['a', 1, true, null] } }), {}, page)
    await opened.threads.search(everything, { metadata: { tags: ['a', { k: ['b'] }, [1]] } }, page)
    await opened.close()
    // Of two, the first looks for four elements of a filter, the second for one list in a search.
    const lists = statements.filter((text) => text.includes('authkit_contains('))
    expect(lists.map((text) => text.match(/authkit_contains\(/g)?.length)).toEqual([4, 1])
    expect(statements.filter((text) => text.includes('json_each'))).toEqual([])
  })

  it('makes a bounded number of indexes, and none for odd keys', async () => {
    const path = join(folder, 'dev.db')
    const opened = await openSqliteStorage(path)
    for (let index = 0; index < 20; index++) {
      await opened.threads.search(scoped({ [`filter${index}`]: 'x' }), {}, page)
      await opened.threads.search(everything, { metadata: { [`search${index}`]: 'x' } }, page)
    }
    await opened.threads.search(scoped({ [`owner" , x); drop table threads; --`]: 'x', 'a.b': 1 }), {}, page)
    await opened.close()
    const raw = new Database(path)
    const names = raw
      .prepare(`select name from sqlite_master where type = 'index' and name like 'threads\\_%\\_%' escape '\\'`)
      .pluck()
      .all()
    raw.close()
    expect(names.filter((name) => String(name).startsWith('threads_filter_'))).toHaveLength(8)
    expect(names.filter((name) => String(name).startsWith('threads_search_'))).toHaveLength(4)
  })
})
