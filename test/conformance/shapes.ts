import * as z from 'zod'

/*
 * The objects of the API as its documentation has them, each key named: what a server adds to them without a word shows.
 * A key is optional where the documentation says that it is not always there.
 */

const time = z.iso.datetime({ offset: true })
const json = z.record(z.string(), z.unknown())
const count = z.int().min(0)

const config = z.looseObject({
  tags: z.array(z.string()).optional(),
  recursion_limit: z.int().optional(),
  configurable: json.optional(),
})

const assistantVersion = z.strictObject({
  assistant_id: z.uuid(),
  graph_id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  config,
  context: json,
  metadata: json,
  version: z.int().min(1),
  created_at: time,
})

const assistant = assistantVersion.extend({ updated_at: time })

const interrupt = z.strictObject({ id: z.string().min(1), value: z.unknown() })

const thread = z.strictObject({
  thread_id: z.uuid(),
  created_at: time,
  updated_at: time,
  state_updated_at: time,
  metadata: json,
  status: z.enum(['idle', 'busy', 'interrupted', 'error']),
  config,
  values: json.nullable(),
  interrupts: z.record(z.string(), z.array(interrupt)),
  error: z.unknown(),
})

const ttl = z.strictObject({ strategy: z.enum(['delete', 'keep_latest']), ttl_minutes: z.number(), expires_at: time })

const run = z.strictObject({
  run_id: z.uuid(),
  thread_id: z.uuid(),
  assistant_id: z.uuid(),
  created_at: time,
  updated_at: time,
  status: z.enum(['pending', 'running', 'success', 'error', 'timeout', 'interrupted']),
  metadata: json,
  kwargs: json,
  multitask_strategy: z.enum(['reject', 'rollback', 'interrupt', 'enqueue']),
})

const checkpoint = z.strictObject({
  thread_id: z.uuid(),
  checkpoint_ns: z.string(),
  // LangGraph's own ids are not quite the UUIDs of the standard.
  checkpoint_id: z.guid(),
  checkpoint_map: json.nullable().optional(),
})

interface State {
  values: unknown
  next: string[]
  tasks: { name: string; state: State | null }[]
  checkpoint: { checkpoint_id: string; checkpoint_ns: string } | null
}

const task = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.union([z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))]),
  error: z.string().nullable(),
  interrupts: z.array(interrupt),
  checkpoint: z.looseObject({ checkpoint_ns: z.string() }).nullable(),
  get state(): z.ZodType<State | null> {
    return state.nullable() as z.ZodType<State | null>
  },
  result: z.unknown(),
})

const state = z.strictObject({
  values: json,
  next: z.array(z.string()),
  tasks: z.array(task),
  metadata: json.nullable(),
  created_at: time.nullable(),
  checkpoint: checkpoint.nullable(),
  parent_checkpoint: checkpoint.nullable(),
  interrupts: z.array(interrupt).optional(),
  checkpoint_id: z.string().nullable().optional(),
  parent_checkpoint_id: z.string().nullable().optional(),
})

const updated = z.looseObject({ checkpoint: z.looseObject({ thread_id: z.uuid(), checkpoint_id: z.guid() }) })

const cron = z.strictObject({
  cron_id: z.uuid(),
  assistant_id: z.uuid().nullable(),
  thread_id: z.uuid().nullable(),
  user_id: z.string().nullable(),
  schedule: z.string(),
  timezone: z.string().nullable(),
  end_time: time.nullable(),
  next_run_date: time.nullable(),
  payload: json,
  metadata: json,
  on_run_completed: z.enum(['delete', 'keep']).nullable(),
  enabled: z.boolean(),
  created_at: time,
  updated_at: time,
})

/** As the JavaScript client hands it on: with `createdAt` and `updatedAt` beside what the server sent. */
const item = z.strictObject({
  namespace: z.array(z.string()),
  key: z.string(),
  value: json,
  created_at: time,
  updated_at: time,
  createdAt: time,
  updatedAt: time,
  score: z.number().nullable().optional(),
})

const graph = z.strictObject({
  nodes: z.array(
    z.strictObject({
      id: z.union([z.string(), z.number()]),
      type: z.string().optional(),
      data: z.unknown().optional(),
      metadata: z.unknown().optional(),
    }),
  ),
  edges: z.array(
    z.strictObject({
      source: z.string(),
      target: z.string(),
      conditional: z.boolean().optional(),
      data: z.unknown().optional(),
    }),
  ),
})

const schema = json.nullable()
const subgraphSchemas = z.strictObject({
  input_schema: schema,
  output_schema: schema,
  state_schema: schema,
  config_schema: schema,
  context_schema: schema,
})
const graphSchemas = subgraphSchemas.extend({ graph_id: z.string() })

const events = z
  .array(z.strictObject({ event: z.string(), data: z.unknown(), id: z.string().optional() }))
  .min(1)
  .refine(([first]) => first?.event === 'metadata', 'the first event is `metadata`')

/** A refusal: the status and what the client shows of the answer. */
const refused = (status: number, detail?: string) =>
  z.strictObject({
    refused: z.strictObject({
      status: z.literal(status),
      body: z.strictObject({ detail: detail === undefined ? z.string() : z.literal(detail) }),
    }),
  })

/** What the client makes of 202 and of 204. */
const nothing = z.undefined()

export const shapes = {
  assistant,
  assistantVersion,
  checkpoint,
  count,
  cron,
  events,
  graph,
  graphSchemas,
  interrupt,
  item,
  nothing,
  refused,
  run,
  state,
  subgraphSchemas,
  thread,
  ttl,
  updated,
}
