import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import type { Storage } from '../../src/storage/storage.js'
import { everything } from './scopes.js'

/** Of seven rows, in the order they are listed in. Five of them fit into a page, one more does not. */
const SIZES = [9e6, 10, 9e6, 40_000, 9e6, 9e6, 10]
const FIRST_PAGE = 5

let storage: Storage
beforeEach(async () => {
  storage = await openSqliteStorage(':memory:')
})
afterEach(() => storage.close())

interface Kind {
  /** Makes one, and resolves to its name. */
  make(index: number, text: string): Promise<string>
  /** Names and texts of a page, and how many there are where that is known. */
  list(after: readonly string[]): Promise<{ rows: (readonly [string, unknown])[]; total?: number }>
}

const assistant = (assistant_id: string, text: string) => ({
  ...{ assistant_id, graph_id: 'g', name: assistant_id, description: null, context: null },
  ...{ config: { text }, metadata: {} },
})

const cron = (cron_id: string, text: string) => ({
  ...{ cron_id, assistant_id: 'a', thread_id: null, user_id: null, creator: null, schedule: '* * * * *' },
  ...{ timezone: null, end_time: null, next_run_date: null, on_run_completed: null, enabled: true },
  ...{ payload: { text }, metadata: {} },
})

function kinds(limit: number): Record<string, Kind> {
  const oldestFirst = (after: readonly string[], sort_by: string) => {
    return { limit, offset: after.length, sort_by, sort_order: 'asc' } as const
  }
  const page = (after: readonly string[]) => ({ limit, offset: after.length })
  return {
    threads: {
      async make(index, text) {
        const thread_id = `t${index}`
        await storage.threads.create(everything, { thread_id, metadata: {} }, 'raise')
        const state = { values: { text }, interrupts: {}, status: 'idle', error: null } as const
        await storage.threads.setState(everything, thread_id, state)
        return thread_id
      },
      async list(after) {
        const { rows, total } = await storage.threads.search(everything, {}, oldestFirst(after, 'thread_id'))
        return { rows: rows.map(({ thread_id, values }) => [thread_id, (values as { text: string }).text]), total }
      },
    },
    assistants: {
      async make(index, text) {
        await storage.assistants.create(everything, assistant(`a${index}`, text), 'raise')
        return `a${index}`
      },
      async list(after) {
        const { rows, total } = await storage.assistants.search(everything, {}, oldestFirst(after, 'assistant_id'))
        return { rows: rows.map(({ assistant_id, config }) => [assistant_id, config['text']]), total }
      },
    },
    'versions of an assistant': {
      async make(index, text) {
        // They are listed newest first.
        const version = SIZES.length - index
        if (version === 1) await storage.assistants.create(everything, assistant('a', text), 'raise')
        else await storage.assistants.update(everything, 'a', { config: { text } })
        return String(version)
      },
      async list(after) {
        const rows = await storage.assistants.versions(everything, 'a', {}, page(after))
        return { rows: rows.map(({ version, config }) => [String(version), config['text']]) }
      },
    },
    runs: {
      async make(index, text) {
        const run_id = `r${index}`
        await storage.threads.create(everything, { thread_id: 't', metadata: {} }, 'do_nothing')
        const created_at = new Date(1e12 - index).toISOString()
        const run = { run_id, thread_id: 't', assistant_id: 'a', created_at, metadata: {}, kwargs: { text } }
        const queued = { multitask_strategy: 'enqueue', identity: null, plan: new Uint8Array() }
        await storage.runs.create(everything, { ...run, ...queued })
        return run_id
      },
      async list(after) {
        const rows = await storage.runs.list(everything, 't', {}, page(after))
        return { rows: rows.map(({ run_id, kwargs }) => [run_id, kwargs['text']]) }
      },
    },
    crons: {
      async make(index, text) {
        await storage.crons.create(everything, cron(`c${index}`, text))
        return `c${index}`
      },
      async list(after) {
        const sorted = oldestFirst(after, 'cron_id')
        const { rows, total } = await storage.crons.search(everything, everything, {}, sorted)
        return { rows: rows.map(({ cron_id, payload }) => [cron_id, payload['text']]), total }
      },
    },
    items: {
      async make(index, text) {
        // Of the same moment they are sorted by their key.
        const item = { namespace: ['n'], key: `k${index}`, value: { text }, searchText: null, ttl: null }
        await storage.items.put(everything, { ...item, vectors: [Float32Array.of(10 - index, 1)] })
        return item.key
      },
      async list(after) {
        const search = { namespacePrefix: ['n'], vector: Float32Array.of(1, 0) }
        const rows = await storage.items.search(everything, search, page(after))
        expect(rows.every(({ score }) => typeof score === 'number')).toBe(true)
        return { rows: rows.map(({ key, value }) => [key, value['text']]) }
      },
    },
    checkpoints: {
      async make(index, text) {
        const checkpoint_id = `c${9 - index}`
        await storage.threads.create(everything, { thread_id: 't', metadata: {} }, 'do_nothing')
        const none = { checkpoint_ns: '', parent_checkpoint_id: null, run_id: null, type: 'json', metadata: {} }
        await storage.checkpoints.put(everything, {
          ...{ thread_id: 't', checkpoint_id, checkpoint: Buffer.from(text) },
          ...none,
        })
        return checkpoint_id
      },
      async list(after) {
        const before = after.at(-1)
        const rows = await storage.checkpoints.list(everything, 't', { limit, ...(before ? { before } : {}) })
        return { rows: rows.map((row) => [row.checkpoint_id, Buffer.from(row.checkpoint).toString()]) }
      },
    },
  }
}

describe('a page of rows that are large ends early, and the next one goes on after it', () => {
  it.each(Object.keys(kinds(0)))('%s', async (name) => {
    const { make, list } = kinds(SIZES.length)[name] as Kind
    const wanted: (readonly [string, number])[] = []
    const order = name.startsWith('versions') ? [...SIZES.keys()].reverse() : [...SIZES.keys()]
    for (const index of order) {
      const size = SIZES[index] as number
      wanted[index] = [await make(index, 'x'.repeat(size)), size]
    }
    const pages: (readonly [string, number])[][] = []
    for (let end = false; !end; ) {
      const { rows, total } = await list(pages.flat().map(([one]) => one))
      expect(total ?? SIZES.length).toBe(SIZES.length)
      end = rows.length === 0
      if (!end) pages.push(rows.map(([one, text]) => [one, String(text).length]))
    }
    expect(pages.map(({ length }) => length)).toEqual([FIRST_PAGE, SIZES.length - FIRST_PAGE])
    expect(pages.flat()).toEqual(wanted)
  })

  it('and one row that is larger than a page is a page', async () => {
    const { make, list } = kinds(10)['threads'] as Kind
    const name = await make(0, 'x'.repeat(40e6))
    await make(1, 'x')
    const { rows, total } = await list([])
    expect([rows.map(([one]) => one), total]).toEqual([[name], 2])
  })
})
