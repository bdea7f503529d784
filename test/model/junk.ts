import fc from 'fast-check'
import type { Json, Reply } from '../support/client.js'
import { type Listed, listed } from './lists.js'
import { adoptItems } from './store.js'
import type { Actor, Ask, User, World } from './world.js'

/** Names that some route knows, so that what is sent is read and not only refused. */
const NAMES = [
  'thread_id', 'assistant_id', 'run_id', 'cron_id', 'graph_id', 'metadata', 'values', 'status', 'ids', 'limit', 'offset',
  'sort_by', 'sort_order', 'select', 'extract', 'if_exists', 'supersteps', 'updates', 'as_node', 'command', 'update',
  'resume', 'goto', 'node', 'ttl', 'strategy', 'thread_ids', 'run_ids', 'config', 'configurable', 'context', 'checkpoint',
  'checkpoint_id', 'checkpoint_ns', 'checkpoint_map', 'before', 'subgraphs', 'input', 'webhook', 'stream_mode',
  'stream_subgraphs', 'stream_resumable', 'interrupt_before', 'interrupt_after', 'on_disconnect', 'on_completion',
  'multitask_strategy', 'if_not_exists', 'after_seconds', 'durability', 'recursion_limit', 'tags', 'feedback_keys',
  'schedule', 'timezone', 'end_time', 'enabled', 'on_run_completed', 'payload', 'namespace', 'namespace_prefix', 'prefix',
  'suffix', 'max_depth', 'key', 'value', 'index', 'filter', 'query', 'refresh_ttl', 'name', 'description', 'version',
  'langgraph_auth_user', 'langgraph_auth_user_id', 'user_id', '__proto__', 'constructor', 'lc', 'type', 'id', 'kwargs',
  'action', 'wait', 'include', 'xray', 'recurse', 'delete_threads', 'cancel_on_disconnect', '$eq', '$ne', '$gt', '$or',
] // biome-ignore format: a list of words

/** Values that parsers, databases and JavaScript trip over, and values that some field takes. */
const WORDS = [
  '', '\0', 'a\0b', '\ud800', '\udfff\ud800', '💥', 'é', '\u2028', "'; drop table threads; --", '"', '\\', '%', '%00', '*',
  '../..', 'null', 'undefined', '__proto__', 'constructor', 'x'.repeat(5000), 'echo', 'steps', 'boom', 'ask', 'agent',
  'idle', 'busy', 'delete', 'keep', 'keep_latest', 'interrupt', 'rollback', 'reject', 'create', 'raise', 'do_nothing',
  'values', 'events', 'messages', 'asc', 'updated_at', '* * * * *', '0 0 29 2 *', '99 99 * * *', 'Europe/Berlin', 'Mars/X',
  '2030-01-01T00:00:00Z', '-1', '1e999', 'NaN', 'alice', 'bob', 'carol', 'system', 'langgraph-studio-user', '__start__',
  'a', 'b', 'shared', 'notes', 'values.seen[0]', 'http://127.0.0.1:1/x', '/threads', 'not a url', '@own', '@other', '@run',
] // biome-ignore format: a list of words

const NUMBERS = [0, -0, -1, 1, 2, 0.5, 1.5, 7, 1000, 1001, 2 ** 31, 2 ** 53, -(2 ** 63), 1e21, 1e308, -1e308, 5e-324]

const word = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ unit: 'binary', maxLength: 12 }))
const scalar = fc.oneof(word, fc.constantFrom<unknown>(...NUMBERS, true, false, null), fc.double())
/** `#3` stands for the fourth name that the route itself knows. */
const ownName = fc.nat(30).map((index) => `#${index}`)
const name = fc.oneof(
  { weight: 6, arbitrary: ownName },
  { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: word },
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map(objectOf),
  ),
}))

