import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Engine } from '../../engine/engine.js'
import { systemScope } from '../../engine/scope.js'
import { createTrace } from '../../engine/trace.js'
import type { Cron, DueCron } from '../../storage/storage.js'
import { createRun, type RunDeps } from '../runs/create-run.js'
import { within } from '../waiting.js'
import { ownerOf } from './cron-owner.js'
import { runRequestOf } from './cron-payload.js'
import { hasEnded, nextTime } from './cron-schedule.js'

/** Starts the runs of crons at their time. */
export interface CronScheduler {
  /** Looks again at once: a cron is new, or has another time. */
  wake(): void
  /** Starts nothing more, and resolves when nothing is being started. */
  close(): Promise<void>
}

export interface CronSchedulerOptions extends RunDeps {
  /** The rules as they are now; undefined while they are broken. */
  readonly engine: () => Engine | undefined
  readonly now?: () => Date
  /** Told why a run was not started. */
  readonly onProblem?: (message: string) => void
}

/** A clock that was set, a laptop that slept and another process are noticed after this long. */
const LONGEST_SLEEP_MS = 30_000

/** How soon rules that are broken, or a database that fails, are tried again. */
const RULES_AGAIN_MS = 1000
const DATABASE_AGAIN_MS = 5000

/** How many runs are being started at once, and how long a handler of auth.ts may keep the others waiting. */
const AT_ONCE = 20
const START_MS = 10_000

const CLOSE_MS = 1000

/**
 * Starts each run that is due once, as the user whom the cron belongs to, by the rules of the moment.
 *
 * A time that has been missed, however often, is made up for by one run. The next time is set before the run is created, and
 * by compare-and-set: of several schedulers on one database one starts it, and a crash in between skips a time rather than
 * starting it twice. Where many are due at once, users take turns. What the rules refuse is told to `onProblem`, and the cron goes on; while the rules are broken, nothing
 * is started and nothing is skipped.
 */
export function startCronScheduler(options: CronSchedulerOptions): CronScheduler {
  const { storage, engine, seal, now = () => new Date(), onProblem = () => undefined } = options
  const system = systemScope(
    'crons come when they are due; whether they may start a run is asked in the name of a user',
  )
  const starting = new Set<Promise<void>>()
  /** Whose turn was last. */
  let after: string | null = null
  let closed = false
  let woken = false
  let rouse = () => {}

  async function keepTime(): Promise<void> {
    // Not while whoever starts this still puts the rules together.
    await setImmediate()
    while (!closed) {
      woken = false
      const ms = await round().catch((error: unknown) => {
        onProblem(`Crons could not be looked up, and are tried again: ${messageOf(error)}`)
        return DATABASE_AGAIN_MS
      })
      if (!woken && !closed) await sleep(ms)
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      // A server that is otherwise done must not be kept alive by it.
      timer.unref()
      rouse = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Starts what is due, and says how long there is nothing to do. */
  async function round(): Promise<number> {
    const due = await storage.crons.due(system, now().toISOString(), AT_ONCE, after)
    for (const one of due) {
      if (closed) return 0
      const rules = engine()
      if (!rules) return RULES_AGAIN_MS
      after = one.cron.user_id
      await take(one, rules)
    }
    if (due.length === AT_ONCE) return 0
    const next = await storage.crons.nextDue(system)
    const left = next === undefined ? LONGEST_SLEEP_MS : Date.parse(next) - now().getTime()
    return Math.min(Math.max(left, 0), LONGEST_SLEEP_MS)
  }

  async function take(due: DueCron, rules: Engine): Promise<void> {
    const { cron } = due
    const at = now()
    const mine = await storage.crons.advance(system, cron.cron_id, String(cron.next_run_date), timeAfter(cron, at))
    if (!mine || hasEnded(cron, at)) return
    const start: Promise<void> = startRun(due, rules).finally(() => starting.delete(start))
    starting.add(start)
    if (starting.size >= AT_ONCE) await Promise.race(starting)
  }

  /** A schedule that this version does not understand any more must not stop the others. */
  function timeAfter(cron: Cron, at: Date): string | null {
    try {
      return nextTime(cron, at)
    } catch (error) {
      onProblem(`Cron ${cron.cron_id} does not come again: ${messageOf(error)}`)
      return null
    }
  }

  /** Never rejects, and does not last: a handler that hangs must not keep the crons of others waiting. */
  async function startRun(due: DueCron, rules: Engine): Promise<void> {
    const { cron_id } = due.cron
    const started = await within<'started' | 'refused' | 'late'>(START_MS, attempt(due, rules), 'late')
    if (started === 'late') onProblem(`Cron ${cron_id} is not waited for: a handler of auth.ts has not answered yet.`)
  }

  async function attempt(due: DueCron, rules: Engine): Promise<'started' | 'refused'> {
    const { cron } = due
    const trace = createTrace(randomUUID())
    try {
      const caller = rules.callerFor(ownerOf(seal, due), trace)
      await createRun(options, caller, cron.thread_id ?? undefined, runRequestOf(cron))
      return 'started'
    } catch (error) {
      const why = trace.problem === undefined ? '' : ` (${trace.problem})`
      onProblem(`Cron ${cron.cron_id} started no run: ${messageOf(error)}${why}`)
      return 'refused'
    }
  }

  const keeping = keepTime()

  return {
    wake() {
      woken = true
      rouse()
    },
    async close() {
      closed = true
      rouse()
      await keeping
      await within(CLOSE_MS, Promise.all(starting), undefined)
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
