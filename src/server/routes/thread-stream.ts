import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import { createTrace } from '../../engine/trace.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { ServerDeps } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'
import { sse } from '../sse.js'

const MODES = ['run_modes', 'lifecycle', 'state_update'] as const
const modes = s.queryList.pipe(z.array(z.enum(MODES)).optional())

/** An id of this server's, `-`, or any number: those of other servers mean nothing here, and are read as "from now on". */
const POSITION = /^(-|[0-9a-f-]{36}\/\d+)$/

export function threadStreamRoutes(deps: ServerDeps): Route[] {
  const { storage, queue } = deps.runtime
  return [
    route({
      method: 'GET',
      path: '/threads/{thread_id}/stream',
      group: 'threads',
      summary: 'Follow a thread: the events of all its runs',
      events: ['threads:read'],
      params: s.threadParams,
      // The clients say `stream_mode`, the documents of LangGraph `stream_modes`.
      query: z.object({ stream_mode: modes, stream_modes: modes }),
      answers: {
        200: { description: 'Events until the client hangs up or the thread goes.', type: 'text/event-stream' },
        404: { description: 'Absent, or not for this caller.' },
      },
      async handle({ c, caller, params: { thread_id }, query }) {
        const { scope } = await caller.authorize('threads:read', { thread_id })
        if (!(await storage.threads.get(scope, thread_id))) {
          throw new AuthkitError('not_found', `Thread with ID ${thread_id} not found`)
        }
        const wanted = query.stream_mode ?? query.stream_modes ?? ['run_modes']
        const last = c.req.header('last-event-id')
        const after = last !== undefined && POSITION.test(last) ? last : undefined
        return sse((signal) => queue.feeds.read(thread_id, after, signal, mayStillRead(deps, caller, thread_id)), {
          headers: { 'content-location': `/threads/${thread_id}/stream` },
          // Where all of a run is wanted, so are its beginning and its end.
          wanted: ({ mode }) => wanted.includes(mode) || (mode === 'lifecycle' && wanted.includes('run_modes')),
        })
      },
    }),
  ]
}

/**
 * Whether a caller may read a thread at this moment, by the rules of this moment: for streams, which outlive both.
 *
 * @returns A question that can be asked again and again. While the rules are broken the answer is no.
 */
export function mayStillRead(
  { runtime, project }: ServerDeps,
  { user }: Pick<Caller, 'user'>,
  thread_id: string,
): () => Promise<boolean> {
  return async () => {
    const now = project()
    if (now.kind !== 'ready') return false
    try {
      const caller = now.engine.callerFor(user, createTrace(randomUUID()))
      const { scope } = await caller.authorize('threads:read', { thread_id })
      return (await runtime.storage.threads.get(scope, thread_id)) !== undefined
    } catch {
      return false
    }
  }
}
