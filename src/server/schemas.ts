import * as z from 'zod'
import { STREAM_MODES } from '../runtime/graphs/stream-modes.js'
import { problemWithSearch } from '../runtime/search-bounds.js'
import { MAX_METADATA_BYTES } from '../storage/storage.js'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** An id. Ids are compared in lower case, so one object has one spelling. */
export function uuid(name: string) {
  return z
    .string()
    .regex(UUID, `Invalid ${name} ID: must be a UUID`)
    .transform((id) => id.toLowerCase())
    .meta({ format: 'uuid' })
}

/**
 * A JSON object of any shape, to be stored and searched. NUL characters and halves of surrogate pairs are refused: no
 * database can search for them reliably.
 */
export const jsonObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && isText(value),
    { error: 'must be an object of well-formed text without NUL characters', abort: true },
  )
  .refine(isSmall, `must not take more than ${MAX_METADATA_BYTES} bytes`)
  .meta({ type: 'object' })

/** A JSON object to search for. Every row is held against each of its parts, so there are bounds to them. */
export const searchObject = jsonObject
  .superRefine((value, context) => {
    const problem = problemWithSearch(value)
    if (problem) context.addIssue({ code: 'custom', message: problem })
  })
  .meta({ type: 'object' })

function isText(value: unknown): boolean {
  if (typeof value === 'string') return !/\0|\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isText)
  return Object.keys(value).every((key) => isText(key) && isText((value as Record<string, unknown>)[key]))
}

function isSmall(value: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(value) ?? '') <= MAX_METADATA_BYTES
}

/** An object of any shape, as configurations, inputs and states are. */
export const anyObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object' })

/** The configuration of an assistant or a run. Keys that it does not know are kept. */
export const runConfig = z
  .looseObject({
    tags: z.array(z.string()).nullish(),
    recursion_limit: z.int().min(1).nullish(),
    configurable: anyObject.nullish(),
  })
  .refine(isSmall, `must not take more than ${MAX_METADATA_BYTES} bytes`)

/** Null means absent, unless a field says otherwise: both official clients send it. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

export function withDefault<T extends z.ZodType>(schema: T, fallback: z.output<T>) {
  return schema.nullish().transform((value) => value ?? fallback)
}

/** `1`, `true` and `yes` in any case are true; everything else is false. */
export const queryFlag = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => /^(1|true|yes)$/i.test(String(Array.isArray(value) ? value.at(-1) : (value ?? ''))))
  .meta({ type: 'boolean' })

/** A list in a query: repeated, a JSON list, or separated by commas. */
export const queryList = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value, context): string[] | undefined => {
    if (value === undefined || Array.isArray(value)) return value
    if (!value.startsWith('[')) return value.split(',').filter(Boolean)
    try {
      return z.array(z.string()).parse(JSON.parse(value))
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a list of strings' })
      return z.NEVER
    }
  })
  .meta({ type: 'array', items: { type: 'string' } })

export const limit = (fallback: number) => withDefault(z.int().min(1).max(1000), fallback)
export const offset = withDefault(z.int().min(0), 0)
export const queryLimit = (fallback: number) => z.coerce.number().int().min(1).max(1000).default(fallback)
export const queryOffset = z.coerce.number().int().min(0).default(0)
export const sortOrder = withDefault(z.enum(['asc', 'desc']), 'desc')
export const ifExists = withDefault(z.enum(['raise', 'do_nothing']), 'raise')

export const threadParams = z.object({ thread_id: uuid('thread') })
export const runParams = z.object({ thread_id: uuid('thread'), run_id: uuid('run') })
export const assistantParams = z.object({ assistant_id: uuid('assistant') })

const timestamp = z.iso.datetime()

const ttlStrategy = z.enum(['delete', 'keep_latest'])

/** A hundred years: longer is a mistake. */
const MAX_TTL_MINUTES = 52_560_000
/** Less would end a thread under whoever works on it. */
const MIN_TTL_MINUTES = 1
const ttlMinutes = z.number().min(MIN_TTL_MINUTES).max(MAX_TTL_MINUTES)

/** How long a thread lives that nobody touches: minutes, or minutes and what happens then. */
export const threadTtl = z.union(
  [
    ttlMinutes.transform((ttl) => ({ ttl, strategy: 'delete' as const })),
    z.object({ ttl: ttlMinutes, strategy: withDefault(ttlStrategy, 'delete') }),
  ],
  {
    error: `must be minutes, ${MIN_TTL_MINUTES} to ${MAX_TTL_MINUTES}, or { ttl: minutes, strategy: "delete" | "keep_latest" }`,
  },
)