/** What no parser may trust: not quite JSON, too deep, too large, or with keys that JSON.parse treats in its own way. */
const text = fc.constantFrom(
  '{', '[', '"', 'null', '1', '""', '[]', 'nul', '{"limit":1e999}', '{"__proto__":{"limit":1}}', '{"a":1,"a":2}',
  '\ufeff{}', '{"metadata":{"a":"\\u0000"}}', '{"metadata":{"a":"\\ud800"}}', '['.repeat(300) + ']'.repeat(300),
  `${'{"metadata":'.repeat(250)}{}${'}'.repeat(250)}`, '{"limit":01}', "{'a':1}", '\0', '{"input":-0}', '   ',
) // biome-ignore format: a list of words

/** What fields take, for requests that are wrong in some other place. */
const PLAUSIBLE: Readonly<Record<string, unknown>> = {
  graph_id: 'echo',
  assistant_id: 'echo',
  thread_ids: ['@own'],
  namespace: ['shared', 'junk'],
  key: 'k1',
  value: {},
  schedule: '0 0 29 2 *',
  version: 1,
  id: 1,
  method: 'state.get',
  channels: ['values'],
}

export interface Junk {
  readonly route: number
  readonly plausible: boolean
  readonly params: readonly string[]
  readonly query: readonly (readonly [string, string])[]
  readonly body: unknown
  readonly headers: readonly (readonly [string, string])[]
}

const header = fc.tuple(
  fc.constantFrom('last-event-id', 'prefer', 'content-type', 'x-auth-scheme', 'accept', 'if-none-match', 'x-api-key'),
  fc.constantFrom('-1', '-', '0', '1e3', '9'.repeat(400), 'return=minimal', 'text/plain', 'langsmith', 'x', '*/*'),
)

export const junk: fc.Arbitrary<Junk> = fc.record({
  route: fc.nat(10_000),
  plausible: fc.boolean(),
  params: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('@own', '@other', '@run') }, word), {
    minLength: 3,
    maxLength: 3,
  }),
  query: fc.array(fc.tuple(name, word), { maxLength: 3 }),
  body: fc.oneof(
    // One field that is wrong gets further than eight.
    { weight: 4, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 2 }).map(objectOf) },
    { weight: 2, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 8 }).map(objectOf) },
    { weight: 1, arbitrary: value },
    { weight: 1, arbitrary: text.map((json) => ({ json })) },
    {
      weight: 1,
      arbitrary: fc.array(fc.array(fc.tuple(name, value), { maxLength: 6 }).map(objectOf), { maxLength: 3 }),
    },
  ),
  headers: fc.array(header, { maxLength: 2 }),
})

function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries)
}

/**
 * Sends something that nobody would, to some route, as some user. It may do whatever that user may do to their own; what
 * became of it is read back. Nothing of anybody else's changes, and no answer is a 5xx.
 */
export async function sendJunk(world: World, actor: Actor, junk: Junk): Promise<void> {
  const ask = askOf(world, actor, junk)
  if (!ask) return
  const reply = await world.call(actor, ask)
  if (actor === undefined || reply.status >= 300 || ask.method === 'GET' || /\/(search|count)$/.test(ask.path)) return
  await readBack(world, actor, reply)
}

function askOf(world: World, actor: Actor, junk: Junk): Ask | undefined {
  const { params, query, body, headers } = junk
  const chosen = world.routes[junk.route % world.routes.length]
  if (!chosen) return undefined
  const parts = [...params]
  const path = chosen.path.replaceAll(/\{\w+\}/g, () =>
    encodeURIComponent(wellFormed(named(world, actor, parts.shift() ?? 'x'))),
  )
  const ofQuery = namesIn(chosen.query)
  const search = new URLSearchParams(
    query.map(([key, value]): [string, string] => [keyOf(key, ofQuery), named(world, actor, value)]),
  )
  return {
    method: chosen.method,
    path: query.length > 0 ? `${path}?${search}` : path,
    headers: Object.fromEntries(headers),
    ...(chosen.method === 'GET' ? {} : { body: bodyOf(world, actor, body, junk.plausible, namesIn(chosen.body)) }),
  }
}

