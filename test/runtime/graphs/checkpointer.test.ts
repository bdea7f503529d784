import { validate } from '@langchain/langgraph-checkpoint-validation'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { systemScope } from '../../../src/engine/scope.js'
import { ScopedCheckpointer } from '../../../src/runtime/graphs/checkpointer.js'
import { openSqliteStorage } from '../../../src/storage/sqlite/open.js'
import type { Checkpoints, Storage } from '../../../src/storage/storage.js'

const scope = systemScope('tests of the checkpointer')
const opened = new Map<ScopedCheckpointer, Storage>()

/** LangGraph's suite puts checkpoints on threads that nobody made; ours belong to a thread, so it is made first. */
function withThreads({ checkpoints, threads }: Storage): Checkpoints {
  const ensure = (thread_id: string) => threads.create(scope, { thread_id, metadata: {} }, 'do_nothing')
  return {
    ...checkpoints,
    async put(within, checkpoint) {
      await ensure(checkpoint.thread_id)
      return checkpoints.put(within, checkpoint)
    },
    async putWrites(within, at, writes) {
      await ensure(at.thread_id)
      return checkpoints.putWrites(within, at, writes)
    },
  }
}

/** What the suite asks of others and we do not do. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'should migrate pending sends': 'no checkpoint of ours is older than version 4',
  'should only store channel_values that have changed (based on newVersions)': 'every checkpoint is stored whole',
}

type Row = Readonly<Record<string, unknown>>

const itOfSuite = Object.assign(
  (name: string, run: () => Promise<void>, timeout?: number) => {
    const reason = LEFT_OUT[name]
    if (reason) it.skip(`${name} (${reason})`, run)
    else it(name, run, timeout)
  },
  // A list without a thread would go across threads, and so across users: see below.
  {
    each: (rows: readonly Row[]) =>
      it.each(rows.filter((row) => !('thread_id' in row) || row['thread_id'] !== undefined)),
  },
)

// The suite takes these from the global object.
const globals = { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it: itOfSuite, test }
for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)

describe("LangGraph's own suite", () => {
  validate({
    checkpointerName: 'ScopedCheckpointer on SQLite',
    async createCheckpointer() {
      const storage = await openSqliteStorage(':memory:')
      const checkpointer = new ScopedCheckpointer(withThreads(storage), scope)
      opened.set(checkpointer, storage)
      return checkpointer
    },
    async destroyCheckpointer(checkpointer) {
      await opened.get(checkpointer)?.close()
    },
  })
})

describe('beyond it', () => {
  it('lists nothing where no thread is named', async () => {
    const storage = await openSqliteStorage(':memory:')
    await storage.threads.create(scope, { thread_id: 'a', metadata: {} }, 'raise')
    const checkpointer = new ScopedCheckpointer(storage.checkpoints, scope)
    const checkpoint = { v: 4, id: 'x', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} }
    const config = { configurable: { thread_id: 'a' } }
    await checkpointer.put(config, checkpoint, { source: 'input', step: -1, parents: {} })
    const listed = async (where: object) => {
      let count = 0
      for await (const _ of checkpointer.list(where)) count++
      return count
    }
    expect([await listed(config), await listed({}), await listed({ configurable: {} })]).toEqual([1, 0, 0])
    await storage.close()
  })

  it('keeps which run made a checkpoint, and not who the caller was', async () => {
    const storage = await openSqliteStorage(':memory:')
    await storage.threads.create(scope, { thread_id: 'a', metadata: {} }, 'raise')
    const checkpointer = new ScopedCheckpointer(storage.checkpoints, scope)
    const checkpoint = { v: 4, id: 'x', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} }
    const metadata = {
      run_id: 'r',
      langgraph_auth_user_id: 'alice',
      nested: { langgraph_auth_user: {}, __pregel_x: 1 },
    }
    await checkpointer.put({ configurable: { thread_id: 'a' }, metadata }, checkpoint, {
      source: 'input',
      step: -1,
      parents: {},
    })
    const [stored] = await storage.checkpoints.list(scope, 'a', {})
    expect(stored).toMatchObject({ run_id: 'r' })
    expect(stored?.metadata).toEqual({ run_id: 'r', nested: {}, source: 'input', step: -1, parents: {} })
    await storage.close()
  })

  it('stores nothing for a thread that is gone', async () => {
    const storage = await openSqliteStorage(':memory:')
    const checkpointer = new ScopedCheckpointer(storage.checkpoints, scope)
    const config = { configurable: { thread_id: 'gone', checkpoint_ns: '', checkpoint_id: 'x' } }
    const checkpoint = { v: 4, id: 'x', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} }
    const put = checkpointer.put(config, checkpoint, { source: 'input', step: -1, parents: {} })
    await expect(put).rejects.toThrow('The thread gone is gone.')
    await expect(checkpointer.putWrites(config, [['a', 1]], 'task')).rejects.toThrow('The thread gone is gone.')
    await storage.close()
  })
})
