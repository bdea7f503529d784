import type { Json, Reply } from '../support/client.js'
import { sseEvents } from '../support/sse-events.js'
import type { Operation } from './operation.js'
import { metadataOf, type Pick, someOf } from './pick.js'
import { type Actor, type Ask, type RunFact, USERS, type User, type World } from './world.js'

/** What runs end with, by graph. */
const GRAPHS: Readonly<Record<string, RunFact['ends']>> = {
  echo: 'success',
  steps: 'success',
  ask: 'success',
  slow: 'success',
  boom: 'error',
}

interface Chosen {
  readonly id: string
  /** False where it belongs to somebody else, or to nobody. */
  readonly usable: boolean
  readonly graph: string
}

/** A graph, or an assistant that may be somebody else's. A thread keeps the graph that it began with. */
function assistantOf(world: World, actor: Actor, pick: Pick, graph: string | undefined): Chosen {
  const name = graph ?? pick.one(['echo', 'echo', 'steps', 'slow', 'ask', 'boom'])
  if (!pick.chance(3)) return { id: name, usable: true, graph: name }
  const { id, own } = someOf(world.assistants, actor, pick)
  if (own && own.graph !== name) return { id: name, usable: true, graph: name }
  return { id, usable: own !== undefined, graph: name }
}

function bodyOf(world: World, actor: Actor, pick: Pick, assistant_id: string, ms = 20): Json {
  const marker = world.markers[actor ?? 'alice']
  return {
    assistant_id,
    input: { text: marker, ms },
    metadata: metadataOf(world, actor ?? 'alice', pick, true),
    ...pick.one<Json>([
      {},
      { config: { configurable: { other: marker, user_id: 'bob', langgraph_auth_user_id: 'bob' } } },
      { context: { secret: marker, langgraph_auth_user: { identity: 'bob' } } },
    ]),
    ...(pick.chance(3) ? { stream_mode: ['values', 'updates', 'custom', 'debug'] } : {}),
    ...(pick.chance(4) ? { stream_resumable: true } : {}),
  }
}

/** The run and the thread that an answer is about. */
function locationOf(reply: Reply): { thread: string | undefined; run: string } {
  const [, thread, run] =
    /^(?:\/threads\/([^/]+))?\/runs\/([^/]+)/.exec(reply.headers.get('content-location') ?? '') ?? []
  return { thread, run: String(run) }
}

const start: Operation = {
  name: 'start a run on a thread',
  routes: ['POST /threads/{thread_id}/runs'],
  async run(world, actor, pick) {
    const { id, own } = someOf(world.threads, actor, pick)
    const exists = world.threads.has(id)
    const creates = pick.chance(3) && (!world.isTogether() || own !== undefined || !exists)
    const assistant = assistantOf(world, actor, pick, own?.graph)
    const tail = pick.one(['', '/wait', '/stream'])
    const multitask_strategy = pick.one(['enqueue', 'enqueue', 'enqueue', 'reject', 'interrupt', 'rollback'])
    const body = {
      // What nobody waits for goes on for a while, so that somebody may try to stop it.
      ...bodyOf(world, actor, pick, assistant.id, tail === '' ? 300 : 20),
      multitask_strategy,
      if_not_exists: creates ? 'create' : 'reject',
    }
    const ask = (thread: string, assistant_id: string): Ask => ({
      method: 'POST',
      path: `/threads/${thread}/runs${tail}`,
      body: { ...body, assistant_id },
    })
    if (!assistant.usable) return world.refused(actor, [assistant.id], 404, (other) => ask(id, other))
    if (!own && !creates) return world.refused(actor, [id], 404, (other) => ask(other, assistant.id))
    if (!own && exists) {
      const reply = await world.call(actor, ask(id, assistant.id))
      return world.check(reply.status === 404, () => `a thread was taken over: ${reply.status} ${reply.text}`)
    }
    if (own && ['interrupt', 'rollback'].includes(multitask_strategy))
      world.stops(own.owner, (run) => run.thread === id)
    const reply = await world.call(actor, ask(id, assistant.id))
    if (!world.granted(reply, 200, ...(multitask_strategy === 'reject' ? [409] : []))) return
    const { thread, run } = locationOf(reply)
    world.check(thread === id, () => `the run is at ${reply.headers.get('content-location')}`)
    world.noteRun(actor as User, run, id, GRAPHS[assistant.graph] as RunFact['ends'])
    if (tail === '/stream') expectWholeStream(world, reply)
    world.touch(id)
    if (world.isTogether()) return
    const row = await world.call(actor, { method: 'GET', path: `/threads/${id}` })
    world.noteThread(actor as User, row.json())
  },
}

