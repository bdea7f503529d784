import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../engine/engine.js'
import { withoutReserved } from '../../engine/reserved.js'
import { systemScope } from '../../engine/scope.js'
import type { User } from '../../engine/user.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Cron, Json } from '../../storage/storage.js'
import { systemAssistantId } from '../graphs/graph-registry.js'
import type { RunDeps } from '../runs/create-run.js'
import { runValue } from '../runs/run-value.js'
import { sealOwner } from './cron-owner.js'
import { type CronPayload, runRequestOf, storedPayload } from './cron-payload.js'
import { checkSchedule, hasEnded, nextTime, type Timetable } from './cron-schedule.js'
import type { CronScheduler } from './cron-scheduler.js'

export interface CronDeps extends RunDeps {
  readonly crons: Pick<CronScheduler, 'wake'>
}

/** The body of a request that creates a cron, validated but for its schedule. */
export interface CronRequest extends Timetable {
  readonly assistant_id: string
  readonly payload: CronPayload
  readonly metadata: Json
  readonly on_run_completed: 'delete' | 'keep'
  readonly enabled: boolean
}

/** How many crons of one user may come again. Each costs everybody's server a run, and again and again. */
const MAX_COMING = 1000

/** What a request changes of a cron. A field that is not there stays as it is. */
export type CronChange = Partial<Omit<CronRequest, 'assistant_id'>>

/**
 * Creates a cron, which belongs to the caller and runs as the caller. It asks `crons:create`, and then whatever its runs will
 * be asked: see {@link mayRun}.
 *
 * @param threadId Undefined for a cron whose runs have a thread of their own each.
 * @throws AuthkitError `invalid_request` for a schedule that is none or never comes, an end that has passed, or a webhook
 *   that may not be called; `not_found` for a thread or an assistant that is absent or hidden; `conflict` where the caller has
 *   as many crons as may be; whatever `authorize` throws.
 */
export async function createCron(
  deps: CronDeps,
  caller: Caller,
  threadId: string | undefined,
  request: CronRequest,
): Promise<Cron> {
  const { storage, graphs, seal } = deps
  const { schedule, timezone, end_time, enabled } = request
  checkTimes(request)
  checkWebhook(deps, request.payload)
  const cron_id = uuidv7()
  const thread_id = threadId ?? null
  const on_run_completed = threadId === undefined ? request.on_run_completed : null
  const assistant_id = assistantIdOf(graphs, request.assistant_id)
  const { scope, value } = await caller.authorize('crons:create', {
    cron_id,
    thread_id,
    schedule,
    end_time,
    on_run_completed,
    payload: storedPayload({ ...request.payload }, { cronId: cron_id, assistantId: assistant_id, user: caller.user }),
    metadata: withoutReserved({ ...request.metadata }),
    ...(caller.user ? { user_id: caller.user.identity } : {}),
  })
  const payload = storedPayload(
    { ...payloadLeft('crons:create', value.payload), metadata: withoutReserved(request.metadata) },
    { cronId: cron_id, assistantId: assistant_id, user: caller.user },
  )
  const run = { cron_id, assistant_id, thread_id, on_run_completed, payload }
  await mayRun(deps, caller, run)

  const next_run_date = enabled ? nextTime(request, new Date()) : null
  const cron = await oneMore(deps, next_run_date === null ? undefined : caller.user, () =>
    storage.crons.create(scope, {
      ...run,
      schedule,
      timezone,
      end_time,
      enabled,
      metadata: withoutReserved(value.metadata ?? {}),
      next_run_date,
      ...sealOwner(seal, cron_id, caller.user),
    }),
  )
  if (!cron) throw noThread(String(thread_id))
  deps.crons.wake()
  return cron
}

