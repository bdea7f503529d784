import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Scope } from '../../src/engine/scope.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Json, NewItem, Storage } from '../../src/storage/storage.js'
import { everything, owner, scoped } from './scopes.js'

const page = { limit: 100, offset: 0 }
const START = Date.parse('2030-01-01T00:00:00.000Z')

let storage: Storage
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  storage = await openSqliteStorage(':memory:')
})
afterEach(async () => {
  vi.useRealTimers()
  await storage.close()
})

const minutes = (count: number) => vi.setSystemTime(Date.now() + count * 60_000)

function put(
  namespace: readonly string[],
  key: string,
  value: Json = {},
  { scope = everything, ...more }: Partial<NewItem> & { scope?: Scope } = {},
) {
  return storage.items.put(scope, { namespace, key, value, searchText: null, ttl: null, ...more })
}

async function found(search: Partial<Parameters<Storage['items']['search']>[1]> = {}, scope: Scope = everything) {
  const items = await storage.items.search(scope, { namespacePrefix: [], ...search }, page)
  return items.map(({ key }) => key)
}

describe('namespaces', () => {
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

  it.each<[string, { prefix?: string[]; suffix?: string[]; maxDepth?: number }, string[]]>([
    ['a prefix', { prefix: ['u1'] }, ['u1/docs', 'u1/mem/x']],
    ['a suffix', { suffix: ['mem'] }, ['u10/mem', 'u2/mem', 'x"/mem']],
    ['a suffix of two labels', { suffix: ['mem', 'x'] }, ['u1/mem/x']],
    ['a suffix with a quote', { suffix: ['x"', 'mem'] }, ['x"/mem']],
    ['a suffix that is no whole label', { suffix: ['em'] }, []],
    ['prefix and suffix', { prefix: ['u1'], suffix: ['x'] }, ['u1/mem/x']],
    ['prefix and suffix that overlap', { prefix: ['u1', 'mem'], suffix: ['mem', 'x'] }, ['u1/mem/x']],
    ['a wildcard in front', { prefix: ['*', 'mem'] }, ['u1/mem/x', 'u10/mem', 'u2/mem', 'x"/mem']],
    ['a wildcard within', { prefix: ['u1', '*', 'x'] }, ['u1/mem/x']],
    ['a wildcard in the suffix', { suffix: ['*', 'x'] }, ['u1/mem/x']],
    ['depth', { maxDepth: 1 }, ['u1', 'u10', 'u2', 'x"']],
    ['depth under a prefix', { prefix: ['u1'], maxDepth: 2 }, ['u1/docs', 'u1/mem']],
  ])('are listed by %s', async (_, search, expected) => {
    for (const namespace of [
      ['u1', 'mem', 'x'],
      ['u1', 'docs'],
      ['u2', 'mem'],
      ['u10', 'mem'],
      ['x"', 'mem'],
    ])
      await put(namespace, 'k')
    const listed = await storage.items.namespaces(everything, { prefix: [], suffix: [], ...search }, page)
    expect(listed.map((labels) => labels.join('/')).sort()).toEqual(expected)
    const pages: (readonly string[])[] = []
    for (let offset = 0; offset < expected.length; offset++) {
      const one = { limit: 1, offset }
      pages.push(...(await storage.items.namespaces(everything, { prefix: [], suffix: [], ...search }, one)))
    }
    expect(pages).toEqual(listed)
  })
})

