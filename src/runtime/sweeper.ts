import { setImmediate as othersFirst } from 'node:timers/promises'
import { systemScope } from '../engine/scope.js'
import type { Storage } from '../storage/storage.js'
import type { RunQueue } from './run-queue.js'
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
    // Each once in a sweep, or one that fails again and again would keep it from its end.
    const seen = new Set<string>()
    for (;;) {
      const found = await storage.threads.expired(system, new Date().toISOString(), BATCH + seen.size)
      const batch = found.filter(({ thread_id }) => !seen.has(thread_id))
      for (const { thread_id } of batch) {
        if (closed) return
        seen.add(thread_id)
        await end(thread_id).catch(onError)
        await othersFirst()
      }
      if (batch.length === 0) return
    }
  }

  async function end(threadId: string): Promise<void> {
    await queue.exclusively(threadId, async () => {
      // Whoever came first may have touched it, or begun a run.
      const thread = await storage.threads.get(system, threadId, ['ttl'])
      if (!thread?.ttl || thread.ttl.expires_at > new Date().toISOString()) return
      if ((await storage.runs.inFlight(system, threadId)).length > 0) return
      if (thread.ttl.strategy === 'keep_latest') await storage.threads.keepLatest(system, threadId)
      else {
        // None is in flight; the events of those that ended go with the thread.
        await queue.cancelThread(threadId)
        await storage.threads.delete(system, threadId)
      }
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
