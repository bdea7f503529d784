import { AssertionError } from 'node:assert'
import type { Auth } from '../../src/engine/auth.js'
import { type Client, type Json, type Reply, replyOf } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { open, type TestServer } from '../support/server.js'

export const USERS = ['alice', 'bob', 'carol'] as const
export type User = (typeof USERS)[number]

/** Who makes a request; undefined has no token. */
export type Actor = User | undefined

/** The rules that a world lives under, as far as the model has to know them. */
export interface Rules {
  readonly name: string
  readonly auth: () => Auth
  /** Whether an update makes its caller the owner, whatever metadata it carries. */
  readonly stampsUpdates: boolean
  /** How the store is divided: by the first label of a namespace, or item by item in namespaces that all share. */
  readonly store: 'by namespace' | 'by item'
}

interface Owned {
  readonly id: string
  readonly owner: User
  metadata: Json
  readonly createdAt: string
}

export interface ThreadFact extends Owned {
  /** The graph whose checkpoints it has: graphs do not read each other's. */
  graph: string | undefined
  ttl: number | undefined
}

export interface AssistantFact extends Owned {
  readonly graph: string
}

export interface CronFact extends Owned {
  readonly thread: string | undefined
  readonly assistant: string
}

export interface RunFact {
  readonly id: string
  readonly thread: string
  readonly owner: User
  readonly ends: 'success' | 'error'
  /** Whether its owner did something that may stop or delete it. Nobody else can. */
  maybeStopped: boolean
}

export interface ItemFact {
  readonly namespace: readonly string[]
  readonly key: string
  readonly owner: User
  readonly value: Json
}

