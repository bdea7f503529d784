import { randomUUID } from 'node:crypto'
import { type Owner, WHO } from './actor.js'
import { newCanary } from './canary.js'
import type { Client } from './client.js'
import type { Evidence, EvidenceMaker } from './evidence.js'
import type { Ledger } from './ledger/ledger.js'
import { type Exchange, field, get, json, post, succeeded, withoutIds } from './probe.js'
import type { Redact } from './redact.js'
import type { Learnt, Proof } from './stage.js'

/** Why the suite stops before its first check: one finding instead of a hundred meaningless verdicts. */
export interface Stop {
  /** `control.reachable`, `control.alice`, ... or `boundary.no-token`. */
  readonly id: string
  readonly message: string
  readonly advice: string
  /** The answer that stopped it, where it was one. */
  readonly status?: number
  /** Which keys of metadata the server had written itself into what was created. */
  readonly stamped?: readonly string[]
  /** A server that looks at no token has leaked already. */
  readonly evidence: readonly Evidence[]
}

export type Preflight = { readonly learnt: Learnt } | { readonly stop: Stop }

export interface PreflightOptions {
  readonly client: Client
  readonly ledger: Ledger
  readonly evidence: EvidenceMaker
  readonly runId: string
  readonly redact: Redact
  /** The graph to run, when the user named one. */
  readonly agent?: string | undefined
  /** Who the users are to the server, where the user knows it. */
  readonly identities: Readonly<Partial<Record<Owner, string | undefined>>>
  /** Who has a token. */
  readonly owners: readonly Owner[]
  /** Tells the ledger which graph names may be run. */
  allowAgent(agent: string): void
}

/**
 * Proves that the suite can work at all: the server answers, the users can create, read and list a thread of their own,
 * and they are two users. Learns on the way what kind of server it is and whom it thinks they are. The threads stay to
 * the end: whoever can't read his own any more has lost his token, and his denials mean nothing.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { client, evidence } = options
  const info = await client.send('nobody', get('/info'))
  if (info.status === 0) {
    return stop('control.reachable', 'The server does not answer.', 'Start the server, or correct --url.')
  }
  const agent = options.agent ?? (await findAgent(client))
  options.allowAgent(agent)

  const firsts: FirstThread[] = []
  for (const first of await Promise.all(options.owners.map((owner) => firstThread(options, owner, agent)))) {
    if ('stop' in first) return first
    firsts.push(first)
  }
  const [alice] = firsts
  if (!alice) throw new Error('Alice has no token.')

  const [ofBob, ofNobody, ofJunk, unknown] = await Promise.all([
    client.send('bob', get(`/threads/${alice.id}`)),
    client.send('nobody', get(`/threads/${alice.id}`)),
    client.send('junk', get(`/threads/${alice.id}`)),
    client.send('alice', get(`/no-such-route/${randomUUID()}`)),
  ])
  const reads = (exchange: Exchange) => succeeded(exchange) && exchange.body.includes(alice.secret)
  if (reads(ofBob) && reads(ofNobody) && reads(ofJunk)) {
    return {
      stop: {
        id: 'boundary.no-token',
        message: 'This server does not look at tokens: everybody reads everything.',
        advice: 'Configure authentication: langgraph.json needs "auth": { "path": "./auth.ts:auth" }.',
        evidence: [evidence.stated(ofNobody, 'thread.metadata', `"${alice.secret}" without a token`)],
      },
    }
  }
  const { ownerKey, ...learnt } = await identitiesOf(client, agent, firsts)
  const identities = merged(learnt.identities, options.identities)
  if (reads(ofBob) && identities.alice !== undefined && identities.alice === identities.bob) {
    return stop(
      'control.distinct',
      'Both tokens belong to the same user.',
      'Give --alice-token and --bob-token the tokens of two users.',
    )
  }
  return {
    learnt: {
      agent,
      identities,
      ownerKey,
      crons: field(info, 'flags', 'crons') !== false,
      clockSkewMs: skewOf(info),
      proofs: Object.fromEntries(firsts.map((first) => [first.owner, first])),
      unknownRoute: { status: unknown.status, body: withoutIds(unknown.body) },
      server: serverName(info),
    },
  }
}

function stop(id: string, message: string, advice: string, facts: Partial<Stop> = {}): { stop: Stop } {
  return { stop: { id, message, advice, evidence: [], ...facts } }
}

interface FirstThread extends Proof {
  readonly owner: Owner
  readonly metadata: Readonly<Record<string, unknown>>
}

async function firstThread(
  { client, ledger, runId, redact }: PreflightOptions,
  owner: Owner,
  agent: string,
): Promise<FirstThread | { stop: Stop }> {
  const control = `control.${owner}`
  const who = WHO[owner]
  const id = randomUUID()
  const secret = newCanary()
  ledger.reserve({ kind: 'thread', id, owner })
  const metadata = { graph_id: agent, secret, authkit_isolation: runId }
  const made = await client.send(owner, post('/threads', { thread_id: id, metadata }))
  if (!succeeded(made)) {
    const refused = made.status === 401 || made.status === 403
    return stop(
      control,
      refused
        ? `${who} is refused: POST /threads answered ${made.status}${quote(made, redact)}.`
        : `${who} could not create a thread: ${made.status || 'no answer'}${quote(made, redact)}.`,
      refused
        ? `Check --${owner}-token (or AUTHKIT_${owner.toUpperCase()}_TOKEN), and that auth.ts lets this user create threads.`
        : 'Check that --url is a LangGraph-compatible server, and look at its log.',
      { status: made.status },
    )
  }
  const kept = field(made, 'metadata')
  const stamped = Object.keys(kept !== null && typeof kept === 'object' ? kept : {}).filter(
    (key) => !NOT_OWNERS.has(key),
  )
  if (typeof field(made, 'thread_id') !== 'string') {
    return stop(
      control,
      `${who} was told that a thread was created (${made.status}), and not which.`,
      'Check that --url is a LangGraph-compatible server. For other APIs there are --har and --openapi.',
    )
  }
  const read = await client.send(owner, get(`/threads/${id}`))
  if (!succeeded(read) || !read.body.includes(secret)) {
    return stop(
      'control.owner',
      `${who} cannot read the thread that was just created (${read.status}).`,
      'auth.ts probably filters by an owner that it never stamped: set value.metadata.owner in the create handler.',
      { status: read.status, stamped },
    )
  }
  const listed = await client.send(owner, post('/threads/search', { metadata: { secret }, limit: 10 }))
  if (!succeeded(listed) || !listed.body.includes(id)) {
    return stop(
      'control.owner',
      `${who} does not find the thread that was just created (${listed.status}).`,
      'auth.ts probably filters searches by an owner that it never stamped.',
      { status: listed.status, stamped },
    )
  }
  return { owner, id, secret, metadata: (field(read, 'metadata') ?? {}) as Record<string, unknown> }
}

/** A line of the server's own words, for the one finding that stops the suite. */
function quote({ body }: Exchange, redact: Redact): string {
  // Before it is cut: of half a token nothing is known.
  const text = redact(body.slice(0, 10_000)).replace(/\s+/g, ' ').trim().slice(0, 120)
  return text === '' ? '' : `: ${text}`
}