function bodyOf(world: World, actor: Actor, body: unknown, plausible: boolean, names: readonly string[]): unknown {
  if (isText(body)) return body.json
  const sent = tamed(world, actor, body, names)
  if (!plausible || typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent
  const plain = Object.entries(PLAUSIBLE).filter(([key]) => names.includes(key))
  return { ...(tamed(world, actor, Object.fromEntries(plain), names) as object), ...sent }
}

/** The names of the fields that a route reads, or of those of each of its parts. */
function namesIn(schema: unknown): readonly string[] {
  const { shape, element } = (schema ?? {}) as { shape?: object; element?: unknown }
  return shape ? Object.keys(shape) : element ? namesIn(element) : []
}

function keyOf(key: string, names: readonly string[]): string {
  if (!/^#\d+$/.test(key)) return key
  const known = names.length > 0 ? names : NAMES
  return known[Number(key.slice(1)) % known.length] as string
}

function isText(body: unknown): body is { json: string } {
  return typeof body === 'object' && body !== null && 'json' in body && typeof body.json === 'string'
}

function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '?') || 'x'
}

/** Ids of something real in the place of their names. */
function named(world: World, actor: Actor, word: string): string {
  if (!word.startsWith('@')) return word
  const facts = [...world.threads.values(), ...world.assistants.values(), ...world.crons.values()]
  if (word === '@run') return [...world.runs.keys()].at(-1) ?? word
  return facts.findLast(({ owner }) => (owner === actor) === (word === '@own'))?.id ?? word
}

/** What would make a test wait, or make what the model goes by mean something else. */
function tamed(world: World, actor: Actor, value: unknown, names: readonly string[] = NAMES): unknown {
  if (typeof value === 'string') return named(world, actor, value)
  if (Array.isArray(value)) return value.map((one) => tamed(world, actor, one, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([short, inner]) => {
      const key = keyOf(short, names)
      if (key === 'after_seconds' && typeof inner === 'number') return [key, Math.min(inner, 0.01)]
      if (key === 'ttl' && typeof inner === 'number' && inner > 0) return [key, inner + 60]
      if (key === 'ttl' && typeof inner === 'object' && inner !== null) return [key, { ...inner, ttl: 60 }]
      return [key, tamed(world, actor, inner)]
    }),
  )
}

/** Reads back what a request made of what belongs to its caller; the model has no opinion about junk. */
async function readBack(world: World, user: User, reply: Reply): Promise<void> {
  for (const run of reply.text.matchAll(/"run_id":"([0-9a-f-]{36})"/g)) world.gave(String(run[1]), user)
  world.stops(user, () => true)
  let now = await listed(world, user)
  // What goes away by itself goes away when its run has ended.
  for (let left = 300; left > 0 && now.threads.some((row) => isNew(world, row) && row['status'] === 'busy'); left--) {
    await new Promise((done) => setTimeout(done, 10))
    now = await listed(world, user)
  }
  await adopt(world, user, now)
}

function isNew(world: World, row: Json): boolean {
  return !world.threads.has(String(row['thread_id']))
}

/** Makes the model what the server says about one user. */
export async function adopt(world: World, user: User, { threads, assistants, crons, items }: Listed): Promise<void> {
  const there = new Set([...threads, ...assistants, ...crons].flatMap((row) => Object.values(row)))
  for (const { id } of world.ownedBy(world.threads, user)) if (!there.has(id)) world.dropThread(id)
  for (const { id } of world.ownedBy(world.assistants, user)) if (!there.has(id)) world.dropAssistant(id)
  for (const { id } of world.ownedBy(world.crons, user)) if (!there.has(id)) world.dropCron(id)
  for (const row of threads) world.noteThread(user, row).ttl = await ttlOf(world, user, String(row['thread_id']))
  for (const row of assistants) world.noteAssistant(user, row)
  for (const row of crons) world.noteCron(user, row)
  adoptItems(world, user, items)
}

async function ttlOf(world: World, user: User, id: string): Promise<number | undefined> {
  const reply = await world.call(user, { method: 'GET', path: `/threads/${id}?include=ttl` })
  return reply.json<{ ttl?: { ttl_minutes: number } | null }>().ttl?.ttl_minutes
}
