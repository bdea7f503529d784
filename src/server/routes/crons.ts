import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import type { Scope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { CronPayload } from '../../runtime/crons/cron-payload.js'
import { assistantIdOf, createCron, noCron, updateCron } from '../../runtime/crons/crons.js'
import { STREAM_MODES } from '../../runtime/graphs/stream-modes.js'
import { CRON_FIELDS, type Cron, type CronQuery, type Json } from '../../storage/storage.js'
import { refuseConstructorRecords } from '../constructor-records.js'
import type { ServerDeps } from '../context.js'
import { paginationHeaders, select } from '../page.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

const run = s.runRequest.shape
const mode = z.enum(STREAM_MODES)

/** What a run is made from. Nothing has a default here: a change names only what it changes. */
const payloadFields = {
  input: run.input,
  config: run.config,
  context: run.context,
  webhook: run.webhook,
  interrupt_before: run.interrupt_before,
  interrupt_after: run.interrupt_after,
  durability: run.durability,
  stream_mode: s.optional(
    z
      .union([mode, z.array(mode)], { error: `stream modes are ${STREAM_MODES.join(', ')}` })
      .transform((one) => [one].flat()),
  ),
  stream_subgraphs: s.optional(z.boolean()),
  stream_resumable: s.optional(z.boolean()),
  multitask_strategy: s.optional(z.enum(['reject', 'enqueue', 'interrupt', 'rollback'])),
}

/** A moment; UTC where it names no offset. */
const moment = z.iso
  .datetime({ offset: true, local: true })
  .transform((text) => new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`).toISOString())

const changeFields = {
  ...payloadFields,
  /** The older name for two kinds of durability. */
  checkpoint_during: s.optional(z.boolean()),
  schedule: s.optional(z.string().max(200)),
  timezone: s.optional(z.string().max(64)),
  // Null is a value here: it takes the end away.
  end_time: moment.nullable().optional(),
  metadata: s.optional(s.jsonObject),
  on_run_completed: s.optional(z.enum(['delete', 'keep'])),
  enabled: s.optional(z.boolean()),
}

const changeBody = z.object(changeFields)
const createBody = z.object({ ...changeFields, schedule: z.string().max(200), assistant_id: z.string().min(1) })

const countBody = z.object({
  assistant_id: s.optional(z.string().min(1)),
  thread_id: s.optional(s.uuid('thread')),
  metadata: s.optional(s.searchObject),
})

const searchBody = countBody.extend({
  enabled: s.optional(z.boolean()),
  limit: s.limit(10),
  offset: s.offset,
  sort_by: s.optional(
    z.enum(['cron_id', 'assistant_id', 'thread_id', 'next_run_date', 'end_time', 'created_at', 'updated_at']),
  ),
  sort_order: s.sortOrder,
  // `now` is a field that some clients know and no cron has.
  select: s.optional(z.array(z.enum([...CRON_FIELDS, 'now']))),
})

const timestamp = z.iso.datetime()

const CronSchema = z
  .object({
    cron_id: z.uuid(),
    assistant_id: z.uuid(),
    thread_id: z.uuid().nullable(),
    user_id: z.string().nullable(),
    schedule: z.string(),
    timezone: z.string().nullable(),
    end_time: timestamp.nullable(),
    next_run_date: timestamp.nullable(),
    payload: s.anyObject,
    metadata: s.anyObject,
    on_run_completed: z.enum(['delete', 'keep']).nullable(),
    enabled: z.boolean(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .partial()
  .meta({ id: 'Cron' })

const params = z.object({ cron_id: s.uuid('cron') })
const one = { 200: { description: 'The cron.', schema: CronSchema } }
const absent = { 404: { description: 'Absent, or not for this caller.' } }
const tooMany = { 409: { description: 'The user has as many crons as may be.' } }
const noPlace = { 404: { description: 'The thread or the assistant is absent, or not for this caller.' } }

/** They stand in front of the routes of runs: `/runs/crons/...` is no run. */
export function cronRoutes({ runtime }: ServerDeps): Route[] {
  const { storage, graphs } = runtime

  function create(caller: Caller, threadId: string | undefined, body: z.output<typeof createBody>): Promise<Cron> {
    const { assistant_id, schedule } = body
    const { timezone = null, end_time = null, metadata = {}, on_run_completed = 'delete', enabled = true } = body
    return createCron(runtime, caller, threadId, {
      assistant_id,
      schedule: schedule.trim(),
      timezone,
      end_time,
      metadata,
      on_run_completed,
      enabled,
      payload: payloadOf(body),
    })
  }

  /** What a list may show: the crons that the caller may find, as far as they are on threads that the caller may find too. */
  async function found(
    caller: Caller,
    wanted: z.output<typeof countBody> & { enabled?: boolean | undefined },
    page: { limit: number; offset: number },
  ): Promise<{ scope: Scope; threads: Scope; query: CronQuery }> {
    const { enabled, ...asked } = wanted
    const assistant_id = asked.assistant_id && assistantIdOf(graphs, asked.assistant_id)
    if (!s.uuid('assistant').optional().safeParse(assistant_id).success) {
      throw new AuthkitError('invalid_request', 'Invalid assistant ID: must be a UUID or the name of a graph')
    }
    const { scope, value } = await caller.authorize('crons:search', {
      ...defined({ ...asked, assistant_id }),
      ...page,
    })
    const { thread_id } = value
    const threads = thread_id
      ? await caller.authorize('threads:read', { thread_id })
      : await caller.authorize('threads:search', {})
    // A handler may narrow a search in place, whatever it is a search for.
    const threadMetadata = 'metadata' in threads.value ? threads.value.metadata : undefined
    const query = defined({
      assistant_id: value.assistant_id ?? undefined,
      thread_id: thread_id ?? undefined,
      metadata: value.metadata ?? undefined,
      threadMetadata: threadMetadata ?? undefined,
      enabled,
    })
    return { scope, threads: threads.scope, query }
  }

  return [
    route({
      method: 'POST',
      path: '/runs/crons',
      group: 'runs',
      summary: 'Start runs on a schedule, without a thread',
      events: ['crons:create', 'assistants:read', 'threads:create_run'],
      body: createBody,
      answers: { ...one, ...noPlace, ...tooMany },
      handle: async ({ c, caller, body }) => c.json(await create(caller, undefined, body)),
    }),
    route({
      method: 'POST',
      path: '/threads/{thread_id}/runs/crons',
      group: 'runs',
      summary: 'Start runs on a schedule, on a thread',
      events: ['crons:create', 'assistants:read', 'threads:read', 'threads:create_run'],
      params: s.threadParams,
      body: createBody,
      answers: { ...one, ...noPlace, ...tooMany },
      handle: async ({ c, caller, params: { thread_id }, body }) => c.json(await create(caller, thread_id, body)),
    }),
    route({
      method: 'POST',
      path: '/runs/crons/search',
      group: 'runs',
      summary: 'Search crons',
      events: ['crons:search', 'threads:search'],
      body: searchBody,
      answers: { 200: { description: 'The crons that the caller may see.', schema: z.array(CronSchema) } },
      async handle({ c, caller, body: { select: columns, sort_by, sort_order, limit, offset, ...wanted } }) {
        const { scope, threads, query } = await found(caller, wanted, { limit, offset })
        const page = { limit, offset, sort_order, ...(sort_by ? { sort_by } : {}) }
        const result = await storage.crons.search(scope, threads, query, page)
        const known = columns?.filter((column) => column !== 'now')
        return c.json(select<Cron>(result.rows, known), 200, paginationHeaders(result, page))
      },
    }),
    route({
      method: 'POST',
      path: '/runs/crons/count',
      group: 'runs',
      summary: 'Count crons',
      events: ['crons:search', 'threads:search'],
      body: countBody,
      answers: { 200: { description: 'How many the caller may see.', schema: z.int() } },
      async handle({ c, caller, body }) {
        const { scope, threads, query } = await found(caller, body, { limit: 0, offset: 0 })
        return c.json(await storage.crons.count(scope, threads, query))
      },
    }),
    route({
      method: 'GET',
      path: '/runs/crons/{cron_id}',
      group: 'runs',
      summary: 'Read a cron',
      events: ['crons:read'],
      params,
      answers: { ...one, ...absent },
      async handle({ c, caller, params: { cron_id } }) {
        const { scope } = await caller.authorize('crons:read', { cron_id })
        const cron = await storage.crons.get(scope, cron_id)
        if (!cron) throw noCron()
        return c.json(cron)
      },
    }),
    route({
      method: 'PATCH',
      path: '/runs/crons/{cron_id}',
      group: 'runs',
      summary: 'Change a cron; it runs as whoever changed it last',
      events: ['crons:update', 'assistants:read', 'threads:read', 'threads:create_run'],
      params,
      body: changeBody,
      answers: {
        ...one,
        ...absent,
        400: { description: 'Nothing is to be changed.' },
        409: { description: 'Another request changed it meanwhile, or the user has as many crons as may be.' },
      },
      async handle({ c, caller, params: { cron_id }, body }) {
        const { schedule, timezone, end_time, metadata, on_run_completed, enabled } = body
        const fields = { schedule: schedule?.trim(), timezone, end_time, metadata, on_run_completed, enabled }
        const payload = payloadOf(body)
        const change = defined(Object.keys(payload).length > 0 ? { ...fields, payload } : fields)
        if (Object.keys(change).length === 0) throw new AuthkitError('bad_request', 'Nothing is to be changed.')
        return c.json(await updateCron(runtime, caller, cron_id, change))
      },
    }),
    route({
      method: 'DELETE',
      path: '/runs/crons/{cron_id}',
      group: 'runs',
      summary: 'Delete a cron',
      events: ['crons:delete'],
      params,
      answers: { 204: { description: 'Deleted.' }, ...absent },
      async handle({ c, caller, params: { cron_id } }) {
        const { scope } = await caller.authorize('crons:delete', { cron_id })
        if (!(await storage.crons.delete(scope, cron_id))) throw noCron()
        return c.body(null, 204)
      },
    }),
  ]
}

/** @throws AuthkitError `invalid_request` for an input that no run would take. */
function payloadOf(body: z.output<typeof changeBody>): CronPayload {
  refuseConstructorRecords(body.input, 'input')
  const { checkpoint_during } = body
  const durability =
    body.durability ?? (checkpoint_during === undefined ? undefined : checkpoint_during ? 'async' : 'exit')
  const fields = Object.keys(payloadFields).map((key) => [key, (body as Json)[key]])
  return defined({ ...Object.fromEntries(fields), durability })
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends Record<string, unknown>>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>
}