const stateless: Operation = {
  name: 'start a run without a thread',
  routes: ['POST /runs', 'POST /runs/wait', 'POST /runs/stream'],
  async run(world, actor, pick) {
    const assistant = assistantOf(world, actor, pick, undefined)
    const tail = pick.one(['', '/wait', '/stream'])
    const on_completion = pick.one(['delete', 'keep'])
    const body = { ...bodyOf(world, actor, pick, assistant.id), on_completion }
    const ask = (assistant_id: string): Ask => ({
      method: 'POST',
      path: `/runs${tail}`,
      body: { ...body, assistant_id },
    })
    if (!assistant.usable) return world.refused(actor, [assistant.id], 404, ask)
    const reply = await world.call(actor, ask(assistant.id))
    // Another request of this user's at the same moment may have deleted the assistant.
    if (!world.granted(reply, 200)) return
    const run = locationOf(reply).run
    const thread = tail === '' ? reply.json<{ thread_id: string }>().thread_id : undefined
    await settled(world, actor as User, { run, thread, keeps: on_completion === 'keep', graph: assistant.graph })
  },
}

const batch: Operation = {
  name: 'start a batch of runs',
  routes: ['POST /runs/batch'],
  async run(world, actor, pick) {
    const chosen = Array.from({ length: 1 + pick.below(3) }, () => assistantOf(world, actor, pick, undefined))
    const bodies = chosen.map(({ id }) => ({ ...bodyOf(world, actor, pick, id), on_completion: 'delete' }))
    const reply = await world.call(actor, { method: 'POST', path: '/runs/batch', body: bodies })
    if (chosen.some(({ usable }) => !usable)) {
      world.check(reply.status === 404, () => `a batch with what is not there: ${reply.status} ${reply.text}`)
      // Those before it may have been created; they leave nothing behind.
      return calm(world, actor as User)
    }
    if (!world.granted(reply, 200)) return calm(world, actor as User)
    const rows = reply.json<{ run_id: string; thread_id: string }[]>()
    for (const [at, { run_id, thread_id }] of rows.entries()) {
      const graph = chosen[at]?.graph as string
      await settled(world, actor as User, { run: run_id, thread: thread_id, keeps: false, graph })
    }
  },
}

/** Waits until a run without a thread has ended, and what it does not keep is gone. */
async function settled(
  world: World,
  user: User,
  { run, thread, keeps, graph }: { run: string; thread: string | undefined; keeps: boolean; graph: string },
): Promise<void> {
  world.gave(run, user)
  if (thread !== undefined) world.gave(thread, user)
  if (!keeps) {
    if (thread !== undefined) await gone(world, user, thread)
    return
  }
  const at = thread ?? (await threadOf(world, user, run))
  if (at === undefined) return
  const row = await world.call(user, { method: 'GET', path: `/threads/${at}` })
  if (world.isTogether() && row.status === 404) return
  world.noteThread(user, row.json())
  world.noteRun(user, run, at, GRAPHS[graph] as RunFact['ends'])
}

/** The thread that a run was given, which its owner finds among their own. */
async function threadOf(world: World, user: User, run: string): Promise<string | undefined> {
  const rows = await world.call(user, { method: 'POST', path: '/threads/search', body: { limit: 1000 } })
  for (const { thread_id } of rows.json<{ thread_id: string }[]>()) {
    if (world.threads.has(thread_id)) continue
    const reply = await world.call(user, { method: 'GET', path: `/threads/${thread_id}/runs/${run}` })
    if (reply.status === 200) return thread_id
  }
  world.check(world.isTogether(), () => `run ${run} was to be kept, and is nowhere`)
  return undefined
}

async function gone(world: World, user: User, thread: string): Promise<void> {
  for (let left = 2000; left > 0; left--) {
    const reply = await world.call(user, { method: 'GET', path: `/threads/${thread}` })
    if (reply.status === 404) return
    await new Promise((done) => setTimeout(done, 3))
  }
  world.check(false, () => `thread ${thread} was to be deleted with its run`)
}