describe('filters', () => {
  it.each<[string, Json, string[]]>([
    ['an equal value', { n: 1 }, ['a']],
    ['$eq', { n: { $eq: 2 } }, ['b']],
    ['$ne, also where the field is missing', { n: { $ne: 1 } }, ['b', 'c']],
    ['$gt', { n: { $gt: 1 } }, ['b']],
    ['$gte and $lt', { n: { $gte: 1, $lt: 2 } }, ['a']],
    ['$lte on strings', { s: { $lte: 'b' } }, ['a']],
    ['a comparison with another type', { s: { $gt: 0 } }, []],
    ['$eq null', { z: { $eq: null } }, ['c']],
    ['what an object contains', { deep: { a: { b: 1 } } }, ['b']],
    ['two fields', { n: 2, s: 'a' }, []],
  ])('find by %s', async (_, filter, expected) => {
    await put(['u'], 'a', { n: 1, s: 'a' })
    await put(['u'], 'b', { n: 2, s: 'c', deep: { a: { b: 1, c: 2 } } })
    await put(['u'], 'c', { z: null })
    expect((await found({ namespacePrefix: ['u'], filter })).sort()).toEqual(expected)
  })

  it('with an operator that is not known are refused', async () => {
    await expect(found({ filter: { n: { $regex: '.*' } } })).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

describe('a scope', () => {
  it('hides what it hides from reading, replacing and deleting', async () => {
    await put(['shared'], 'k', { owner: 'alice' })
    const scope = owner('bob')
    expect(await put(['shared'], 'k', { owner: 'bob' }, { scope })).toBe('hidden')
    expect(await put(['shared'], 'x', { owner: 'alice' }, { scope })).toBe('refused')
    expect(await storage.items.get(scope, ['shared'], 'k')).toBeUndefined()
    expect(await storage.items.delete(scope, ['shared'], 'k')).toBe(false)
    expect(await storage.items.namespaces(scope, { prefix: [], suffix: [] }, page)).toEqual([])
    expect(await found({}, scope)).toEqual([])
    expect((await storage.items.get(owner('alice'), ['shared'], 'k'))?.value).toEqual({ owner: 'alice' })
  })

  it('may be about namespace and key', async () => {
    const scope = scoped({ namespace: { $contains: 'bob' } })
    expect(await put(['bob'], 'k', { namespace: ['carol'] }, { scope })).toBe('stored')
    expect(await put(['carol'], 'k', { namespace: ['bob'] }, { scope })).toBe('refused')
  })

  it('keeps a hidden item from losing what is indexed of it', async () => {
    const vectors = [Float32Array.of(1, 0)]
    await put(['shared'], 'k', { owner: 'alice' }, { vectors })
    const scope = owner('bob')
    expect(await put(['shared'], 'k', { owner: 'bob' }, { scope, vectors: [Float32Array.of(0, 1)] })).toBe('hidden')
    expect(await put(['shared'], 'k', { owner: 'bob' }, { scope })).toBe('hidden')
    const [item] = await storage.items.search(everything, { namespacePrefix: [], vector: Float32Array.of(1, 0) }, page)
    expect(item).toMatchObject({ value: { owner: 'alice' }, score: 1 })
  })
})

describe('words', () => {
  it.each<[string, string, string[]]>([
    ['one word', 'apple', ['a', 'b']],
    ['part of a word', 'ppl', ['a', 'b']],
    ['another case', 'APPLE', ['a', 'b']],
    ['another case, with accents', 'crème BRÛLÉE', ['a']],
    ['accents spelled in two characters', 'cre\u0300me', ['a']],
    ['every word', 'apple pie', ['b']],
    ['the same word twice', 'pie pie', ['b']],
    ['a word that is nowhere', 'apple nowhere', []],
    ['a pattern of SQL', '%', ['c']],
    ['a quote', '"', ['c']],
    ['nothing but space', '  ', ['a', 'b', 'c', 'd']],
    ['a thousand words', Array.from({ length: 1000 }, (_, index) => `w${index}`).join(' '), []],
  ])('find by %s', async (_, text, expected) => {
    await put(['u'], 'a', {}, { searchText: 'Apple\nCrème Brûlée' })
    await put(['u'], 'b', {}, { searchText: 'apple pie' })
    await put(['u'], 'c', {}, { searchText: '100% "sure"' })
    await put(['u'], 'd', { text: 'apple pie' }, { searchText: null })
    expect((await found({ text })).sort()).toEqual(expected)
  })

  it('are looked for in the whole value of items that an older release stored', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-items-'))
    const file = join(folder, 'dev.db')
    await (await openSqliteStorage(file)).close()
    const old = new Database(file)
    old
      .prepare('insert into items (namespace, key, value, created_at, updated_at) values (?, ?, ?, ?, ?)')
      .run('["u"]', 'old', '{"text":"Old News"}', '2020', '2020')
    old.close()
    const opened = await openSqliteStorage(file)
    const search = (text: string) => opened.items.search(everything, { namespacePrefix: ['u'], text }, page)
    expect(await search('news old')).toHaveLength(1)
    expect(await search('new paper')).toHaveLength(0)
    expect(await opened.items.get(everything, ['u'], 'old', { refreshTtl: true })).toMatchObject({ created_at: '2020' })
    expect(await opened.items.sweep(everything, new Date().toISOString())).toBe(0)
    await opened.close()
    await rm(folder, { recursive: true })
  })
})

describe('time', () => {
  const there = async (scope: Scope = everything) => ({
    get: (await storage.items.get(scope, ['u'], 'k')) !== undefined,
    search: (await found({}, scope)).length === 1,
    filtered: (await found({ filter: { owner: 'alice' } }, scope)).length === 1,
    ranked: (await found({ vector: Float32Array.of(1, 0) }, scope)).length === 1,
    namespaces: (await storage.items.namespaces(scope, { prefix: [], suffix: [] }, page)).length === 1,
    depth: (await storage.items.namespaces(scope, { prefix: [], suffix: [], maxDepth: 1 }, page)).length === 1,
  })
  const all = (is: boolean) => ({ get: is, search: is, filtered: is, ranked: is, namespaces: is, depth: is })
  const mine = { owner: 'alice' }
  const vectors = [Float32Array.of(1, 0)]

  it('makes an item absent at once, before it is swept', async () => {
    await put(['u'], 'k', mine, { ttl: 1.5, vectors })
    minutes(1.499)
    expect(await there()).toEqual(all(true))
    minutes(0.001)
    expect(await there()).toEqual(all(false))
    expect(await storage.items.delete(everything, ['u'], 'k')).toBe(false)
  })

  it('does not tell in a trace that an item over its time is hidden', async () => {
    await put(['u'], 'k', mine, { ttl: 1 })
    const scope = scoped({ owner: 'bob' })
    await storage.items.get(scope, ['u'], 'k')
    expect(scope.trace.hidden).toBe(1)
    minutes(2)
    await storage.items.get(scope, ['u'], 'k')
    expect(scope.trace.hidden).toBe(0)
  })

  it.each<[string, { refreshTtl?: boolean }, boolean]>([
    ['begins anew with a read that refreshes', { refreshTtl: true }, true],
    ['goes on with a read that does not', { refreshTtl: false }, false],
    ['goes on where nothing is said', {}, false],
  ])('%s', async (_, options, lives) => {
    for (const read of [
      () => storage.items.get(everything, ['u'], 'k', options),
      () => found(options),
      () => found({ ...options, filter: mine }),
      () => found({ ...options, vector: Float32Array.of(1, 0) }),
    ]) {
      await put(['u'], 'k', mine, { ttl: 10, vectors })
      minutes(8)
      await read()
      minutes(8)
      expect(await there()).toEqual(all(lives))
      minutes(2)
      expect(await there()).toEqual(all(false))
    }
  })

  it('does not begin anew by the read of somebody it is hidden from', async () => {
    await put(['u'], 'k', mine, { ttl: 10 })
    minutes(8)
    await storage.items.get(owner('bob'), ['u'], 'k', { refreshTtl: true })
    await found({ refreshTtl: true }, owner('bob'))
    minutes(3)
    expect((await there()).get).toBe(false)
  })

  it.each<[string, Partial<NewItem>, boolean]>([
    ['is that of the latest put', { ttl: 10 }, true],
    ['ends with a put without any', { ttl: null }, true],
    ['is shortened by a shorter one', { ttl: 1 }, false],
  ])('%s', async (_, latest, lives) => {
    await put(['u'], 'k', mine, { ttl: 5 })
    minutes(4)
    await put(['u'], 'k', mine, latest)
    minutes(4)
    expect((await there()).get).toBe(lives)
  })

  it('gives the place of an item over its time to anyone, who begins anew', async () => {
    await put(['u'], 'k', mine, { ttl: 5, vectors })
    const scope = owner('bob')
    minutes(4)
    expect(await put(['u'], 'k', { owner: 'bob' }, { scope })).toBe('hidden')
    minutes(1)
    expect(await put(['u'], 'k', { owner: 'bob' }, { scope })).toBe('stored')
    const item = await storage.items.get(scope, ['u'], 'k')
    expect(item).toMatchObject({ value: { owner: 'bob' }, created_at: new Date().toISOString() })
    expect(await found({ vector: Float32Array.of(1, 0) })).toEqual([])
    minutes(1)
    await put(['u'], 'k', { owner: 'bob' }, { scope })
    const replaced = await storage.items.get(scope, ['u'], 'k')
    expect(replaced?.created_at).toBe(item?.created_at)
    expect(replaced?.updated_at).not.toBe(item?.updated_at)
  })

  it('may be longer than dates reach', async () => {
    await put(['u'], 'k', mine, { ttl: Number.MAX_VALUE })
    minutes(1000)
    expect((await there()).get).toBe(true)
  })

  it('is swept: what is over goes, with its vectors, and nothing else', async () => {
    for (let index = 0; index < 1203; index++) await put(['u'], `k${index}`, {}, { ttl: 1, vectors })
    await put(['u'], 'later', {}, { ttl: 60, vectors })
    await put(['u'], 'always')
    minutes(2)
    const now = new Date().toISOString()
    expect(await storage.items.sweep(everything, now)).toBe(1203)
    expect(await storage.items.sweep(everything, now)).toBe(0)
    vi.setSystemTime(START)
    expect((await found()).sort()).toEqual(['always', 'later'])
    expect(await found({ vector: Float32Array.of(1, 0) })).toEqual(['later'])
  })
})

describe('nearness', () => {
  const ranked = async (vector: number[], scope: Scope = everything, search: Json = {}, paging = page) =>
    (
      await storage.items.search(scope, { namespacePrefix: [], vector: Float32Array.from(vector), ...search }, paging)
    ).map(({ key, score }) => [key, Number(score?.toFixed(3))])

  beforeEach(async () => {
    await put(['u'], 'east', { owner: 'alice' }, { vectors: [Float32Array.of(2, 0)] })
    await put(['u'], 'north', { owner: 'alice' }, { vectors: [Float32Array.of(0, 3)] })
    await put(['u'], 'both', { owner: 'bob' }, { vectors: [Float32Array.of(0, 1), Float32Array.of(1, 0.1)] })
    await put(['v'], 'west', { owner: 'bob' }, { vectors: [Float32Array.of(-1, 0)] })
    await put(['u'], 'unindexed', { owner: 'alice' })
    await put(['u'], 'other size', { owner: 'alice' }, { vectors: [Float32Array.of(1, 0, 0)] })
    await put(['u'], 'zero', { owner: 'alice' }, { vectors: [Float32Array.of(0, 0)] })
  })

  it('orders, and the best part of an item counts', async () => {
    expect(await ranked([1, 0])).toEqual([
      ['east', 1],
      ['both', 0.995],
      ['north', 0],
      ['west', -1],
    ])
    expect((await ranked([0, 1])).slice(0, 2).map(([, score]) => score)).toEqual([1, 1])
  })

  it.each<[string, Scope, Json, { limit: number; offset: number }, string[]]>([
    ['a scope', owner('bob'), {}, page, ['both', 'west']],
    ['a filter', everything, { filter: { owner: 'alice' } }, page, ['east', 'north']],
    ['a prefix', everything, { namespacePrefix: ['v'] }, page, ['west']],
    ['paging', everything, {}, { limit: 2, offset: 1 }, ['both', 'north']],
    ['a scope and paging', owner('bob'), {}, { limit: 1, offset: 1 }, ['west']],
  ])('is ranked within %s', async (_, scope, search, paging, expected) => {
    expect((await ranked([1, 0], scope, search, paging)).map(([key]) => key)).toEqual(expected)
  })

  it('is that of what is stored now', async () => {
    await put(['u'], 'east', { owner: 'alice' }, { vectors: [Float32Array.of(-1, 0)] })
    await put(['u'], 'both', { owner: 'bob' }, { vectors: [] })
    await put(['u'], 'north', { owner: 'alice' })
    await storage.items.delete(everything, ['v'], 'west')
    expect(await ranked([1, 0])).toEqual([['east', -1]])
  })
})
