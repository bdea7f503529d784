import type { Context } from 'hono'
import * as z from 'zod'
import type { Caller } from '../../engine/engine.js'
import type { Scope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import { isSubscribed } from '../../runtime/protocol/protocol-event.js'
import { PROTOCOL_MODES } from '../../runtime/protocol/run-events.js'
import { answeredBy, seqBefore, threadEvents } from '../../runtime/protocol/thread-events.js'
import { createRun, type RunRequest } from '../../runtime/runs/create-run.js'
import type { Json, Run, Thread } from '../../storage/storage.js'
import { configurableHeaders } from '../configurable-headers.js'
import { refuseConstructorRecords } from '../constructor-records.js'
import type { ServerDeps, ServerEnv } from '../context.js'
import { type Route, route } from '../route.js'
import * as s from '../schemas.js'
import { sse } from '../sse.js'
import { mayStillRead } from './thread-stream.js'

/**
 * The second protocol: commands, and the events of a thread. It has no session here. Every command is the caller's own, and
 * a stream is opened by whoever may read the thread.
 */
export function protocolRoutes(deps: ServerDeps): Route[] {
  const { runtime } = deps
  const { storage, states } = runtime

  /** What the caller sees of a thread, which may be nothing. */
  async function look(caller: Caller, thread_id: string): Promise<{ scope: Scope; thread: Thread | undefined }> {
    const { scope } = await caller.authorize('threads:read', { thread_id })
    return { scope, thread: await storage.threads.get(scope, thread_id) }
  }

  async function readable(caller: Caller, thread_id: string): Promise<{ scope: Scope; thread: Thread }> {
    const { scope, thread } = await look(caller, thread_id)
    if (!thread) throw new AuthkitError('not_found', `Thread with ID ${thread_id} not found`)
    return { scope, thread }
  }

  async function start(c: Context<ServerEnv>, threadId: string, wanted: z.input<typeof s.runRequest>): Promise<Run> {
    const told = { stream_mode: [...PROTOCOL_MODES], stream_subgraphs: true, stream_resumable: true }
    const request = parsed(s.runRequest, { ...wanted, ...told })
    refuseConstructorRecords(request.input, 'input')
    refuseConstructorRecords(request.command, 'command')
    const project = c.get('project')
    const headers =
      project.kind === 'ready' ? configurableHeaders(c.req.raw.headers, project.http.configurableHeaders) : {}
    const options = { reads: true, headers }
    return (await createRun(runtime, c.get('caller'), threadId, request as RunRequest, options)).run
  }

  const commands: Readonly<Record<string, (c: Context<ServerEnv>, threadId: string, params: Json) => Promise<Done>>> = {
    async 'run.start'(c, threadId, params) {
      const { input, multitaskStrategy, ...wanted } = parsed(runStart, params)
      const { thread } = await look(c.get('caller'), threadId)
      // The one part of a configuration that says where a run begins: a client that branches off sends it there.
      const checkpoint_id = wanted.config?.configurable?.['checkpoint_id']
      const isBranch = typeof checkpoint_id === 'string'
      const waiting = isBranch ? [] : interruptsOf(thread)
      const command = commandIn(input) ?? (input != null && waiting.length > 0 ? answerTo(waiting, input) : undefined)
      if (command === 'which') {
        return refused(
          'invalid_argument',
          'Several interrupts wait for an answer; input.respond says which one it is for.',
        )
      }
      const run = await start(c, threadId, {
        ...wanted,
        ...(command ? { command } : { input }),
        ...(isBranch ? { checkpoint_id } : {}),
        multitask_strategy: wanted.multitask_strategy ?? multitaskStrategy,
        // The clients make up the id of a thread, and leave it to the first run to make the thread.
        if_not_exists: 'create',
      })
      return { result: { run_id: run.run_id }, run }
    },

    async 'input.respond'(c, threadId, params) {
      const { responses, interrupt_id, response, update, goto, config, metadata } = parsed(inputRespond, params)
      const answers = responses ?? [{ interrupt_id, response }]
      const { scope, thread } = await readable(c.get('caller'), threadId)
      const assistant_id = thread.metadata['assistant_id']
      if (typeof assistant_id !== 'string') return refused('no_such_run', 'No run has been started on this thread.')
      // The row of a thread is written when the run has ended; whoever hears of an interrupt may answer sooner.
      const { interrupts } = (await states.get(scope, thread, {})) as { interrupts: { id?: string }[] }
      const pending = new Set(interrupts.map(({ id }) => id))
      // One that is being answered waits no more, though the state does not say so yet.
      for (const run of await storage.runs.inFlight(scope, threadId))
        for (const id of answeredBy(run)) pending.delete(id)
      const resume: [string, unknown][] = []
      for (const answer of answers) {
        const id = answer.interrupt_id ?? ''
        if (!pending.has(id)) return refused('no_such_interrupt', `No interrupt "${id}" waits for an answer.`)
        resume.push([id, answer.response ?? null])
      }
      const command = { resume: Object.fromEntries(resume), update, goto }
      const run = await start(c, threadId, { assistant_id, command, config, metadata })
      return { result: { run_id: run.run_id }, run }
    },

    async 'state.get'(c, threadId, params) {
      const { namespace = [], keys } = parsed(stateGet, params)
      const { scope, thread } = await readable(c.get('caller'), threadId)
      const ns = namespace.join('|')
      const state = await states.get(scope, thread, { checkpoint: { checkpoint_ns: ns } })
      if (ns !== '' && state['created_at'] === null)
        return refused('no_such_namespace', `There is no state of "${ns}".`)
      const { checkpoint_id } = (state['checkpoint'] ?? {}) as { checkpoint_id?: string }
      const values = keys ? only(state['values'], keys) : state['values']
      return { result: { values, ...(checkpoint_id ? { checkpoint: { id: checkpoint_id, ns } } : {}) } }
    },
  }

  return [
    route({
      method: 'POST',
      path: '/threads/{thread_id}/commands',
      group: 'threads',
      summary: 'A command of the second protocol: start a run, answer an interrupt, read the state',
      events: ['threads:read', 'threads:create_run', 'assistants:read'],
      params: s.threadParams,
      body: z.object({ id: z.int().min(0), method: z.string(), params: s.optional(s.anyObject) }),
      answers: {
        200: { description: 'Done, or what the protocol refuses.', schema: CommandAnswer },
        404: { description: 'The thread or the assistant is absent, or not for this caller.' },
        409: { description: 'The thread is busy, and the strategy is `reject`.' },
      },
      async handle({ c, params: { thread_id }, body: { id, method, params = {} } }) {
        const command = Object.hasOwn(commands, method) ? commands[method] : undefined
        if (!command) return c.json({ type: 'error', id, ...unserved(method) })
        const done = await command(c, thread_id, params)
        if ('error' in done) return c.json({ type: 'error', id, ...done })
        const { result, run } = done
        return c.json({ type: 'success', id, result, meta: run ? { applied_through_seq: seqBefore(run) } : {} })
      },
    }),

    route({
      method: 'POST',
      path: '/threads/{thread_id}/stream/events',
      group: 'threads',
      summary: 'Follow a thread in the second protocol',
      events: ['threads:read'],
      params: s.threadParams,
      body: z.object({
        channels: z.array(z.string()).max(MOST),
        namespaces: s.optional(z.array(z.array(z.string()).max(MOST)).max(MOST)),
        depth: s.optional(z.int().min(0)),
        since: s.optional(z.int().min(0)),
      }),
      answers: {
        200: { description: 'Events until the client hangs up or the thread goes.', type: 'text/event-stream' },
        404: { description: 'Absent, or not for this caller.' },
      },
      async handle({ c, caller, params: { thread_id }, body: { since, ...subscription } }) {
        const { scope } = await readable(caller, thread_id)
        const lastEventId = c.req.header('last-event-id')
        const mayRead = mayStillRead(deps, caller, thread_id)
        const from = { scope, mayRead, threadId: thread_id, since, lastEventId }
        return sse((signal) => threadEvents(runtime, from, signal), {
          headers: { 'content-location': `/threads/${thread_id}/stream/events` },
          wanted: ({ told }) => isSubscribed(subscription, told),
        })
      },
    }),
  ]
}

/** Channels of a subscription, places, and steps to a place. */
const MOST = 1000

/** What became of a command: what it asked for, or why the protocol refuses it. */
type Done = { readonly result: Json; readonly run?: Run } | Refused

interface Refused {
  readonly error: ErrorCode
  readonly message: string
}

type ErrorCode =
  | 'invalid_argument'
  | 'unknown_command'
  | 'no_such_run'
  | 'no_such_namespace'
  | 'no_such_interrupt'
  | 'not_supported'

function refused(error: ErrorCode, message: string): Refused {
  return { error, message }
}

/** What the protocol knows and this server does not serve. docs/protocol.md says why. */
const UNSERVED = new Set([
  'agent.getTree',
  'input.inject',
  'state.fork',
  'state.listCheckpoints',
  'subscription.reconnect',
  'subscription.subscribe',
  'subscription.unsubscribe',
])

function unserved(method: string): Refused {
  return UNSERVED.has(method)
    ? refused('not_supported', `This server does not serve ${method}.`)
    : refused('unknown_command', 'There is no such command.')
}

type CommandInput = z.input<typeof s.command>

interface Interrupt {
  readonly id?: string
}

/** What waits for an answer on a thread that nothing runs on. */
function interruptsOf(thread: Thread | undefined): readonly Interrupt[] {
  return thread?.status === 'interrupted' ? (Object.values(thread.interrupts).flat() as Interrupt[]) : []
}

/** Whoever starts a run where one waits for a person answers it: that is how the protocol has it. */
function answerTo([first, ...others]: readonly Interrupt[], input: unknown): CommandInput | 'which' {
  if (others.length > 0) return 'which'
  return { resume: first?.id === undefined ? input : { [first.id]: input } }
}

/** A command of LangGraph's in the place of an input, as RemoteGraph sends it. */
function commandIn(input: unknown): CommandInput | undefined {
  if (typeof input !== 'object' || input === null || (input as Json)['lg_name'] !== 'Command') return undefined
  const { resume, update, goto } = parsed(remoteCommand, input)
  return { resume, update, goto: goto && [goto].flat().map(nodeOf) }
}

const remoteTarget = z.union([z.string(), z.object({ node: z.string(), args: z.unknown().optional() })])
const remoteCommand = z.object({
  resume: z.unknown().optional(),
  update: z.unknown().optional(),
  goto: s.optional(z.union([remoteTarget, z.array(remoteTarget)])),
})

function nodeOf(target: z.output<typeof remoteTarget>) {
  return typeof target === 'string' ? target : { node: target.node, input: target.args }
}

const { assistant_id, input, config, context, metadata } = s.runRequest.shape
const strategy = s.optional(z.enum(['reject', 'enqueue', 'interrupt', 'rollback']))

const runStart = z.object({
  ...{ assistant_id, input, config, context, metadata },
  // The protocol's spelling, and that of clients before it had one.
  multitask_strategy: strategy,
  multitaskStrategy: strategy,
})

const answer = { interrupt_id: z.string(), response: z.unknown().optional() }
const inputRespond = z
  .object({
    interrupt_id: s.optional(answer.interrupt_id),
    response: answer.response,
    responses: s.optional(z.array(z.object(answer)).min(1).max(MOST)),
    update: s.command.shape.update,
    goto: s.command.shape.goto,
    ...{ config, metadata },
  })
  .refine(({ interrupt_id, responses }) => (interrupt_id === undefined) !== (responses === undefined), {
    error: 'give either `interrupt_id` and `response`, or `responses`',
  })

const stateGet = z.object({
  namespace: s.optional(z.array(z.string()).max(MOST)),
  keys: s.optional(z.array(z.string()).max(MOST)),
})

const CommandAnswer = z
  .object({
    type: z.enum(['success', 'error']),
    id: z.int(),
    result: s.anyObject,
    meta: s.anyObject,
    error: z.string(),
    message: z.string(),
  })
  .partial()
  .meta({ id: 'CommandAnswer' })

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new AuthkitError(
    'invalid_request',
    ['params', ...(issue?.path ?? [])].map(String).join('.').concat(`: ${issue?.message}`),
  )
}

function only(values: unknown, keys: readonly string[]): unknown {
  if (typeof values !== 'object' || values === null) return values
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)))
}
