import type { ActorName } from '../actor.js'
import { type Exchange, field, isStream, json, type Probe, succeeded } from '../probe.js'
import { systemAssistantId } from './system-assistant.js'

/** `other` is what is no object to clear up: a session that was given, a member of a space. */
export const OBJECT_KINDS = ['thread', 'run', 'assistant', 'cron', 'item', 'key', 'space', 'other'] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

/** One object that this run made, or is about to make under an id it chose. */
export interface LedgerEntry {
  readonly kind: ObjectKind
  readonly id: string
  readonly owner: ActorName
  /** For a run, when it has one: its thread. */
  readonly thread?: string | undefined
  /** For an item: where it lies. */
  readonly namespace?: readonly string[] | undefined
  /** What its creator wore, when it was not a credential of his own. */
  readonly disguise?: Probe['disguise']
}

/** What this run owns on the server. Nothing else may be changed, and everything in it is taken away at the end. */
export interface Ledger {
  /** Enters an object before it is created, under an id that the suite chose. A known id keeps its first owner. */
  reserve(entry: LedgerEntry): void
  /** Enters an object that an earlier run made: it may still be there. */
  adopt(entry: LedgerEntry): void
  has(id: string): boolean
  /** Throws a `LedgerViolation` when the request could change something that this run did not make. */
  assert(probe: Probe): void
  /** Learns from an answer what exists now, whoever made it, what is gone, and which runs have come to rest. */
  note(exchange: Exchange): void
  /** What may still be on the server. Ids that were only reserved, and what its owner deleted, are left out. */
  objects(): readonly LedgerEntry[]
  /** Runs that may still be on their way. */
  unfinishedRuns(): readonly LedgerEntry[]
}

/** A check tried to touch an object that the run does not own. A bug of the check: it stops the run. */
export class LedgerViolation extends Error {
  override readonly name = 'LedgerViolation'
}

/** POST routes that only read. */
const READS = [
  /^\/(threads|assistants)\/(search|count)$/,
  /^\/threads\/[^/]+\/(history|state\/checkpoint|stream\/events)$/,
  /^\/assistants\/[^/]+\/versions$/,
  /^\/store\/(items\/search|namespaces)$/,
  /^\/runs\/crons\/(search|count)$/,
  /^\/connections\/([^/]+\/)?token$/,
]

/** Routes that only add something, so they need no id that exists. */
const CREATES = /^\/(threads|assistants|runs|runs\/wait|runs\/stream|runs\/batch|runs\/crons|api-keys|spaces)$/

/** Path segments that are words of the API. */
const WORDS = new Set(
  'threads runs assistants crons state history copy stream wait join cancel latest commands events checkpoint prune search count batch store items api-keys auth sessions spaces members connections'.split(
    ' ',
  ),
)

/** Fields that name objects, however deep in a body they stand. */
const ID_FIELDS = new Set(['thread_id', 'assistant_id', 'run_id', 'cron_id', 'thread_ids', 'run_ids'])

/** Routes that change what the body names. */
const NAMED_IN_BODY = new Set(['/store/items', '/threads/prune', '/runs/cancel'])

const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

const UNFINISHED = new Set(['pending', 'running'])

/** Commands of the second protocol that only read. */
const READING_COMMANDS = new Set(['state.get', 'agent.getTree', 'state.listCheckpoints'])

/** Whether a request only reads, as far as the API says. */
export function onlyReads(probe: Probe): boolean {
  const { method, path, messages } = probe
  const clean = pathOf(path)
  if (messages) return messages.every((text) => reads(JSON.parse(text)))
  if (method === 'POST' && clean.endsWith('/commands')) return reads(jsonOf(probe))
  return READING.has(method) || (method === 'POST' && READS.some((route) => route.test(clean)))
}

export interface LedgerOptions {
  /** The graphs that runs may name. They are shared, so nothing may change them, nor their system assistants. */
  readonly agents: () => readonly string[]
  /** How the server calls the users: where such a name is a UUID, it is no object. */
  readonly users?: () => readonly string[]
  /** Whether even a system assistant may be deleted. */
  readonly destructive?: boolean
  /** Told of every new entry, before the request that creates the object. */
  readonly write?: ((entry: LedgerEntry) => void) | undefined
}