export const Thread = z
  .object({
    thread_id: z.uuid(),
    created_at: timestamp,
    updated_at: timestamp,
    state_updated_at: timestamp,
    metadata: anyObject,
    status: z.enum(['idle', 'busy', 'interrupted', 'error']),
    config: anyObject,
    values: z.unknown(),
    interrupts: anyObject,
    error: z.unknown(),
    ttl: z.object({ strategy: ttlStrategy, ttl_minutes: z.number(), expires_at: timestamp }).nullable(),
    extracted: anyObject,
  })
  .partial()
  .meta({ id: 'Thread' })

export const AssistantSchema = z
  .object({
    assistant_id: z.uuid(),
    graph_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    config: anyObject,
    context: z.unknown(),
    metadata: anyObject,
    version: z.int(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .partial()
  .meta({ id: 'Assistant' })

export const RunSchema = z
  .object({
    run_id: z.uuid(),
    thread_id: z.uuid(),
    assistant_id: z.uuid(),
    created_at: timestamp,
    updated_at: timestamp,
    status: z.enum(['pending', 'running', 'success', 'error', 'timeout', 'interrupted']),
    metadata: anyObject,
    kwargs: anyObject,
    multitask_strategy: z.string(),
  })
  .partial()
  .meta({ id: 'Run' })

const Checkpoint = z
  .object({
    thread_id: z.string(),
    checkpoint_ns: z.string(),
    checkpoint_id: z.string().nullable(),
    checkpoint_map: anyObject.nullable(),
  })
  .meta({ id: 'Checkpoint' })

export const ThreadState = z
  .object({
    values: z.unknown(),
    next: z.array(z.string()),
    tasks: z.array(anyObject),
    metadata: anyObject,
    created_at: z.string().nullable(),
    checkpoint: Checkpoint.nullable(),
    parent_checkpoint: Checkpoint.nullable(),
    interrupts: z.array(z.unknown()),
  })
  .partial()
  .meta({ id: 'ThreadState' })

export const ItemSchema = z
  .object({
    namespace: z.array(z.string()),
    key: z.string(),
    value: anyObject,
    created_at: timestamp,
    updated_at: timestamp,
    score: z.number().optional(),
  })
  .meta({ id: 'Item' })

export const ErrorBody = z
  .object({
    detail: z.string(),
    code: z.string().optional().describe('Why the credential was refused: stable, for programs.'),
    hint: z.string().optional().describe('What was expected of it, what came, and what to do.'),
  })
  .meta({ id: 'Error' })

/** A checkpoint in a body. Its thread is ignored: the path says which thread is meant. */
export const checkpointRef = z.object({
  checkpoint_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
  checkpoint_map: optional(anyObject),
})

const mode = z.enum(STREAM_MODES)
const nodes = z.union([z.literal('*'), z.array(z.string())])

const target = z.union([z.string(), z.object({ node: z.string(), input: z.unknown().optional() })])

export const command = z.object({
  resume: z.unknown().optional(),
  update: z.unknown().optional(),
  goto: optional(z.union([target, z.array(target)])),
})

/** The body of every request that creates a run. */
export const runRequest = z.object({
  assistant_id: z.string().min(1),
  input: z.unknown().optional(),
  command: optional(command),
  metadata: optional(jsonObject),
  config: optional(runConfig),
  context: optional(anyObject),
  checkpoint: optional(checkpointRef),
  checkpoint_id: optional(z.string()),
  webhook: optional(z.string()),
  interrupt_before: optional(nodes),
  interrupt_after: optional(nodes),
  stream_mode: optional(
    z.union([mode, z.array(mode)], { error: `stream modes are ${STREAM_MODES.join(', ')}` }),
  ).transform((modes) => (modes === undefined ? (['values'] as const) : [modes].flat())),
  stream_subgraphs: withDefault(z.boolean(), false),
  stream_resumable: withDefault(z.boolean(), false),
  on_disconnect: withDefault(z.enum(['cancel', 'continue']), 'continue'),
  multitask_strategy: withDefault(z.enum(['reject', 'enqueue', 'interrupt', 'rollback']), 'enqueue'),
  if_not_exists: withDefault(z.enum(['reject', 'create']), 'reject'),
  after_seconds: withDefault(z.number().min(0).max(31_536_000), 0),
  // Two names for each: the second is that of the clients' types.
  on_completion: withDefault(z.enum(['delete', 'complete', 'keep', 'continue']), 'delete').transform((wanted) =>
    wanted === 'delete' || wanted === 'complete' ? 'delete' : 'keep',
  ),
  durability: optional(z.enum(['sync', 'async', 'exit'])),
})
