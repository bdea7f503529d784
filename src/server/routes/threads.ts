import { v7 as uuidv7 } from 'uuid'
import * as z from 'zod'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import { THREAD_FIELDS, type Thread, type ThreadQuery, type Ttl } from '../../storage/storage.js'
import { refuseConstructorRecords } from '../constructor-records.js'
import type { ServerDeps } from '../context.js'
import { type Extraction, extraction } from '../extract.js'
import { paginationHeaders, select } from '../page.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

const filters = {
  metadata: s.optional(s.searchObject),
  values: s.optional(s.searchObject),
  status: s.optional(z.enum(['idle', 'busy', 'interrupted', 'error'])),
}

const superstep = z.object({
  updates: z
    .array(z.object({ values: z.unknown().optional(), command: s.optional(s.command), as_node: z.string() }))
    .min(1),
})

/** Clients may select `context` too, which no thread has. */
const columns = s.optional(
  z
    .array(z.enum([...THREAD_FIELDS, 'context']))
    .transform((names) => names.filter((name): name is (typeof THREAD_FIELDS)[number] => name !== 'context')),
)

const include = s.queryList
  .transform((names = []) => names.flatMap((name) => name.split(',')))
  .pipe(z.array(z.literal('ttl')))

const one = { 200: { description: 'The thread.', schema: s.Thread } }
const absent = { 404: { description: 'Absent, or not for this caller.' } }