export interface Ask {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A request without a token was refused, as it has to be: there is nothing more to check. */
export class Refused extends Error {}

export type World = Awaited<ReturnType<typeof createWorld>>

/**
 * A server, and a model of who owns what on it. Every answer that comes through {@link World.call} is searched for what
 * belongs to others, and must not be a 5xx.
 */
export async function createWorld(rules: Rules) {
  const server: TestServer = await open({ auth: rules.auth(), graphs: testGraphs })
  const offered = new Set(server.app.routes.map(({ method, path }) => `${method} ${path}`))
  const clients = new Map<Actor, Client>([undefined, ...USERS].map((user) => [user, server.as(user)]))
  const markers = Object.fromEntries(USERS.map((user) => [user, `canary-${user}-${crypto.randomUUID()}`])) as Record<
    User,
    string
  >

  const threads = new Map<string, ThreadFact>()
  const assistants = new Map<string, AssistantFact>()
  const crons = new Map<string, CronFact>()
  const runs = new Map<string, RunFact>()
  const items = new Map<string, ItemFact>()
  /** Every id that was ever given out, and who has or had something by it: ids of different kinds may be the same. */
  const owners = new Map<string, Set<User>>()
  /** The ids of others that a user has put into objects of their own: those may come back. */
  const stored = new Map<Actor, Set<string>>([undefined, ...USERS].map((user) => [user, new Set<string>()]))
  /** While several requests are under way: what the users in it did to their own. */
  let together: { readonly stopped: Set<User>; readonly touched: Set<string> } | undefined
  const trail: string[] = []
  /** How often somebody got what is theirs, and how often they did not get what is another's. */
  const outcomes = { granted: 0, refused: 0 }

  function fail(problem: string): never {
    throw new AssertionError({ message: `${problem}\nThe last requests:\n  ${trail.slice(-25).join('\n  ')}` })
  }

  function check(holds: boolean, problem: () => string): void {
    if (!holds) fail(problem())
  }

  function inspect(actor: Actor, ask: Ask, reply: Reply): void {
    const asked = `${ask.path} ${bodyOf(ask)}`
    trail.push(`${actor ?? 'nobody'} ${ask.method} ${asked.slice(0, 400)} -> ${reply.status}`)
    check(reply.status < 500, () => `${reply.status}: ${reply.text}`)
    const told = `${reply.text}\n${[...reply.headers].map(([name, value]) => `${name}: ${value}`).join('\n')}`
    for (const user of USERS) {
      if (user === actor || !told.includes(markers[user])) continue
      // An error may say what it was asked for.
      const echoed = reply.status >= 400 && asked.includes(markers[user])
      check(echoed, () => `${actor ?? 'nobody'} was shown the canary of ${user}: ${told.slice(0, 2000)}`)
    }
    const own = stored.get(actor) as Set<string>
    const writes = reply.status < 300 && ask.method !== 'GET' && !/\/(search|count)$/.test(ask.path)
    for (const [id, theirs] of owners) {
      if (actor !== undefined && theirs.has(actor)) continue
      const sent = asked.includes(id)
      if (sent && writes) own.add(id)
      check(
        sent || own.has(id) || !told.includes(id),
        () => `${actor ?? 'nobody'} was shown ${[...theirs].join()}'s ${id}: ${told.slice(0, 2000)}`,
      )
    }
  }

  async function call(actor: Actor, ask: Ask): Promise<Reply> {
    const response = await clientOf(actor).open(ask.method, ask.path, ask.body, {
      headers: ask.headers ?? {},
      signal: AbortSignal.timeout(20_000),
    })
    const reply = await readSome(response, ask)
    inspect(actor, ask, reply)
    if (actor === undefined && !isPublic(ask)) {
      check(reply.status === 401, () => `without a token: ${reply.status} ${reply.text}`)
      check(reply.text === '{"detail":"Unauthorized"}', () => `without a token: ${reply.text}`)
      throw new Refused()
    }
    return reply
  }

  function clientOf(actor: Actor): Client {
    return clients.get(actor) as Client
  }

  /**
   * Asks for something that is not this caller's, and for something that is nowhere: both answers must be the same, but
   * for the ids.
   */
  async function refused(
    actor: Actor,
    ids: readonly string[],
    status: number,
    ask: (...ids: string[]) => Ask,
  ): Promise<void> {
    const absent = ids.map(() => crypto.randomUUID())
    const [there, gone] = [await call(actor, ask(...ids)), await call(actor, ask(...absent))]
    const [seen, wanted] = [shapeOf(there, ids), shapeOf(gone, absent)]
    check(seen === wanted, () => `What is hidden differs from what is absent:\n${seen}\n${wanted}`)
    outcomes.refused++
    check(there.status === status, () => `${there.status} where ${status} was expected: ${there.text}`)
  }

  /** Whether a request about the caller's own was granted. Where others are under way, their order is not known. */
  function granted(reply: Reply, ...allowed: readonly number[]): boolean {
    check(
      together !== undefined || allowed.includes(reply.status),
      () => `${reply.status} where ${allowed.join(' or ')} was expected: ${reply.text}`,
    )
    if (reply.status < 300) outcomes.granted++
    return reply.status < 300
  }

  const ownedBy = <T extends { owner: User }>(facts: Map<unknown, T>, user: Actor) =>
    [...facts.values()].filter(({ owner }) => owner === user)

  /** Notes that an id is a user's from now on. */
  function gave(id: string, user: User): void {
    owners.set(id, (owners.get(id) ?? new Set()).add(user))
  }

  /** What the answer to a request says about a thread of the caller's. */
  function noteThread(user: User, row: Json, ttl?: number): ThreadFact {
    const { thread_id: id, created_at, metadata } = row as { thread_id: string; created_at: string; metadata: Json }
    check(metadata['owner'] === user, () => `${user}'s thread is ${metadata['owner']}'s`)
    const old = threads.get(id)
    const graph = typeof metadata['graph_id'] === 'string' ? metadata['graph_id'] : old?.graph
    const fact: ThreadFact = {
      id,
      owner: user,
      metadata,
      createdAt: created_at,
      graph,
      ttl: ttl ?? old?.ttl,
    }
    threads.set(id, fact)
    gave(id, user)
    together?.touched.add(id)
    return fact
  }

  function noteAssistant(user: User, row: Json): AssistantFact {
    const {
      assistant_id: id,
      created_at,
      metadata,
      graph_id,
    } = row as {
      assistant_id: string
      graph_id: string
      created_at: string
      metadata: Json
    }
    check(metadata['owner'] === user, () => `${user}'s assistant is ${metadata['owner']}'s`)
    const fact = { id, owner: user, metadata, createdAt: created_at, graph: graph_id }
    assistants.set(id, fact)
    gave(id, user)
    together?.touched.add(id)
    return fact
  }

  function noteCron(user: User, row: Json): CronFact {
    const {
      cron_id: id,
      created_at,
      metadata,
      thread_id,
      assistant_id,
    } = row as {
      cron_id: string
      created_at: string
      metadata: Json
      thread_id: string | null
      assistant_id: string
    }
    check(metadata['owner'] === user, () => `${user}'s cron is ${metadata['owner']}'s`)
    const fact = {
      id,
      owner: user,
      metadata,
      createdAt: created_at,
      thread: thread_id ?? undefined,
      assistant: assistant_id,
    }
    crons.set(id, fact)
    gave(id, user)
    together?.touched.add(id)
    return fact
  }

  function noteRun(user: User, id: string, thread: string, ends: RunFact['ends']): void {
    runs.set(id, { id, thread, owner: user, ends, maybeStopped: false })
    gave(id, user)
  }

  function dropThread(id: string): void {
    together?.touched.add(id)
    threads.delete(id)
    for (const run of runs.values()) if (run.thread === id) runs.delete(run.id)
    for (const cron of crons.values()) if (cron.thread === id) dropCron(cron.id)
  }

  function dropAssistant(id: string): void {
    together?.touched.add(id)
    assistants.delete(id)
    for (const cron of crons.values()) if (cron.assistant === id) dropCron(cron.id)
  }

  function dropCron(id: string): void {
    together?.touched.add(id)
    crons.delete(id)
  }

  /** Somebody did what may stop runs of theirs: those that satisfy, or in a tangle of requests any. */
  function stops(user: User, which: (run: RunFact) => boolean): void {
    together?.stopped.add(user)
    for (const run of runs.values()) if (run.owner === user && which(run)) run.maybeStopped = true
  }

  return {
    rules,
    server,
    markers,
    threads,
    assistants,
    crons,
    runs,
    items,
    owners,
    trail,
    outcomes,
    call,
    refused,
    granted,
    check,
    ownedBy,
    noteThread,
    noteAssistant,
    noteCron,
    noteRun,
    gave,
    dropThread,
    dropAssistant,
    dropCron,
    stops,
    routes: server.app.routes,
    offers: (route: string) => offered.has(route),
    isTogether: () => together !== undefined,
    touch: (id: string) => together?.touched.add(id),

    /** Lets several things happen at once; what became of them is for `settle` to find out. */
    async atOnce(
      work: () => Promise<void>,
      settle: (touched: ReadonlySet<string>, stopped: ReadonlySet<User>) => Promise<void>,
    ): Promise<void> {
      const batch = { stopped: new Set<User>(), touched: new Set<string>() }
      together = batch
      try {
        await work()
      } finally {
        together = undefined
      }
      for (const user of batch.stopped) stops(user, () => true)
      await settle(batch.touched, batch.stopped)
    },

    close: () => server.close(),
  }
}

function bodyOf({ body }: Ask): string {
  return body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
}

function isPublic({ method, path }: Ask): boolean {
  return method === 'GET' && /^\/(ok|info|openapi\.json|docs(\/[^/?]*)?)(\?|$)/.test(path)
}

/** An answer without its ids and without what differs each time. */
function shapeOf(reply: Reply, ids: readonly string[]): string {
  let text = reply.text
  for (const [index, id] of ids.entries()) text = text.replaceAll(id, `<${index}>`)
  const headers = [...reply.headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name))
  return JSON.stringify([reply.status, text, headers])
}

