import type { Context } from 'hono'
import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import { createRun, type RunRequest } from '../../runtime/runs/create-run.js'
import type { Outcome } from '../../runtime/runs/execute.js'
import type { RunHandle } from '../../runtime/runs/run-queue.js'
import { RUN_FIELDS, type Run } from '../../storage/storage.js'
import { configurableHeaders } from '../configurable-headers.js'
import { refuseConstructorRecords } from '../constructor-records.js'
import type { ServerDeps, ServerEnv } from '../context.js'
import { lateJson } from '../late-json.js'
import { select } from '../page.js'
import { type Answer, type Route, route } from '../route.js'
import * as s from '../schemas.js'
import { sse } from '../sse.js'

type Request = z.output<typeof s.runRequest>

const stateless = z.object({})
const absent = { 404: { description: 'The thread or the assistant is absent, or not for this caller.' } }
const noRun = { 404: { description: 'Absent, or not for this caller.' } }
const busy = { 409: { description: 'The thread is busy, and the strategy is `reject`.' } }
const stream: Answer = { description: 'The events of the run.', type: 'text/event-stream' }

export function runRoutes({ runtime }: ServerDeps): Route[] {
  const { storage, queue } = runtime

  function create(c: Context<ServerEnv>, threadId: string | undefined, body: Request, { reads = false } = {}) {
    const project = c.get('project')
    const headers =
      project.kind === 'ready' ? configurableHeaders(c.req.raw.headers, project.http.configurableHeaders) : {}
    if (threadId === undefined && body.command && 'resume' in body.command && body.command.resume !== undefined) {
      throw new AuthkitError('bad_request', 'You must provide a thread_id when resuming.')
    }
    refuseConstructorRecords(body.input, 'input')
    refuseConstructorRecords(body.command, 'command')
    return createRun(runtime, c.get('caller'), threadId, body as RunRequest, { reads, headers })
  }

  /** A run that the caller may see, through its thread. */
  async function readable(caller: Caller, thread_id: string, run_id: string): Promise<{ run: Run; scope: Scope }> {
    const { scope } = await caller.authorize('threads:read', { thread_id, run_id })
    return { run: found(await storage.runs.get(scope, thread_id, run_id)), scope }
  }

  /** Whoever asks that hanging up stops the run asks to change the thread: seeing it is not enough. */
  async function mayCancel(caller: Caller, { thread_id, run_id }: Run): Promise<void> {
    const { scope } = await caller.authorize('threads:update', {
      thread_id,
      action: 'interrupt',
      metadata: { run_ids: [run_id] },
    })
    found(await storage.runs.get(scope, thread_id, run_id))
  }

  /** What a run left, for whoever joins it: when it ends, or where it has ended what its thread holds. */
  async function resultOf(run: Run, scope: Scope): Promise<unknown> {
    const handle = queue.find(run.run_id)
    if (handle && !handle.log.ended) return result(await handle.outcome)
    const error = await storage.runs.errorOf(scope, run.thread_id, run.run_id)
    if (error) return { __error__: error }
    if (run.status === 'interrupted') return result({ kind: 'interrupted' })
    const thread = await storage.threads.get(scope, run.thread_id)
    if (!thread) return null
    const { values, interrupts } = thread
    return result({
      kind: 'success',
      values,
      interrupts,
      status: thread.status === 'interrupted' ? 'interrupted' : 'idle',
    })
  }

  function joinStream(run: Run, headers: Record<string, string>, query: JoinQuery, lastEventId: string | undefined) {
    const handle = queue.find(run.run_id)
    if (!handle) return new Response('', { headers: { 'content-type': 'text/event-stream', ...headers } })
    const modes = query.stream_mode
    const from = lastEventId === undefined ? handle.log.nextId : Number(lastEventId) + 1 || 0
    return sse((signal) => handle.log.read(from, signal), {
      headers,
      ...(modes ? { wanted: ({ event }) => ALWAYS.has(event) || modes.includes(modeOf(event)) } : {}),
      ...(query.cancel_on_disconnect ? { onDisconnect: () => void queue.cancel(run.run_id) } : {}),
    })
  }

  async function stop(run: Run, how: 'interrupt' | 'rollback', scope: Scope): Promise<void> {
    // A run that has ended can't be stopped, and stays: deleting it takes `threads:delete`.
    const rollback = how === 'rollback' && (run.status === 'pending' || run.status === 'running')
    if (rollback) await queue.forget(run, () => storage.runs.delete(scope, run.thread_id, run.run_id))
    else await queue.cancel(run.run_id)
  }

  /** The three ways to start a run, on a thread and without one. */
  function starts(on: 'thread' | 'none'): Route[] {
    const prefix = on === 'thread' ? '/threads/{thread_id}/runs' : '/runs'
    const params = on === 'thread' ? s.threadParams : stateless
    const threadOf = (given: object) => ('thread_id' in given ? (given.thread_id as string) : undefined)
    const shared = { method: 'POST', group: 'runs', params, body: s.runRequest } as const
    const errors = { ...absent, ...(on === 'thread' ? busy : {}) }
    const suffix = on === 'thread' ? 'on a thread' : 'without a thread'

    return [
      route({
        ...shared,
        path: prefix,
        summary: `Start a run ${suffix}`,
        events: ['threads:create_run', 'assistants:read'],
        answers: { 200: { description: 'The run, pending.', schema: s.RunSchema }, ...errors },
        async handle({ c, params: given, body }) {
          const { run } = await create(c, threadOf(given), body)
          return c.json(run, 200, { 'content-location': locationOf(run, on) })
        },
      }),
      route({
        ...shared,
        path: `${prefix}/stream`,
        summary: `Start a run ${suffix} and stream it`,
        events: ['threads:create_run', 'assistants:read', 'threads:read'],
        answers: { 200: stream, ...errors },
        async handle({ c, params: given, body }) {
          const { run, handle } = await create(c, threadOf(given), body, { reads: true })
          return sse((signal) => handle.log.read(0, signal), {
            headers: { 'content-location': locationOf(run, on), location: `${locationOf(run, on)}/stream` },
            ...(body.on_disconnect === 'cancel' ? { onDisconnect: () => void queue.cancel(run.run_id) } : {}),
          })
        },
      }),
      route({
        ...shared,
        path: `${prefix}/wait`,
        summary: `Start a run ${suffix} and wait for its result`,
        events: ['threads:create_run', 'assistants:read', 'threads:read'],
        answers: { 200: { description: 'The final state, or `__error__`.', schema: z.unknown() }, ...errors },
        async handle({ c, params: given, body }) {
          const { run, handle } = await create(c, threadOf(given), body, { reads: true })
          return lateJson(handle.outcome.then(result), {
            headers: {
              'content-location': locationOf(run, on),
              location: `/threads/${run.thread_id}/runs/${run.run_id}/join`,
            },
            onDisconnect: () => {
              if (body.on_disconnect === 'cancel') void queue.cancel(run.run_id)
            },
          })
        },
      }),
    ]
  }

  return [
    ...starts('none'),
    route({
      method: 'POST',
      path: '/runs/batch',
      group: 'runs',
      summary: 'Start several runs without a thread',
      events: ['threads:create_run', 'assistants:read'],
      body: z.array(s.runRequest).min(1).max(MAX_BATCH),
      answers: { 200: { description: 'The runs, pending.', schema: z.array(s.RunSchema) }, ...absent },
      async handle({ c, body }) {
        const runs: Run[] = []
        for (const one of body) runs.push((await create(c, undefined, one)).run)
        return c.json(runs)
      },
    }),
    route({
      method: 'POST',
      path: '/runs/cancel',
      group: 'runs',
      summary: 'Stop several runs: those of a list, or all with a status',
      events: ['threads:update'],
      query: z.object({ action }),
      body: cancelMany,
      answers: { 204: { description: 'They have stopped.' }, 404: { description: 'There is none to stop.' } },
      async handle({ c, caller, query, body: { thread_id, run_ids = [], status } }) {
        const { scope } = await caller.authorize('threads:update', {
          ...(thread_id ? { thread_id } : {}),
          action: query.action,
          metadata: { run_ids, ...(status ? { status } : {}) },
        })
        const runs = status
          ? await storage.runs.allInFlight(scope, status)
          : await Promise.all(run_ids.map((id) => storage.runs.get(scope, thread_id ?? '', id)))
        const known = runs.filter((run) => run !== undefined)
        if (known.length === 0) throw new AuthkitError('not_found', 'Run not found')
        await Promise.all(known.map((run) => stop(run, query.action, scope)))
        return c.body(null, 204)
      },
    }),
    route({
      method: 'GET',
      path: '/runs/{run_id}/stream',
      group: 'runs',
      summary: 'Join the stream of a run, by its id alone',
      events: ['threads:read'],
      params: z.object({ run_id: s.uuid('run') }),
      query: joinQuery,
      answers: { 200: stream, ...noRun },
      async handle({ c, caller, params: { run_id }, query }) {
        // The rules are asked about the thread, so it has to be known first; nothing of the run is read before they answer.
        const system = systemScope('to which thread a run belongs, so that the rules can be asked about it')
        const thread_id = await storage.runs.threadOf(system, run_id)
        const asked = await caller.authorize('threads:read', { ...(thread_id ? { thread_id } : {}), run_id })
        const run = found(thread_id ? await storage.runs.get(asked.scope, thread_id, run_id) : undefined)
        if (query.cancel_on_disconnect) await mayCancel(caller, run)
        return joinStream(run, { 'content-location': `/runs/${run_id}` }, query, c.req.header('last-event-id'))
      },
    }),

    ...starts('thread'),
    route({
      method: 'GET',
      path: '/threads/{thread_id}/runs',
      group: 'runs',
      summary: 'List the runs of a thread',
      events: ['threads:search', 'threads:read'],
      params: s.threadParams,
      query: z.object({
        limit: s.queryLimit(10),
        offset: s.queryOffset,
        status: z.enum(['pending', 'running', 'success', 'error', 'timeout', 'interrupted']).optional(),
        select: s.queryList,
      }),
      answers: { 200: { description: 'Newest first.', schema: z.array(s.RunSchema) }, ...noRun },
      async handle({ c, caller, params: { thread_id }, query: { status, select: columns, ...page } }) {
        const listed = await caller.authorize('threads:search', { thread_id, ...(status ? { status } : {}) })
        const { scope } = await caller.authorize('threads:read', { thread_id })
        const visible =
          (await storage.threads.get(scope, thread_id)) && (await storage.threads.get(listed.scope, thread_id))
        if (!visible) throw new AuthkitError('not_found', `Thread with ID ${thread_id} not found`)
        const runs = await storage.runs.list(scope, thread_id, status ? { status } : {}, page)
        const known = columns?.filter((column): column is keyof Run =>
          (RUN_FIELDS as readonly string[]).includes(column),
        )
        return c.json(select<Run>(runs, known))
      },
    }),
    route({
      method: 'GET',
      path: '/threads/{thread_id}/runs/{run_id}',
      group: 'runs',
      summary: 'Read a run',
      events: ['threads:read'],
      params: s.runParams,
      answers: { 200: { description: 'The run.', schema: s.RunSchema }, ...noRun },
      async handle({ c, caller, params: { thread_id, run_id } }) {
        return c.json((await readable(caller, thread_id, run_id)).run)
      },
    }),
    route({
      method: 'DELETE',
      path: '/threads/{thread_id}/runs/{run_id}',
      group: 'runs',
      summary: 'Delete a run and the checkpoints it made',
      events: ['threads:delete'],
      params: s.runParams,
      answers: { 204: { description: 'Deleted.' }, ...noRun },
      async handle({ c, caller, params: { thread_id, run_id } }) {
        const { scope } = await caller.authorize('threads:delete', { thread_id, run_id })
        const run = found(await storage.runs.get(scope, thread_id, run_id))
        await queue.forget(run, () => storage.runs.delete(scope, thread_id, run_id))
        return c.body(null, 204)
      },
    }),
    route({
      method: 'GET',
      path: '/threads/{thread_id}/runs/{run_id}/join',
      group: 'runs',
      summary: 'Wait for the result of a run',
      events: ['threads:read'],
      params: s.runParams,
      query: z.object({ cancel_on_disconnect: s.queryFlag }),
      answers: { 200: { description: 'The final state, or `__error__`.', schema: z.unknown() }, ...noRun },
      async handle({ caller, params: { thread_id, run_id }, query }) {
        const { run, scope } = await readable(caller, thread_id, run_id)
        if (query.cancel_on_disconnect) await mayCancel(caller, run)
        return lateJson(resultOf(run, scope), {
          headers: { 'content-location': locationOf(run, 'thread') },
          onDisconnect: () => {
            if (query.cancel_on_disconnect) void queue.cancel(run_id)
          },
        })
      },
    }),
    route({
      method: 'GET',
      path: '/threads/{thread_id}/runs/{run_id}/stream',
      group: 'runs',
      summary: 'Join the stream of a run',
      events: ['threads:read'],
      params: s.runParams,
      query: joinQuery,
      answers: { 200: stream, ...noRun },
      async handle({ c, caller, params: { thread_id, run_id }, query }) {
        const { run } = await readable(caller, thread_id, run_id)
        if (query.cancel_on_disconnect) await mayCancel(caller, run)
        return joinStream(run, { 'content-location': locationOf(run, 'thread') }, query, c.req.header('last-event-id'))
      },
    }),
    route({
      method: 'POST',
      path: '/threads/{thread_id}/runs/{run_id}/cancel',
      group: 'runs',
      summary: 'Stop a run',
      events: ['threads:update'],
      params: s.runParams,
      query: z.object({ wait: s.queryFlag, action }),
      answers: { 202: { description: 'It will stop.' }, 204: { description: 'It has stopped.' }, ...noRun },
      async handle({ c, caller, params: { thread_id, run_id }, query }) {
        const { scope } = await caller.authorize('threads:update', {
          thread_id,
          action: query.action,
          metadata: { run_ids: [run_id], status: 'pending' },
        })
        const run = found(await storage.runs.get(scope, thread_id, run_id))
        const stopped = stop(run, query.action, scope)
        if (!query.wait) {
          stopped.catch(() => undefined)
          return c.body(null, 202)
        }
        await stopped
        return c.body(null, 204)
      },
    }),
  ]
}

