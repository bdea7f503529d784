import { v7 as uuidv7 } from 'uuid'
import * as z from 'zod'
import { withoutReserved } from '../../engine/reserved.js'
import { type Scope, systemScope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import { systemAssistantId } from '../../runtime/graphs/graph-registry.js'
import type { Assistant, Json } from '../../storage/storage.js'
import type { ServerDeps } from '../context.js'
import { paginationHeaders, select } from '../page.js'
import { type Input, type Route, route } from '../route.js'
import * as s from '../schemas.js'

const searchBody = z.object({
  metadata: s.optional(s.searchObject),
  graph_id: s.optional(z.string()),
  name: s.optional(z.string()),
  limit: s.limit(10),
  offset: s.offset,
  sort_by: s.optional(z.enum(['assistant_id', 'graph_id', 'name', 'created_at', 'updated_at'])),
  sort_order: s.sortOrder,
  select: s.optional(z.array(z.enum(Object.keys(s.AssistantSchema.shape) as [keyof Assistant]))),
})

const changeFields = {
  config: s.optional(s.runConfig),
  context: s.optional(s.anyObject),
  metadata: s.optional(s.jsonObject),
  name: s.optional(z.string()),
}

/** A depth, or a flag; 0 and below make no sense. */
const xray = z
  .string()
  .optional()
  .transform((value, context): boolean | number => {
    if (value === undefined || value === '' || /^(false|no)$/i.test(value)) return false
    if (/^(true|yes)$/i.test(value)) return true
    const depth = Number(value)
    if (Number.isInteger(depth) && depth > 0) return depth
    context.addIssue({ code: 'custom', message: 'must be a boolean or a depth above 0' })
    return z.NEVER
  })
  .meta({ type: 'string' })

const one = { 200: { description: 'The assistant.', schema: s.AssistantSchema } }

export function assistantRoutes({ runtime }: ServerDeps): Route[] {
  const { storage, graphs } = runtime

  async function read({ caller, params }: Input<{ assistant_id: string }, unknown, unknown>): Promise<Assistant> {
    const { assistant_id } = params
    const { scope } = await caller.authorize('assistants:read', { assistant_id })
    return found(await storage.assistants.get(scope, assistant_id))
  }

  /** A path may name an assistant by its id, or a system assistant by its graph. */
  const idOrGraph = z.object({
    assistant_id: z.string().transform((name, context) => {
      if (graphs.has(name)) return systemAssistantId(name)
      const id = s.uuid('assistant').safeParse(name)
      if (id.success) return id.data
      context.addIssue({ code: 'custom', message: 'Invalid assistant ID: must be a UUID or the name of a graph' })
      return z.NEVER
    }),
  })

  async function deleteThread(scope: Scope, threadId: string): Promise<boolean> {
    return runtime.queue.exclusively(threadId, async () => {
      if (!(await storage.threads.get(scope, threadId))) return false
      await runtime.queue.cancelThread(threadId)
      const deleted = await storage.threads.delete(scope, threadId)
      // Once more: who came in between must not follow another thread under this id.
      if (deleted) runtime.queue.feeds.end(threadId)
      return deleted
    })
  }

  /** System assistants are everyone's, so nobody changes them; whoever may not see one is told that it is absent. */
  async function refuseSystem(scope: Scope, assistantId: string): Promise<void> {
    if (graphs.ofSystemAssistant(assistantId) === undefined) return
    found(await storage.assistants.get(scope, assistantId))
    throw new AuthkitError('forbidden', 'The assistant of a graph is shared by everyone, and cannot be changed.')
  }

  /** Deletes the threads that used an assistant, each only if the caller may delete it. */
  async function deleteThreadsOf(
    caller: Input<unknown, unknown, unknown>['caller'],
    assistantId: string,
  ): Promise<void> {
    const system = systemScope('threads are listed here and deleted each in the scope of the caller')
    for (let kept = 0; ; ) {
      const page = { limit: 100, offset: kept }
      const { rows } = await storage.threads.search(system, { metadata: { assistant_id: assistantId } }, page)
      for (const { thread_id } of rows) {
        const scope = await mayDelete(caller, thread_id)
        if (!scope || !(await deleteThread(scope, thread_id))) kept++
      }
      // A page of large threads is shorter than its limit.
      if (rows.length === 0) return
    }
  }

  return [
    route({
      method: 'POST',
      path: '/assistants',
      group: 'assistants',
      summary: 'Create an assistant',
      events: ['assistants:create'],
      body: z.object({
        graph_id: z.string(),
        assistant_id: s.optional(s.uuid('assistant')),
        if_exists: s.ifExists,
        description: s.optional(z.string()),
        ...changeFields,
      }),
      answers: { ...one, 404: { description: 'No such graph.' }, 409: { description: 'The id is taken.' } },
      async handle({ c, caller, body }) {
        const { assistant_id = uuidv7(), graph_id, if_exists } = body
        const { scope, value } = await caller.authorize('assistants:create', {
          assistant_id,
          graph_id,
          config: withoutReserved(body.config ?? {}),
          context: withoutReserved(body.context ?? {}),
          metadata: { ...body.metadata },
          if_exists,
          name: body.name ?? 'Untitled',
          ...(body.description === undefined ? {} : { description: body.description }),
        })
        if (!graphs.has(graph_id)) throw new AuthkitError('not_found', `Graph "${graph_id}" not found`)
        const made = await storage.assistants.create(
          scope,
          {
            assistant_id,
            graph_id,
            name: value.name ?? 'Untitled',
            description: value.description ?? null,
            config: withoutReserved((value.config ?? {}) as Json),
            context: withoutReserved(value.context ?? {}),
            metadata: value.metadata ?? {},
          },
          if_exists,
        )
        if (!made) throw new AuthkitError('conflict', 'Assistant already exists')
        return c.json(made)
      },
    }),

    route({
      method: 'POST',
      path: '/assistants/search',
      group: 'assistants',
      summary: 'Search assistants',
      events: ['assistants:search'],
      body: searchBody,
      answers: { 200: { description: 'The assistants that the caller may see.', schema: z.array(s.AssistantSchema) } },
      async handle({ c, caller, body }) {
        const { select: columns, name, sort_by, sort_order, ...wanted } = body
        const { scope, value } = await caller.authorize('assistants:search', wanted)
        const page = { limit: body.limit, offset: body.offset, sort_order, ...(sort_by ? { sort_by } : {}) }
        const result = await storage.assistants.search(scope, query(value, name), page)
        return c.json(select(result.rows, columns), 200, paginationHeaders(result, body))
      },
    }),

    route({
      method: 'POST',
      path: '/assistants/count',
      group: 'assistants',
      summary: 'Count assistants',
      events: ['assistants:search'],
      body: searchBody.pick({ metadata: true, graph_id: true, name: true }),
      answers: { 200: { description: 'How many the caller may see.', schema: z.int() } },
      async handle({ c, caller, body: { name, ...wanted } }) {
        const { scope, value } = await caller.authorize('assistants:search', { ...wanted, limit: 0, offset: 0 })
        return c.json(await storage.assistants.count(scope, query(value, name)))
      },
    }),

    route({
      method: 'GET',
      path: '/assistants/{assistant_id}',
      group: 'assistants',
      summary: 'Read an assistant',
      events: ['assistants:read'],
      params: idOrGraph,
      answers: { ...one, 404: { description: 'Absent, or not for this caller.' } },
      handle: async (input) => input.c.json(await read(input)),
    }),

    route({
      method: 'PATCH',
      path: '/assistants/{assistant_id}',
      group: 'assistants',
      summary: 'Make a new version of an assistant',
      events: ['assistants:update'],
      params: s.assistantParams,
      body: z.object({ graph_id: s.optional(z.string()), description: z.string().nullish(), ...changeFields }),
      answers: { ...one, 404: { description: 'Absent, or not for this caller.' } },
      async handle({ c, caller, params, body }) {
        const { scope, value } = await caller.authorize('assistants:update', {
          assistant_id: params.assistant_id,
          ...defined({
            graph_id: body.graph_id,
            config: body.config && withoutReserved(body.config),
            context: body.context && withoutReserved(body.context),
            name: body.name,
            description: body.description,
          }),
          metadata: { ...body.metadata },
        })
        await refuseSystem(scope, params.assistant_id)
        const { graph_id } = value
        if (graph_id && !graphs.has(graph_id)) throw new AuthkitError('not_found', `Graph "${graph_id}" not found`)
        const change = defined({
          graph_id: value.graph_id ?? undefined,
          config: value.config ? withoutReserved(value.config as Json) : undefined,
          context: value.context ? withoutReserved(value.context) : undefined,
          name: value.name ?? undefined,
          description: value.description,
        })
        return c.json(
          found(
            await storage.assistants.update(scope, params.assistant_id, { ...change, metadata: value.metadata ?? {} }),
          ),
        )
      },
    }),

    route({
      method: 'DELETE',
      path: '/assistants/{assistant_id}',
      group: 'assistants',
      summary: 'Delete an assistant',
      events: ['assistants:delete', 'threads:delete'],
      params: s.assistantParams,
      query: z.object({ delete_threads: s.queryFlag }),
      answers: { 204: { description: 'Deleted.' }, 404: { description: 'Absent, or not for this caller.' } },
      async handle({ c, caller, params, query }) {
        const { scope } = await caller.authorize('assistants:delete', params)
        await refuseSystem(scope, params.assistant_id)
        found((await storage.assistants.delete(scope, params.assistant_id)) || undefined)
        if (query.delete_threads) await deleteThreadsOf(caller, params.assistant_id)
        return c.body(null, 204)
      },
    }),

    route({
      method: 'GET',
      path: '/assistants/{assistant_id}/graph',
      group: 'assistants',
      summary: 'Draw the graph of an assistant',
      events: ['assistants:read'],
      params: idOrGraph,
      query: z.object({ xray: xray }),
      answers: {
        200: { description: 'Nodes and edges.', schema: s.anyObject },
        404: { description: 'Absent, or not for this caller.' },
        422: { description: 'The file of the graph does not load.' },
      },
      async handle(input) {
        const assistant = await read(input)
        return input.c.json(await runtime.shapes.drawing(assistant.graph_id, input.query.xray))
      },
    }),

    route({
      method: 'GET',
      path: '/assistants/{assistant_id}/schemas',
      group: 'assistants',
      summary: 'Describe what the graph of an assistant takes and gives',
      events: ['assistants:read'],
      params: idOrGraph,
      answers: {
        200: { description: 'JSON Schemas, null where the graph declares none.', schema: s.anyObject },
        404: { description: 'Absent, or not for this caller.' },
        422: { description: 'The file of the graph does not load.' },
      },
      async handle(input) {
        const assistant = await read(input)
        return input.c.json({ graph_id: assistant.graph_id, ...(await runtime.shapes.schemas(assistant.graph_id)) })
      },
    }),

    ...['', '/{namespace}'].map((tail) =>
      route({
        method: 'GET',
        path: `/assistants/{assistant_id}/subgraphs${tail}`,
        group: 'assistants',
        summary: 'Describe the subgraphs of an assistant',
        events: ['assistants:read'],
        params: idOrGraph.extend({ namespace: z.string().optional() }),
        query: z.object({ recurse: s.queryFlag }),
        answers: {
          200: { description: 'Schemas by namespace.', schema: s.anyObject },
          404: { description: 'Absent, or not for this caller.' },
          422: { description: 'The file of the graph does not load.' },
        },
        async handle(input) {
          const assistant = await read(input)
          const { namespace } = input.params
          return input.c.json(await runtime.shapes.subgraphs(assistant.graph_id, namespace, input.query.recurse))
        },
      }),
    ),

    route({
      method: 'POST',
      path: '/assistants/{assistant_id}/versions',
      group: 'assistants',
      summary: 'List the versions of an assistant',
      events: ['assistants:read'],
      params: idOrGraph,
      body: searchBody.pick({ metadata: true, limit: true, offset: true }),
      answers: {
        200: { description: 'Newest first.', schema: z.array(s.AssistantSchema) },
        404: { description: 'None.' },
      },
      async handle({ c, caller, params: { assistant_id }, body: { metadata, ...page } }) {
        const { scope } = await caller.authorize('assistants:read', { assistant_id, ...defined({ metadata }) })
        const versions = await storage.assistants.versions(scope, assistant_id, defined({ metadata }), page)
        if (versions.length === 0) throw new AuthkitError('not_found', `Assistant ${assistant_id} not found`)
        return c.json(versions)
      },
    }),

    route({
      method: 'POST',
      path: '/assistants/{assistant_id}/latest',
      group: 'assistants',
      summary: 'Make a version the latest',
      events: ['assistants:update'],
      params: s.assistantParams,
      body: z.object({ version: z.int().min(1) }),
      answers: { ...one, 404: { description: 'Absent, or not for this caller.' } },
      async handle({ c, caller, params: { assistant_id }, body: { version } }) {
        const { scope } = await caller.authorize('assistants:update', { assistant_id, version })
        await refuseSystem(scope, assistant_id)
        return c.json(found(await storage.assistants.setLatest(scope, assistant_id, version)))
      },
    }),
  ]
}

async function mayDelete(
  caller: Input<unknown, unknown, unknown>['caller'],
  thread_id: string,
): Promise<Scope | undefined> {
  try {
    return (await caller.authorize('threads:delete', { thread_id })).scope
  } catch (error) {
    // A thread that the caller may not delete is not the caller's business: it stays, and says nothing.
    if (error instanceof AuthkitError && error.code === 'forbidden') return undefined
    throw error
  }
}

function query(
  value: { graph_id?: string | null | undefined; metadata?: Json | null | undefined },
  name: string | undefined,
) {
  return defined({ graph_id: value.graph_id ?? undefined, metadata: value.metadata ?? undefined, name })
}

function found<T>(assistant: T | undefined): T {
  if (assistant === undefined) throw new AuthkitError('not_found', 'Assistant not found')
  return assistant
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends Record<string, unknown>>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>
}