export function createLedger({ agents, users = () => [], destructive = false, write }: LedgerOptions): Ledger {
  const known = new Map<string, LedgerEntry>()
  const present = new Set<string>()
  const unfinished = new Set<string>()
  /** The current versions of system assistants, as far as an answer told. */
  const versions = new Map<string, unknown>()
  const isOurs = (id: string) => known.has(id) || known.has(canonicalId(id))
  const isSystem = (id: string) => agents().some((agent) => systemAssistantId(agent) === id)
  /** Requests about a system assistant that leave it as it is, whoever sends them. */
  const isIdle = ({ method, path, body }: Probe): boolean => {
    const [, id = '', step] = /^\/assistants\/([^/]+)(\/latest)?$/.exec(path) ?? []
    if (!isSystem(id)) return false
    const fields = Object.entries((body ?? {}) as Record<string, unknown>)
    if (method === 'PATCH' && step === undefined) return fields.length === 0
    const [field] = fields
    if (method === 'POST' && step && fields.length === 1 && field?.[0] === 'version') {
      return versions.has(id) && versions.get(id) === field[1]
    }
    return method === 'DELETE' && step === undefined && destructive
  }
  const refuse = (probe: Probe, why: string): never => {
    throw new LedgerViolation(`${probe.method} ${probe.path}: ${why}`)
  }
  const reserve = (entry: LedgerEntry) => {
    const earlier = known.get(entry.id)
    if (!earlier) write?.(entry)
    known.set(entry.id, earlier ? { ...earlier, disguise: earlier.disguise ?? entry.disguise } : entry)
  }
  return {
    reserve,
    adopt(entry) {
      known.set(entry.id, entry)
      present.add(entry.id)
      if (entry.kind === 'run') unfinished.add(entry.id)
    },
    has: (id) => known.has(id),
    assert(probe) {
      if (onlyReads(probe)) return
      const path = pathOf(probe.path)
      const body = jsonOf(probe)
      // Without a flag this route does nothing; that it answers is the finding.
      if (path === '/internal/truncate' && Object.keys(body).length === 0) return
      if (isIdle(probe)) return
      // A consent that nobody gives runs out by itself.
      if (/^\/connect\/[\w-]+$/.test(path)) return
      const { inPath, inBody } = idsOf(probe)
      const creates = probe.method === 'POST' && CREATES.test(path)
      // Creating an assistant under the id of a shared one must not work, and may be tried.
      const tried = creates ? [...users(), ...(path === '/assistants' ? inBody.filter(isSystem) : [])] : []
      const foreign = [...inPath, ...inBody].find((id) => !isOurs(id) && ![...agents(), ...tried].includes(id))
      if (foreign !== undefined) refuse(probe, `${foreign} is not in the ledger of this run`)
      if (creates) return
      // By its status, every run of everybody is named.
      if (path === '/runs/cancel' && 'status' in body) refuse(probe, 'it spans the runs of everybody')
      const named = NAMED_IN_BODY.has(path) ? inBody : inPath
      if (named.length === 0) refuse(probe, 'it names no object of this run')
      if (named.some((id) => agents().includes(id))) refuse(probe, 'it would change the shared agent')
    },
    note(exchange) {
      const { actor, probe, status } = exchange
      const [, system = ''] = /^\/assistants\/([^/]+)$/.exec(probe.path) ?? []
      if (probe.method === 'GET' && succeeded(exchange) && isSystem(system)) {
        versions.set(system, field(exchange, 'version'))
      }
      for (const entry of createdBy(exchange)) {
        const earlier = known.get(entry.id)
        // Who made it owns it, whoever had chosen the id.
        if (earlier && !present.has(entry.id)) known.set(entry.id, { ...earlier, owner: entry.owner })
        reserve(entry)
        present.add(entry.id)
        if (entry.kind === 'run') unfinished.add(entry.id)
      }
      const { inPath, inBody } = idsOf(probe)
      const named = [...inPath, ...inBody].filter((id) => known.has(id))
      const last = named.at(-1)
      if (last !== undefined && known.get(last)?.kind === 'run' && atRest(exchange)) unfinished.delete(last)
      if (probe.method === 'DELETE' && succeeded(exchange)) {
        if (last !== undefined && known.get(last)?.owner === actor) {
          present.delete(last)
          unfinished.delete(last)
        }
      } else if (!onlyReads(probe) && (status < 400 || status >= 500)) {
        // A crash or a time-out may have done it all the same.
        for (const id of named) present.add(id)
      }
    },
    objects: () => [...known.values()].filter(({ id, kind }) => kind !== 'run' && kind !== 'other' && present.has(id)),
    unfinishedRuns: () => [...known.values()].filter(({ id, kind }) => kind === 'run' && unfinished.has(id)),
  }
}