/** Runs in one request. */
const MAX_BATCH = 1000

const joinQuery = z.object({ cancel_on_disconnect: s.queryFlag, stream_mode: s.queryList })
type JoinQuery = z.output<typeof joinQuery>

const action = z.enum(['interrupt', 'rollback']).default('interrupt')

/** Either runs of one thread, or all that the caller may stop with a status. */
const cancelMany = z
  .object({
    thread_id: s.optional(s.uuid('thread')),
    run_ids: s.optional(z.array(s.uuid('run')).min(1).max(1000)),
    status: s.optional(z.enum(['pending', 'running', 'all'])),
  })
  .refine(({ thread_id, run_ids, status }) => (status ? !thread_id && !run_ids : thread_id && run_ids), {
    error: 'give either `status`, or `thread_id` and `run_ids`',
  })

/** Events that every reader gets, whatever modes it asked for. */
const ALWAYS = new Set(['metadata', 'error'])

function modeOf(event: string): string {
  const [mode = ''] = event.split('|')
  return mode === 'messages' ? 'messages-tuple' : (mode.split('/')[0] as string)
}

function locationOf({ thread_id, run_id }: Run, on: 'thread' | 'none'): string {
  return on === 'thread' ? `/threads/${thread_id}/runs/${run_id}` : `/runs/${run_id}`
}

/** The body that a client that waited gets. A failed run answers 200: the headers are sent before it ends. */
function result(outcome: Awaited<RunHandle['outcome']>): unknown {
  return OUTCOMES[outcome.kind](outcome as never)
}

const OUTCOMES: { [K in Outcome['kind']]: (outcome: Extract<Outcome, { kind: K }>) => unknown } = {
  success: ({ values, interrupts, status }) =>
    status === 'interrupted'
      ? { ...(values as object | null), __interrupt__: Object.values(interrupts).flat() }
      : values,
  error: ({ error }) => ({ __error__: error }),
  timeout: ({ error }) => ({ __error__: error }),
  interrupted: () => ({ __error__: { error: 'RunInterrupted', message: 'The run was stopped before it ended.' } }),
}

function found(run: Run | undefined): Run {
  if (!run) throw new AuthkitError('not_found', 'Run not found')
  return run
}
