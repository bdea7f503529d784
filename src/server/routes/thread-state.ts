import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Json, Thread } from '../../storage/storage.js'
import { refuseConstructorRecords } from '../constructor-records.js'
import type { ServerDeps } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

const state = { 200: { description: 'The state.', schema: s.ThreadState } }
const absent = { 404: { description: 'Absent, or not for this caller.' } }
const states = { 200: { description: 'The states, newest first.', schema: z.array(s.ThreadState) } }

const FIELDS = [
  'values',
  'next',
  'tasks',
  'metadata',
  'created_at',
  'checkpoint',
  'parent_checkpoint',
  'interrupts',
] as const

/** Fields of a state; `values.messages` is one key of its values. */
const fields = z.array(
  z.string().refine((name) => FIELDS.some((field) => field === name) || /^values\../.test(name), {
    error: `must be one of ${FIELDS.join(', ')}, or values.<key>`,
  }),
)
const queryFields = s.queryList.pipe(fields.optional())
const bodyFields = s.optional(fields)

/** `before` is an id, a checkpoint, or a configuration that holds one. */
const before = s.optional(
  z
    .union([
      z.string(),
      z.object({ checkpoint_id: z.string() }),
      z.object({ configurable: z.object({ checkpoint_id: z.string() }) }),
    ])
    .transform((value) => {
      if (typeof value === 'string') return value
      return 'configurable' in value ? value.configurable.checkpoint_id : value.checkpoint_id
    }),
)