function reads({ method }: { method?: unknown }): boolean {
  return typeof method === 'string' && (READING_COMMANDS.has(method) || method.startsWith('subscription.'))
}

/** The same id as a path or another spelling may hide it: in lower case, with its hyphens, and with nothing around it. */
function canonicalId(id: string): string {
  const plain = decoded(id)
    .trim()
    .replace(/^urn:uuid:|[{}]/gi, '')
    .toLowerCase()
  return plain.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function pathOf(path: string): string {
  return path.split('?')[0] ?? ''
}

/** The fields of what is sent. A text that is no JSON has none. */
function jsonOf(probe: Probe): Record<string, unknown> {
  let value: unknown = probe.body
  if (probe.raw) {
    try {
      value = JSON.parse(probe.raw.text)
    } catch {
      value = undefined
    }
  }
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}

function idsOf(probe: Probe): { inPath: string[]; inBody: string[] } {
  const { path, body, raw } = probe
  const query = new URLSearchParams(path.split('?')[1])
  const fields = jsonOf(probe)
  const keys = [...('key' in fields ? [String(fields['key'])] : []), ...query.getAll('key')]
  return {
    inPath: pathOf(path)
      .split('/')
      .filter((segment) => segment !== '' && !WORDS.has(segment)),
    inBody: [
      ...(pathOf(path) === '/store/items' ? keys : []),
      ...namedIn(raw ? fields : body),
      // Every id in a raw text and in a query counts: which of two equal keys a server takes, nobody knows.
      ...(raw?.text.match(UUID) ?? []),
      ...(decoded(path.slice(pathOf(path).length)).match(UUID) ?? []),
    ],
  }
}

/** The ids in a value, however deep: bodies may be nested deeper than calls can. */
function namedIn(value: unknown): string[] {
  const found: string[] = []
  const open = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (next === null || typeof next !== 'object') continue
    for (const [name, inner] of Object.entries(next)) {
      if (!ID_FIELDS.has(name)) open.push(inner)
      else for (const id of [inner].flat()) if (id !== null && id !== undefined) found.push(String(id))
    }
  }
  return found
}

/** Whether this answer says that the run it names moves no more. */
function atRest(exchange: Exchange): boolean {
  const status = field(exchange, 'status')
  const finished = exchange.probe.method === 'GET' && typeof status === 'string' && !UNFINISHED.has(status)
  return finished || (succeeded(exchange) && exchange.probe.path.includes('/cancel'))
}

/** Objects that came into being with this answer. A run that was waited for to its end is none that needs care. */
function createdBy(exchange: Exchange): LedgerEntry[] {
  const { actor: owner, probe, headers } = exchange
  const path = pathOf(probe.path)
  // Some servers make a thread of the caller's own where there is none to patch.
  const upsert = probe.method === 'PATCH' && /^\/threads\/[^/]+$/.test(path)
  if (!(probe.method === 'POST' || upsert) || !succeeded(exchange)) return []
  const entry = (kind: ObjectKind, id: unknown, thread?: unknown): LedgerEntry[] =>
    typeof id === 'string'
      ? [{ kind, id, owner, disguise: probe.disguise, ...(typeof thread === 'string' ? { thread } : {}) }]
      : []
  if (upsert || /^\/threads(\/[^/]+\/copy)?$/.test(path)) return entry('thread', field(exchange, 'thread_id'))
  if (path === '/api-keys') return entry('key', field(exchange, 'id'))
  if (path === '/spaces') return entry('space', field(exchange, 'id'))
  if (path === '/assistants') return entry('assistant', field(exchange, 'assistant_id'))
  if (/^(\/threads\/[^/]+)?\/runs\/crons$/.test(path)) return entry('cron', field(exchange, 'cron_id'))
  const route = /^(?:\/threads\/[^/]+)?\/runs(\/stream|\/wait|\/batch)?$/.exec(path)
  if (!route) return []
  const location = headers['content-location'] ?? headers['location'] ?? ''
  const located = /^(?:\/threads\/([^/]+))?\/runs\/([^/?]+)/.exec(location)
  const body = isStream(exchange) ? undefined : json(exchange)
  const rows = (Array.isArray(body) ? body : [body]) as ({ thread_id?: unknown; run_id?: unknown } | null | undefined)[]
  return rows.flatMap((row) => {
    const thread = row?.thread_id ?? located?.[1]
    const waited = route[1] === '/wait' || (route[1] === '/stream' && exchange.ending === 'complete')
    return [...entry('thread', thread), ...(waited ? [] : entry('run', row?.run_id ?? located?.[2], thread))]
  })
}