/**
 * Changes a cron. Metadata and payload are merged, key by key at the top; the assistant and the thread stay.
 *
 * A cron runs as whoever made it, so nobody else may change what it runs, or when: that would be acting in another's name.
 * Running as whoever changed it last would be no better, because its payload is still that of the first. Somebody else may
 * turn it off, where the rules let them.
 *
 * Whatever its owner changes, but for turning it off, seals anew whom it runs as, and asks for that what {@link createCron}
 * asks: a token of less permissions must not bring back, or time, what runs with those of another one.
 *
 * @throws AuthkitError as {@link createCron} does; `not_found` where the cron is absent or hidden, `forbidden` where it is
 *   another's, `conflict` where it was changed while the rules were asked.
 */
export async function updateCron(deps: CronDeps, caller: Caller, cronId: string, change: CronChange): Promise<Cron> {
  const { storage, queue, seal } = deps
  checkTimes({ schedule: '* * * * *', timezone: null, end_time: null, ...change })
  checkWebhook(deps, change.payload)
  const { payload: wanted = {}, metadata, on_run_completed, enabled, ...times } = change
  const { scope, value } = await caller.authorize('crons:update', {
    cron_id: cronId,
    ...(times.schedule === undefined ? {} : { schedule: times.schedule }),
    ...(times.end_time === undefined ? {} : { end_time: times.end_time }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(on_run_completed === undefined ? {} : { on_run_completed }),
    ...(Object.keys(wanted).length === 0 ? {} : { payload: withoutReserved({ ...wanted }) as Json }),
    metadata: withoutReserved({ ...metadata }),
  })
  const cron = await storage.crons.get(scope, cronId)
  if (!cron) throw noCron()

  const others = (caller.user?.identity ?? null) !== cron.user_id
  if (others && !turnsOff(change)) throw new AuthkitError('forbidden', NOT_YOURS)
  const timetable = { ...cron, ...times }
  if (Object.keys(times).length > 0) checkSchedule(timetable.schedule, timetable.timezone, new Date())
  const left = payloadLeft('crons:update', value.payload)
  // Where a handler writes a payload, even turning it off changes what it would run.
  const sealsAnew = !others && (!turnsOff(change) || Object.keys(left).length > 0)
  const run = {
    ...cron,
    on_run_completed: cron.thread_id === null ? (on_run_completed ?? cron.on_run_completed) : null,
    payload: storedPayload(
      {
        ...cron.payload,
        ...left,
        metadata: withoutReserved({ ...(cron.payload['metadata'] as Json | undefined), ...metadata }),
      },
      { cronId, assistantId: cron.assistant_id, user: caller.user },
    ),
  }
  if (sealsAnew) await mayRun(deps, caller, run)

  // One change at a time: the next time follows from all of them, and what was asked about is what is stored.
  return queue.exclusively(cronId, async () => {
    const current = await storage.crons.get(scope, cronId)
    if (!current) throw noCron()
    if (versionOf(current) !== versionOf(cron)) {
      throw new AuthkitError('conflict', 'The cron was changed by another request meanwhile.')
    }
    const running = enabled ?? cron.enabled
    const retimed = enabled !== undefined || Object.keys(times).length > 0
    const next_run_date = !retimed ? current.next_run_date : running ? nextTime(timetable, new Date()) : null
    const comesBack = current.next_run_date === null && next_run_date !== null
    const updated = await oneMore(deps, comesBack ? caller.user : undefined, () =>
      storage.crons.update(scope, cronId, {
        ...times,
        enabled: running,
        on_run_completed: run.on_run_completed,
        // A stamp of whoever turns a cron off must not make it theirs.
        metadata: others ? {} : withoutReserved(value.metadata ?? {}),
        ...(retimed ? { next_run_date } : {}),
        // Always both: whom it runs as was asked about this payload, and about no other.
        ...(sealsAnew ? { payload: run.payload, ...sealOwner(seal, cronId, caller.user) } : {}),
      }),
    )
    if (!updated) throw noCron()
    deps.crons.wake()
    return updated
  })
}

/**
 * Makes one more cron come, where its user has not too many; one after the other, so that they are counted right.
 *
 * @param user Undefined where none comes, or where there are no users.
 */
async function oneMore<T>({ storage, queue }: CronDeps, user: User | undefined, make: () => Promise<T>): Promise<T> {
  if (!user) return make()
  const system = systemScope('a user has so many crons, whichever of them a request may see')
  return queue.exclusively(`crons of ${user.identity}`, async () => {
    if ((await storage.crons.coming(system, user.identity)) < MAX_COMING) return make()
    const hint = 'Delete some, or turn them off.'
    throw new AuthkitError('conflict', `You have ${MAX_COMING} crons that come again, which is as many as may be.`, {
      hint,
    })
  })
}

const NOT_YOURS = 'Only the user whom a cron runs as may change it. Others may turn it off, or delete it.'

function turnsOff({ enabled, ...rest }: CronChange): boolean {
  const { payload = {}, ...fields } = rest
  return enabled === false && Object.values(fields).every((value) => value === undefined) && isEmpty(payload)
}

function isEmpty(fields: object): boolean {
  return Object.values(fields).every((value) => value === undefined)
}

/** The id of an assistant that a request names by its id or, where it is that of a graph, by the graph. */
export function assistantIdOf(graphs: RunDeps['graphs'], name: string): string {
  return graphs.has(name) ? systemAssistantId(name) : name.toLowerCase()
}

/** @returns The error for a cron that is absent or hidden, in the same words. */
export function noCron(): AuthkitError {
  return new AuthkitError('not_found', 'Cron not found')
}

function noThread(threadId: string): AuthkitError {
  return new AuthkitError('not_found', `Thread with ID ${threadId} not found`)
}

/**
 * Asks whether the caller may do, now, what a cron will do later in the caller's name: read the assistant and the thread, and
 * create a run. A thread may be shared with readers, and `crons:create` says nothing about it: without `threads:create_run`
 * they would plant runs where they may only look. The rules are asked again at every run.
 */
async function mayRun(
  { storage, graphs }: CronDeps,
  caller: Caller,
  cron: Pick<Cron, 'cron_id' | 'assistant_id' | 'thread_id' | 'on_run_completed' | 'payload'>,
): Promise<void> {
  const { assistant_id, thread_id } = cron
  if (graphs.ofSystemAssistant(assistant_id) === undefined) {
    const { scope } = await caller.authorize('assistants:read', { assistant_id })
    if (!(await storage.assistants.get(scope, assistant_id))) throw new AuthkitError('not_found', 'Assistant not found')
  }
  if (thread_id !== null) {
    const { scope } = await caller.authorize('threads:read', { thread_id })
    if (!(await storage.threads.get(scope, thread_id))) throw noThread(thread_id)
  }
  // A copy: what a handler changes here is of the run that it is asked about, and there is none.
  const request = structuredClone(runRequestOf(cron))
  const asked = { runId: uuidv7(), threadId: thread_id ?? undefined, assistantId: assistant_id }
  const { scope } = await caller.authorize('threads:create_run', runValue(caller, asked, request))
  if (thread_id !== null && !(await storage.threads.get(scope, thread_id))) throw noThread(thread_id)
}

function checkTimes({ schedule, timezone, end_time }: Timetable): void {
  const now = new Date()
  checkSchedule(schedule, timezone, now)
  if (hasEnded({ end_time }, now)) throw new AuthkitError('invalid_request', 'end_time: has passed already')
}

function checkWebhook({ webhooks }: CronDeps, { webhook }: CronPayload = {}): void {
  if (webhook !== undefined) webhooks.check(webhook)
}

/** The payload as a handler left it: it may change it in place. */
function payloadLeft(event: string, payload: unknown): Json {
  if (payload === undefined || payload === null) return {}
  if (typeof payload === 'object' && !Array.isArray(payload)) return payload as Json
  throw new AuthkitError('value_invalid', `The handler of ${event} left a value.payload that is not an object.`)
}

/** All that a change has to agree with. The next time moves on by itself. */
function versionOf(cron: Cron): string {
  return JSON.stringify({ ...cron, next_run_date: null })
}