/** Waits until no thread of a user's is there that the model does not know: runs without a thread leave none. */
export async function calm(world: World, user: User, touched: ReadonlySet<string> = new Set()): Promise<void> {
  if (world.isTogether()) return
  let unknown: string[] = []
  for (let left = 500; left > 0; left--) {
    const rows = await world.call(user, { method: 'POST', path: '/threads/search', body: { limit: 1000 } })
    unknown = rows.json<{ thread_id: string }[]>().map((row) => row.thread_id)
    unknown = unknown.filter((id) => !world.threads.has(id) && !touched.has(id))
    if (unknown.length === 0) return
    await new Promise((done) => setTimeout(done, 10))
  }
  world.check(false, () => `threads that nobody made: ${unknown}`)
}

/** A run on a thread, where the thread, the run or both may be somebody else's. */
function runOf(world: World, actor: Actor, pick: Pick) {
  const known = [...world.runs.values()]
  const { id: other } = someOf(world.threads, actor, pick)
  const kind = pick.one(['own', 'own', 'own', 'others', 'mixed'])
  const among = known.filter(({ owner }) => (kind === 'own' ? owner === actor : owner !== actor))
  const fact = among[pick.below(Math.max(among.length, 1))]
  const thread = kind === 'mixed' ? other : (fact?.thread ?? other)
  const run = fact?.id ?? crypto.randomUUID()
  return { thread, run, own: fact?.owner === actor && fact?.thread === thread ? fact : undefined }
}

/** Asks for a run that is not the caller's: the run is replaced by none, and so is a thread that is not the caller's. */
function refusedRun(world: World, actor: Actor, thread: string, run: string, ask: (at: string, of: string) => Ask) {
  const ownThread = world.threads.get(thread)?.owner === actor
  if (ownThread) return world.refused(actor, [run], 404, (of) => ask(thread, of))
  return world.refused(actor, [thread, run], 404, (at, of) => ask(String(at), String(of)))
}

const read: Operation = {
  name: 'read, join or stream a run',
  routes: ['GET /threads/{thread_id}/runs/{run_id}', 'GET /threads/{thread_id}/runs/{run_id}/join'],
  async run(world, actor, pick) {
    const { thread, run, own } = runOf(world, actor, pick)
    const tail = pick.one(['', '/join', '/stream', '/join?cancel_on_disconnect=true', '/stream?stream_mode=values'])
    const headers: Record<string, string> = pick.chance(2) ? { 'last-event-id': '-1' } : {}
    const ask = (at: string, of: string) => ({ method: 'GET', path: `/threads/${at}/runs/${of}${tail}`, headers })
    if (!own) return refusedRun(world, actor, thread, run, ask)
    world.granted(await world.call(actor, ask(thread, run)), 200, ...(own.maybeStopped ? [404] : []))
  },
}

const readAlone: Operation = {
  name: 'stream a run by its id alone',
  routes: ['GET /runs/{run_id}/stream'],
  async run(world, actor, pick) {
    const { run } = runOf(world, actor, pick)
    const fact = world.runs.get(run)
    const own = fact?.owner === actor ? fact : undefined
    const ask = (of: string) => ({ method: 'GET', path: `/runs/${of}/stream`, headers: { 'last-event-id': '-1' } })
    if (!own) return world.refused(actor, [run], 404, ask)
    world.granted(await world.call(actor, ask(run)), 200, ...(own.maybeStopped ? [404] : []))
  },
}