export function threadRoutes({ runtime }: ServerDeps): Route[] {
  const { storage, queue, states } = runtime

  /** False where the thread is gone, or has left the scope. Who calls has seen that it is there: runs are stopped first. */
  async function prune(scope: Scope, id: string, strategy: Ttl['strategy']): Promise<boolean> {
    // No run begins between the end of the others and the end of the thread.
    return queue.exclusively(id, async () => {
      if (strategy === 'keep_latest') return storage.threads.keepLatest(scope, id)
      if (!(await storage.threads.get(scope, id))) return false
      await queue.cancelThread(id)
      const deleted = await storage.threads.delete(scope, id)
      // A stream that was opened meanwhile must not go on with the thread that takes the id next.
      if (deleted) queue.feeds.end(id)
      return deleted
    })
  }

  return [
    route({
      method: 'POST',
      path: '/threads',
      group: 'threads',
      summary: 'Create a thread',
      events: ['threads:create'],
      body: z.object({
        thread_id: s.optional(s.uuid('thread')),
        metadata: s.optional(s.jsonObject),
        if_exists: s.ifExists,
        ttl: s.optional(s.threadTtl),
        supersteps: s.optional(z.array(superstep)),
      }),
      answers: { ...one, 409: { description: 'The id is taken.' } },
      async handle({ c, caller, body: { thread_id = uuidv7(), metadata, if_exists, ttl, supersteps = [] } }) {
        refuseConstructorRecords(supersteps, 'supersteps')
        const { scope, value } = await caller.authorize('threads:create', {
          thread_id,
          metadata: { ...metadata },
          if_exists,
          ...(ttl ? { ttl } : {}),
        })
        const stamped = value.metadata ?? {}
        if (supersteps.length > 0 && typeof stamped['graph_id'] !== 'string') {
          throw new AuthkitError('bad_request', `Thread ${thread_id} has no graph ID`)
        }
        const lives = ttl ? ttlOf(ttl) : runtime.settings().threadTtl
        const wanted = { thread_id, metadata: stamped, ...(lives ? { ttl: lives } : {}) }
        if (supersteps.length === 0) {
          const made = await storage.threads.create(scope, wanted, if_exists)
          if (!made) throw new AuthkitError('conflict', 'Thread already exists')
          return c.json(made)
        }

        const writable = await caller.authorize('threads:update', { thread_id })
        const readable = await caller.authorize('threads:read', { thread_id })
        await queue.exclusively(thread_id, async () => {
          const made = await storage.threads.create(scope, wanted, 'raise')
          if (!made) {
            // `do_nothing` is about the state too.
            if (if_exists === 'do_nothing' && (await storage.threads.get(scope, thread_id))) return
            throw new AuthkitError('conflict', 'Thread already exists')
          }
          const steps = supersteps.map(({ updates }) => updates)
          await states.bulkUpdate(writable.scope, made, steps).catch(async (error) => {
            await storage.threads.delete(systemScope('the thread that this request made'), thread_id)
            queue.feeds.end(thread_id)
            throw error
          })
        })
        return c.json(found(await storage.threads.get(readable.scope, thread_id), thread_id))
      },
    }),

    route({
      method: 'POST',
      path: '/threads/search',
      group: 'threads',
      summary: 'Search threads',
      events: ['threads:search'],
      body: z.object({
        ...filters,
        ids: s.optional(z.array(s.uuid('thread')).max(1000)),
        limit: s.limit(10),
        offset: s.offset,
        sort_by: s.optional(z.enum(['thread_id', 'status', 'created_at', 'updated_at', 'state_updated_at'])),
        sort_order: s.sortOrder,
        select: columns,
        extract: extraction,
      }),
      answers: { 200: { description: 'The threads that the caller may see.', schema: z.array(s.Thread) } },
      async handle({ c, caller, body: { select: names, extract, sort_by, sort_order, ...wanted } }) {
        const { scope, value } = await caller.authorize('threads:search', wanted)
        const page = { limit: wanted.limit, offset: wanted.offset, sort_order, ...(sort_by ? { sort_by } : {}) }
        const result = await storage.threads.search(scope, threadQuery(value), page)
        return c.json(shown(result.rows, names, extract), 200, paginationHeaders(result, wanted))
      },
    }),

    route({
      method: 'POST',
      path: '/threads/count',
      group: 'threads',
      summary: 'Count threads',
      events: ['threads:search'],
      body: z.object(filters),
      answers: { 200: { description: 'How many the caller may see.', schema: z.int() } },
      async handle({ c, caller, body }) {
        const { scope, value } = await caller.authorize('threads:search', { ...body, limit: 0, offset: 0 })
        return c.json(await storage.threads.count(scope, threadQuery(value)))
      },
    }),

    route({
      method: 'POST',
      path: '/threads/prune',
      group: 'threads',
      summary: 'Delete threads, or all of them but their latest state',
      events: ['threads:delete'],
      body: z.object({
        thread_ids: z.array(s.uuid('thread')).min(1).max(1000),
        strategy: s.withDefault(z.enum(['delete', 'keep_latest']), 'delete'),
      }),
      answers: {
        200: { description: 'How many.', schema: z.object({ pruned_count: z.int() }) },
        404: { description: 'One of them is absent, or not for this caller: none is touched.' },
      },
      async handle({ c, caller, body: { thread_ids, strategy } }) {
        const { scope } = await caller.authorize('threads:delete', { thread_ids: [...thread_ids] })
        const ids = [...new Set(thread_ids)]
        for (const id of ids) found(await storage.threads.get(scope, id), id)
        let pruned_count = 0
        for (const id of ids) if (await prune(scope, id, strategy)) pruned_count++
        return c.json({ pruned_count })
      },
    }),

    route({
      method: 'GET',
      path: '/threads/{thread_id}',
      group: 'threads',
      summary: 'Read a thread',
      events: ['threads:read'],
      params: s.threadParams,
      query: z.object({ include }),
      answers: { ...one, ...absent },
      async handle({ c, caller, params: { thread_id }, query }) {
        const { scope } = await caller.authorize('threads:read', { thread_id })
        return c.json(found(await storage.threads.get(scope, thread_id, query.include), thread_id))
      },
    }),

    route({
      method: 'PATCH',
      path: '/threads/{thread_id}',
      group: 'threads',
      summary: 'Merge metadata into a thread, and set how long it lives',
      // A time to live deletes, later: it takes what deleting takes.
      events: ['threads:update', 'threads:delete'],
      params: s.threadParams,
      body: z.object({ metadata: s.optional(s.jsonObject), ttl: s.threadTtl.nullish() }),
      answers: { ...one, 204: { description: 'Done, with `Prefer: return=minimal`.' }, ...absent },
      async handle({ c, caller, params: { thread_id }, body }) {
        const { ttl } = body
        const { scope, value } = await caller.authorize('threads:update', {
          thread_id,
          metadata: { ...body.metadata },
          ...(ttl === undefined ? {} : { ttl }),
        })
        if (ttl) {
          const deletable = await caller.authorize('threads:delete', { thread_id })
          found(await storage.threads.get(deletable.scope, thread_id), thread_id)
        }
        const change = {
          metadata: value.metadata ?? {},
          ...(ttl === undefined ? {} : { ttl: ttl && ttlOf(ttl) }),
        }
        const thread = found(await storage.threads.update(scope, thread_id, change), thread_id)
        return MINIMAL.test(c.req.header('prefer') ?? '') ? c.body(null, 204) : c.json(thread)
      },
    }),

    route({
      method: 'DELETE',
      path: '/threads/{thread_id}',
      group: 'threads',
      summary: 'Delete a thread, its runs and its state',
      events: ['threads:delete'],
      params: s.threadParams,
      answers: { 204: { description: 'Deleted.' }, ...absent },
      async handle({ c, caller, params: { thread_id } }) {
        const { scope } = await caller.authorize('threads:delete', { thread_id })
        found(await storage.threads.get(scope, thread_id), thread_id)
        found((await prune(scope, thread_id, 'delete')) || undefined, thread_id)
        return c.body(null, 204)
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/copy',
      group: 'threads',
      summary: 'Copy a thread and its state',
      events: ['threads:read', 'threads:create'],
      params: s.threadParams,
      answers: { ...one, 409: { description: 'The source is absent, or not for this caller.' } },
      async handle({ c, caller, params: { thread_id } }) {
        const { scope } = await caller.authorize('threads:read', { thread_id })
        const source = await storage.threads.get(scope, thread_id)
        if (!source) throw new AuthkitError('conflict', 'Thread not found')
        const id = uuidv7()
        const { value } = await caller.authorize('threads:create', {
          thread_id: id,
          metadata: { ...source.metadata, thread_id: id },
        })
        const copy = await storage.threads.copy(scope, thread_id, { thread_id: id, metadata: value.metadata ?? {} })
        if (!copy) throw new AuthkitError('conflict', 'Thread not found')
        return c.json(copy)
      },
    }),
  ]
}

/** RFC 7240: one preference of several. */
const MINIMAL = /(^|,)\s*return\s*=\s*"?minimal"?\s*(,|;|$)/i

function ttlOf({ ttl, strategy }: { ttl: number; strategy: Ttl['strategy'] }): Ttl {
  return { ttl_minutes: ttl, strategy }
}

/** The columns that were asked for, with what was extracted beside them. */
function shown(
  rows: readonly Thread[],
  names: readonly (keyof Thread)[] | undefined,
  extract: Extraction | undefined,
): readonly object[] {
  const selected = select<Thread>(rows, names)
  if (!extract) return selected
  return selected.map((row, index) => ({ ...row, extracted: extract(rows[index] as Thread) }))
}

function threadQuery({ ids, metadata, values, status }: Record<string, unknown>): ThreadQuery {
  return {
    ...(ids ? { ids: ids as string[] } : {}),
    ...(metadata ? { metadata: metadata as Record<string, unknown> } : {}),
    ...(values ? { values: values as Record<string, unknown> } : {}),
    ...(status ? { status: status as Thread['status'] } : {}),
  }
}

function found<T>(thread: T | undefined, id: string): T {
  if (thread === undefined) throw new AuthkitError('not_found', `Thread with ID ${id} not found`)
  return thread
}
