import type { ActorName } from './actor.js'
import { type Exchange, field, isStream, json, type Probe, succeeded } from './probe.js'

export type ObjectKind = 'thread' | 'run' | 'assistant' | 'cron' | 'item'

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
  /^\/threads\/[^/]+\/(history|state\/checkpoint)$/,
  /^\/assistants\/[^/]+\/versions$/,
  /^\/store\/(items\/search|namespaces)$/,
  /^\/runs\/crons\/(search|count)$/,
]

/** Routes that only add something, so they need no id that exists. */
const CREATES = /^\/(threads|assistants|runs|runs\/wait|runs\/stream|runs\/batch|runs\/crons)$/

/** Path segments that are words of the API. */
const WORDS = new Set(
  'threads runs assistants crons state history copy stream wait join cancel latest commands events checkpoint prune search count batch store items'.split(
    ' ',
  ),
)

/** Fields that name objects, however deep in a body they stand. */
const ID_FIELDS = new Set(['thread_id', 'assistant_id', 'run_id', 'cron_id', 'thread_ids', 'run_ids'])

const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

const UNFINISHED = new Set(['pending', 'running'])

/** Whether a request only reads, as far as the API says. */
export function onlyReads({ method, path }: Probe): boolean {
  const clean = pathOf(path)
  return READING.has(method) || (method === 'POST' && READS.some((route) => route.test(clean)))
}

/** `agents` are the graphs that runs may name; they are shared, so nothing may change them. */
export function createLedger({ agents }: { agents: () => readonly string[] }): Ledger {
  const known = new Map<string, LedgerEntry>()
  const present = new Set<string>()
  const unfinished = new Set<string>()
  const refuse = (probe: Probe, why: string): never => {
    throw new LedgerViolation(`${probe.method} ${probe.path}: ${why}`)
  }
  const reserve = (entry: LedgerEntry) => {
    const earlier = known.get(entry.id)
    known.set(entry.id, earlier ? { ...earlier, disguise: earlier.disguise ?? entry.disguise } : entry)
  }
  return {
    reserve,
    has: (id) => known.has(id),
    assert(probe) {
      if (onlyReads(probe)) return
      const path = pathOf(probe.path)
      const body = jsonOf(probe)
      // Without a flag this route does nothing; that it answers is the finding.
      if (path === '/internal/truncate' && Object.keys(body).length === 0) return
      const { inPath, inBody } = idsOf(probe)
      const foreign = [...inPath, ...inBody].find((id) => !known.has(id) && !agents().includes(id))
      if (foreign !== undefined) refuse(probe, `${foreign} is not in the ledger of this run`)
      if (probe.method === 'POST' && CREATES.test(path)) return
      const named = path === '/store/items' ? inBody : inPath
      if (named.length === 0) refuse(probe, 'it names no object of this run')
      if (named.some((id) => agents().includes(id))) refuse(probe, 'it would change the shared agent')
    },
    note(exchange) {
      const { actor, probe, status } = exchange
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
    objects: () => [...known.values()].filter(({ id, kind }) => kind !== 'run' && present.has(id)),
    unfinishedRuns: () => [...known.values()].filter(({ id, kind }) => kind === 'run' && unfinished.has(id)),
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
  const fields = jsonOf(probe)
  const key = pathOf(path) === '/store/items' && 'key' in fields ? [String(fields['key'])] : []
  return {
    inPath: pathOf(path)
      .split('/')
      .filter((segment) => segment !== '' && !WORDS.has(segment)),
    inBody: [
      ...key,
      ...namedIn(raw ? fields : body),
      // Every id in a raw text and in a query counts: which of two equal keys a server takes, nobody knows.
      ...(raw?.text.match(UUID) ?? []),
      ...(decoded(path.slice(pathOf(path).length)).match(UUID) ?? []),
    ],
  }
}

function namedIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, inner]) =>
    ID_FIELDS.has(name)
      ? [inner]
          .flat()
          .filter((id) => id !== null && id !== undefined)
          .map(String)
      : namedIn(inner),
  )
}

function decoded(query: string): string {
  try {
    return decodeURIComponent(query)
  } catch {
    return query
  }
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