const list: Operation = {
  name: 'list the runs of a thread',
  routes: ['GET /threads/{thread_id}/runs'],
  async run(world, actor, pick) {
    const { id, own } = someOf(world.threads, actor, pick)
    const limit = pick.one([1000, 1, 3])
    const ask = (of: string) => ({ method: 'GET', path: `/threads/${of}/runs?limit=${limit}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (!world.granted(reply, 200) || world.isTogether()) return
    const known = [...world.runs.values()].filter(({ thread }) => thread === id)
    const certain = known.filter(({ maybeStopped }) => !maybeStopped).length
    const found = reply.json<{ run_id: string }[]>().map(({ run_id }) => run_id)
    for (const run of found)
      world.check(
        known.some((one) => one.id === run),
        () => `run ${run} is not of thread ${id}`,
      )
    const [least, most] = [Math.min(limit, certain), Math.min(limit, known.length)]
    world.check(found.length >= least && found.length <= most, () => `${found.length} runs, not ${least} to ${most}`)
  },
}

const remove: Operation = {
  name: 'delete a run',
  routes: ['DELETE /threads/{thread_id}/runs/{run_id}'],
  async run(world, actor, pick) {
    const { thread, run, own } = runOf(world, actor, pick)
    const ask = (at: string, of: string) => ({ method: 'DELETE', path: `/threads/${at}/runs/${of}` })
    if (!own) return refusedRun(world, actor, thread, run, ask)
    world.stops(own.owner, ({ id }) => id === run)
    if (world.granted(await world.call(actor, ask(thread, run)), 204, 404)) world.runs.delete(run)
  },
}

const cancel: Operation = {
  name: 'cancel a run',
  routes: ['POST /threads/{thread_id}/runs/{run_id}/cancel'],
  async run(world, actor, pick) {
    const { thread, run, own } = runOf(world, actor, pick)
    const query = pick.one(['?wait=1', '?wait=0', '?wait=true&action=rollback', '?action=interrupt'])
    const ask = (at: string, of: string) => ({ method: 'POST', path: `/threads/${at}/runs/${of}/cancel${query}` })
    if (!own) return refusedRun(world, actor, thread, run, ask)
    world.stops(own.owner, ({ id }) => id === run)
    world.granted(await world.call(actor, ask(thread, run)), 202, 204, 404)
  },
}

const cancelMany: Operation = {
  name: 'cancel several runs',
  routes: ['POST /runs/cancel'],
  async run(world, actor, pick) {
    if (pick.chance(2)) {
      const body = { status: pick.one(['all', 'pending', 'running']) }
      const victim = pick.one(USERS)
      if (actor && victim !== actor && !world.isTogether()) await startSlow(world, victim)
      if (actor) world.stops(actor, () => true)
      world.granted(await world.call(actor, { method: 'POST', path: '/runs/cancel', body }), 204, 404)
      // It spans the threads of the caller, and of nobody else.
      await expectRunning(world)
      return
    }
    const { thread, run, own } = runOf(world, actor, pick)
    const ask = (at: string, of: string) => ({
      method: 'POST',
      path: `/runs/cancel?action=${pick.one(['interrupt'])}`,
      body: { thread_id: at, run_ids: [of] },
    })
    if (!own) return refusedRun(world, actor, thread, run, ask)
    world.stops(own.owner, ({ id }) => id === run)
    world.granted(await world.call(actor, ask(thread, run)), 204, 404)
  },
}

function expectWholeStream(world: World, reply: Reply): void {
  const events = sseEvents(reply.text).map(({ event }) => event)
  world.check(events[0] === 'metadata', () => `a stream that begins with ${events[0]}`)
}

/** Something of somebody's that is under way for a while. */
async function startSlow(world: World, user: User): Promise<void> {
  const marker = world.markers[user]
  const body = { metadata: { tag: 'red', marker } }
  const thread = world.noteThread(user, (await world.call(user, { method: 'POST', path: '/threads', body })).json())
  const reply = await world.call(user, {
    method: 'POST',
    path: `/threads/${thread.id}/runs`,
    body: { assistant_id: 'slow', input: { text: marker, ms: 300 }, metadata: { marker } },
  })
  world.noteRun(user, locationOf(reply).run, thread.id, 'success')
  const now = await world.call(user, { method: 'GET', path: `/threads/${thread.id}` })
  world.noteThread(user, now.json())
}

/** The runs that nobody's owner stopped are still on their way, or have ended as they should. */
async function expectRunning(world: World): Promise<void> {
  if (world.isTogether()) return
  for (const { id, thread, owner, ends, maybeStopped } of [...world.runs.values()].slice(-5)) {
    if (maybeStopped) continue
    const reply = await world.call(owner, { method: 'GET', path: `/threads/${thread}/runs/${id}` })
    const status = String(reply.json()['status'])
    world.check(['pending', 'running', ends].includes(status), () => `${owner}'s run ${id} is ${status}`)
  }
}

/** Every run that its owner did nothing to ends by itself, as its graph ends: nobody else stopped it. */
export async function expectRunsEnd(world: World): Promise<void> {
  for (const { id, thread, owner, ends, maybeStopped } of world.runs.values()) {
    if (maybeStopped) continue
    const path = `/threads/${thread}/runs/${id}`
    await world.call(owner, { method: 'GET', path: `${path}/join` })
    const reply = await world.call(owner, { method: 'GET', path })
    const status = reply.status === 200 ? reply.json()['status'] : reply.status
    world.check(status === ends, () => `${owner}'s run ${id} should have ended with ${ends}, and is ${status}`)
  }
}

export const runOperations: readonly Operation[] = [
  start,
  stateless,
  batch,
  read,
  readAlone,
  list,
  remove,
  cancel,
  cancelMany,
]
