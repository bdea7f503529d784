import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Thread } from '../../storage/storage.js'
import type { ServerDeps } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'

const state = { 200: { description: 'The state.', schema: s.ThreadState } }
const absent = { 404: { description: 'Absent, or not for this caller.' } }
const states = { 200: { description: 'The states, newest first.', schema: z.array(s.ThreadState) } }

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
    const thread = await storage.threads.get(scope, thread_id)
    if (!thread) throw new AuthkitError('not_found', `Thread with ID ${thread_id} not found`)
    return { scope, thread }
  }

  return [
    route({
      method: 'GET',
      path: '/threads/{thread_id}/state',
      group: 'threads',
      summary: 'Read the latest state of a thread',
      events: ['threads:read'],
      params: s.threadParams,
      query: z.object({ subgraphs: s.queryFlag }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params, query }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        return c.json(await threadStates.get(scope, thread, { subgraphs: query.subgraphs }))
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
          return c.json(await threadStates.update(writable.scope, thread, updates, at))
        })
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/state/checkpoint',
      group: 'threads',
      summary: 'Read the state of a thread at a checkpoint',
      events: ['threads:read'],
      params: s.threadParams,
      body: z.object({ checkpoint: s.checkpointRef, subgraphs: s.withDefault(z.boolean(), false) }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params, body }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        return c.json(await threadStates.get(scope, thread, body))
      },
    }),

    route({
      method: 'GET',
      path: '/threads/{thread_id}/state/{checkpoint_id}',
      group: 'threads',
      summary: 'Read the state of a thread at a checkpoint, by its id',
      events: ['threads:read'],
      params: s.threadParams.extend({ checkpoint_id: z.string() }),
      query: z.object({ subgraphs: s.queryFlag }),
      answers: { ...state, ...absent },
      async handle({ c, caller, params: { thread_id, checkpoint_id }, query: { subgraphs } }) {
        const { scope, thread } = await readable(caller, thread_id)
        return c.json(await threadStates.get(scope, thread, { checkpoint: { checkpoint_id }, subgraphs }))
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
      }),
      answers: { ...states, ...absent },
      async handle({ c, caller, params, body: { limit, before: earlier, metadata, checkpoint } }) {
        const { scope, thread } = await readable(caller, params.thread_id)
        const options = {
          limit,
          ...(earlier === undefined ? {} : { before: earlier }),
          ...(metadata ? { metadata } : {}),
          ...(checkpoint ? { checkpoint: { ...checkpoint, checkpoint_id: undefined } } : {}),
        }
        return c.json(await threadStates.history(scope, thread, options))
      },
    }),
  ]
}