/** Reads an answer to its end, but for the stream of a thread, which has none. */
async function readSome(response: Response, { path }: Ask): Promise<Reply> {
  const endless = response.status === 200 && /^\/threads\/[^/]+\/stream(\/events)?(\?|$)/.test(path)
  if (!endless) return replyOf(response)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  const end = Date.now() + 30
  for (let left = 30; left > 0; left = end - Date.now()) {
    const part = await Promise.race([reader.read(), new Promise<undefined>((done) => setTimeout(done, left))])
    if (!part || part.done) break
    text += decoder.decode(part.value, { stream: true })
  }
  await reader.cancel()
  return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T }
}

/** The same ids, in any order. */
export function sameIds(world: World, what: string, seen: readonly string[], wanted: readonly string[]): void {
  const [left, right] = [[...seen].sort(), [...wanted].sort()]
  world.check(JSON.stringify(left) === JSON.stringify(right), () => {
    const extra = left
      .filter((id) => !right.includes(id))
      .map((id) => `${id} (${[...(world.owners.get(id) ?? ['unknown'])].join()})`)
    const missing = right.filter((id) => !left.includes(id))
    return `${what}: too many: ${extra.join() || '-'}; missing: ${missing.join() || '-'}; twice: ${left.length - new Set(left).size}`
  })
}