export function threadStateRoutes({ runtime }: ServerDeps): Route[] {
  const { storage, states: threadStates, queue } = runtime

  async function readable(caller: Caller, thread_id: string): Promise<{ scope: Scope; thread: Thread }> {
    const { scope } = await caller.authorize('threads:read', { thread_id })
    return { scope, thread: found(await storage.threads.get(scope, thread_id), thread_id) }
  }

  return [
    route({
      method: 'GET',
      path: '/threads/{thread_id}/state',
      group: 'threads',
      summary: 'Read the latest state of a thread',
      events: ['threads:read'],
      params: s.threadParams,
      query: z.object({ subgraphs: s.queryFlag, select: queryFields }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params, query: { subgraphs, select } }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        return c.json(selected(await threadStates.get(scope, thread, { subgraphs }), select))
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/state',
      group: 'threads',
      summary: 'Update the state of a thread',
      events: ['threads:update', 'threads:read'],
      params: s.threadParams,
      body: z.object({
        values: z.union([z.array(z.unknown()), s.anyObject]).nullish(),
        as_node: s.optional(z.string()),
        checkpoint: s.optional(s.checkpointRef),
        checkpoint_id: s.optional(z.string()),
      }),
      answers: {
        200: { description: 'The checkpoint that was made.', schema: s.anyObject },
        400: { description: 'The graph refuses the update, or the thread has no graph.' },
        ...absent,
        409: { description: 'A run is in flight.' },
      },
      async handle({ c, caller, params: { thread_id }, body: { values, as_node, checkpoint, checkpoint_id } }) {
        refuseConstructorRecords(values, 'values')
        const writable = await caller.authorize('threads:update', { thread_id })
        const { thread } = await readable(caller, thread_id)
        if (!(await storage.threads.get(writable.scope, thread_id))) throw new AuthkitError('forbidden', 'Forbidden')
        return queue.exclusively(thread_id, async () => {
          const system = systemScope('whether a run is in flight on a thread that the caller may update')
          if ((await storage.runs.inFlight(system, thread_id)).length > 0) {
            throw new AuthkitError('conflict', 'Thread is busy with a run. Wait for it to finish, or cancel it.')
          }
          const updates = (Array.isArray(values) ? values : [values ?? null]).map((one) => ({ values: one, as_node }))
          const at = checkpoint ?? (checkpoint_id ? { checkpoint_id } : undefined)
          const made = await threadStates.update(writable.scope, thread, updates, at)
          // Whoever follows the thread may read it: they were asked when they came.
          if (queue.feeds.isFollowed(thread_id)) {
            const state = await threadStates.get(writable.scope, thread, {})
            queue.feeds.publish(thread_id, 'state_update', JSON.stringify({ thread_id, state }))
          }
          return c.json(made)
        })
      },
    }),

    route({
      method: 'PATCH',
      path: '/threads/{thread_id}/state',
      group: 'threads',
      summary: 'Merge metadata into a thread',
      events: ['threads:update'],
      params: s.threadParams,
      body: z.object({ metadata: s.optional(s.jsonObject) }),
      answers: { 204: { description: 'Done.' }, ...absent },
      async handle({ c, caller, params: { thread_id }, body }) {
        const { scope, value } = await caller.authorize('threads:update', { thread_id, metadata: { ...body.metadata } })
        found(await storage.threads.update(scope, thread_id, { metadata: value.metadata ?? {} }), thread_id)
        return c.body(null, 204)
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/state/checkpoint',
      group: 'threads',
      summary: 'Read the state of a thread at a checkpoint',
      events: ['threads:read'],
      params: s.threadParams,
      body: z.object({
        checkpoint: s.checkpointRef,
        subgraphs: s.withDefault(z.boolean(), false),
        select: bodyFields,
      }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params, body: { select, ...at } }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        return c.json(selected(await threadStates.get(scope, thread, at), select))
      },
    }),

    route({
      method: 'GET',
      path: '/threads/{thread_id}/state/{checkpoint_id}',
      group: 'threads',
      summary: 'Read the state of a thread at a checkpoint, by its id',
      events: ['threads:read'],
      params: s.threadParams.extend({ checkpoint_id: z.string() }),
      query: z.object({ subgraphs: s.queryFlag, select: queryFields }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params: { thread_id, checkpoint_id }, query: { subgraphs, select } }) {
        const { scope, thread } = await readable(caller, thread_id)
        const at = { checkpoint: { checkpoint_id }, subgraphs }
        return c.json(selected(await threadStates.get(scope, thread, at), select))
      },
    }),

    route({
      method: 'GET',
      path: '/threads/{thread_id}/history',
      group: 'threads',
      summary: 'List the states of a thread',
      events: ['threads:read'],
      params: s.threadParams,
      query: z.object({ limit: s.queryLimit(10), before: z.string().optional() }),
      answers: { ...states, ...absent },
      async handle({ c, caller, params, query: { limit, before: earlier } }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        const options = { limit, ...(earlier === undefined ? {} : { before: earlier }) }
        return c.json(await threadStates.history(scope, thread, options))
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/history',
      group: 'threads',
      summary: 'List the states of a thread',
      events: ['threads:read'],
      params: s.threadParams,
      body: z.object({
        limit: s.limit(10),
        before,
        metadata: s.optional(s.searchObject),
        checkpoint: s.optional(s.checkpointRef),
        select: bodyFields,
      }),
      answers: { ...states, ...absent },
      async handle({ c, caller, params, body: { limit, before: earlier, metadata, checkpoint, select } }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        const options = {
          limit,
          ...(earlier === undefined ? {} : { before: earlier }),
          ...(metadata ? { metadata } : {}),
          ...(checkpoint ? { checkpoint: { ...checkpoint, checkpoint_id: undefined } } : {}),
        }
        const listed = await threadStates.history(scope, thread, options)
        return c.json(listed.map((one) => selected(one, select)))
      },
    }),
  ]
}

/** The fields of a state that were asked for; all of them where none were. */
function selected(state: Json, names: readonly string[] | undefined): Json {
  if (!names || names.length === 0) return state
  const fields = Object.entries(state).filter(([name]) => names.includes(name))
  if (names.includes('values')) return Object.fromEntries(fields)
  const keys = names.filter((name) => name.startsWith('values.')).map((name) => name.slice('values.'.length))
  if (keys.length === 0) return Object.fromEntries(fields)
  const values = Object.entries((state['values'] ?? {}) as Json).filter(([key]) => keys.includes(key))
  return { ...Object.fromEntries(fields), values: Object.fromEntries(values) }
}

function found<T>(thread: T | undefined, id: string): T {
  if (thread === undefined) throw new AuthkitError('not_found', `Thread with ID ${id} not found`)
  return thread
}
