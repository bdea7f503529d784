import { setImmediate as othersFirst } from 'node:timers/promises'
import { systemScope } from '../engine/scope.js'
import type { Storage } from '../storage/storage.js'
import type { RunQueue } from './runs/run-queue.js'
import type { RuntimeSettings } from './settings.js'

/** How many threads are looked up at once. */
const BATCH = 100

/** When the first sweep begins: what ended while no server ran should not wait for long. */
const FIRST_MS = 1000

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1

export interface Sweeper {
  /** Ends the sweep that is under way after the thread it is at, and begins no more. */
  close(): Promise<void>
}

/**
 * Ends what is over its time, again and again: threads as their strategy says, and store items. A thread with a run in flight
 * is left until that has ended. Whatever fails is tried again by the next sweep.
 *
 * @param onError Told what failed.
 */
export function startSweeper({
  storage,
  queue,
  settings,
  onError = () => {},
}: {
  storage: Storage
  queue: RunQueue
  settings: () => RuntimeSettings
  onError?: (error: unknown) => void
}): Sweeper {
  const system = systemScope('what is over its time ends, whoever made it')
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let sweeping: Promise<void> = Promise.resolve()

  function after(ms: number): void {
    if (closed) return
    timer = setTimeout(
      () => {
        sweeping = sweep().then(() => after(settings().sweepMs))
      },
      Math.min(ms, LONGEST_MS),
    )
    timer.unref()
  }

  async function sweep(): Promise<void> {
    await sweepThreads().catch(onError)
    if (!closed) await storage.items.sweep(system, new Date().toISOString()).catch(onError)
  }

  async function sweepThreads(): Promise<void> {
    // What ends later than this, because it was touched or begins anew, is for the next sweep.
    const began = new Date().toISOString()
    // Each is tried once in a sweep, and what failed is still found by the next look: it must not hide the others.
    const failed = new Set<string>()
    for (;;) {
      const found = await storage.threads.expired(system, began, BATCH + failed.size)
      const batch = found.filter(({ thread_id }) => !failed.has(thread_id))
      for (const { thread_id } of batch) {
        if (closed) return
        await end(thread_id, began).catch((error: unknown) => {
          failed.add(thread_id)
          onError(error)
        })
        await othersFirst()
      }
      if (batch.length === 0) return
    }
  }

  async function end(threadId: string, time: string): Promise<void> {
    await queue.exclusively(threadId, async () => {
      // Whoever came first may have touched it, or begun a run.
      const thread = await storage.threads.get(system, threadId, ['ttl'])
      if (!thread?.ttl || thread.ttl.expires_at > time) return
      if ((await storage.runs.inFlight(system, threadId)).length > 0) return
      const deletes = thread.ttl.strategy === 'delete'
      // None is in flight; the events of those that ended go with the thread.
      if (deletes) await queue.cancelThread(threadId)
      // Storage looks again: a change may come at any moment until it is done.
      await storage.threads.endExpired(system, threadId, time)
      // A stream that was opened meanwhile must not go on with the thread that takes the id next.
      if (deletes) queue.feeds.end(threadId)
    })
  }

  after(Math.min(FIRST_MS, settings().sweepMs))

  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await sweeping
    },
  }
}