async function findAgent(client: Client): Promise<string> {
  const found = json(await client.send('alice', post('/assistants/search', { limit: 100 })))
  const graphs = (Array.isArray(found) ? found : []).flatMap((row: { graph_id?: unknown; metadata?: unknown }) => {
    const system = (row.metadata as { created_by?: unknown } | null | undefined)?.created_by === 'system'
    return system && typeof row.graph_id === 'string' ? [row.graph_id] : []
  })
  return graphs.includes('agent') ? 'agent' : (graphs[0] ?? 'agent')
}

/** Keys that servers add to metadata for themselves. */
const NOT_OWNERS = new Set(['graph_id', 'assistant_id', 'thread_id', 'secret', 'authkit_isolation', 'created_at'])

/**
 * Who the users are to the server: a metadata key it stamped with a different text for each, or what a run says about
 * its caller.
 */
async function identitiesOf(
  client: Client,
  agent: string,
  firsts: readonly FirstThread[],
): Promise<{ ownerKey: string; identities: Partial<Record<Owner, string>> }> {
  const valuesOf = (key: string) => firsts.map(({ metadata }) => metadata[key])
  const stamped = Object.keys(firsts[0]?.metadata ?? {}).filter(
    (key) => !NOT_OWNERS.has(key) && valuesOf(key).every((value) => typeof value === 'string' && value !== ''),
  )
  const differing = stamped.filter((key) => new Set(valuesOf(key)).size > 1)
  const ownerKey =
    differing.find((key) => key === 'owner') ?? differing[0] ?? (stamped.includes('owner') ? 'owner' : undefined)
  if (ownerKey !== undefined) {
    const named = firsts.map(({ owner, metadata }) => [owner, String(metadata[ownerKey])])
    return { ownerKey, identities: Object.fromEntries(named) }
  }
  const asked = await Promise.all(firsts.map(async (first) => [first.owner, await callerOf(client, agent, first)]))
  return { ownerKey: 'owner', identities: Object.fromEntries(asked.filter(([, caller]) => caller !== undefined)) }
}

function merged(
  learnt: Partial<Record<Owner, string>>,
  given: Readonly<Partial<Record<Owner, string | undefined>>>,
): Partial<Record<Owner, string>> {
  return { ...learnt, ...Object.fromEntries(Object.entries(given).filter(([, name]) => name !== undefined)) }
}

/** Whom a run says it runs for. */
async function callerOf(client: Client, agent: string, { owner, id }: FirstThread): Promise<string | undefined> {
  const run = await client.send(
    owner,
    post(`/threads/${id}/runs`, { assistant_id: agent, interrupt_before: '*', after_seconds: 3600 }),
  )
  const caller = field(run, 'kwargs', 'config', 'configurable', 'langgraph_auth_user_id')
  const runId = field(run, 'run_id')
  // A thread must not be deleted under a run: some servers lose a worker that way.
  if (typeof runId === 'string') await client.send(owner, post(`/threads/${id}/runs/${runId}/cancel`))
  return typeof caller === 'string' && caller !== '' ? caller : undefined
}

/** How far the clock of the server is ahead of ours, in milliseconds; its `Date` header has seconds. */
function skewOf({ headers }: Exchange): number {
  const date = Date.parse(headers['date'] ?? '')
  return Number.isNaN(date) ? 0 : date - Date.now()
}

function serverName(info: Exchange): string {
  const version = field(info, 'version')
  const context = field(info, 'context')
  if (typeof version !== 'string') return 'unknown server'
  const name = field(info, 'server')
  if (typeof name === 'string' && /^[\w .-]{1,40}$/.test(name)) return `${name} ${version}`
  if (context === 'js') return `langgraphjs ${version}`
  return typeof field(info, 'langgraph_py_version') === 'string' ? `langgraph ${version}` : `server ${version}`
}
