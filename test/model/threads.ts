import type { Json } from '../support/client.js'
import { expectCounted, expectPage, randomSearch, type Search } from './lists.js'
import type { Operation } from './operation.js'
import { metadataOf, newId, type Pick, someOf, TAGS } from './pick.js'
import type { Actor, ThreadFact, User, World } from './world.js'

const thread = (world: World, actor: Actor, pick: Pick) => someOf(world.threads, actor, pick)

/** A time to live that no test lives to see the end of, in the two ways to write it. */
function ttlOf(pick: Pick): { readonly ttl: unknown; readonly minutes: number } {
  const minutes = pick.one([60, 1440])
  return {
    minutes,
    ttl: pick.one<unknown>([minutes, { ttl: minutes, strategy: 'delete' }, { ttl: minutes, strategy: 'keep_latest' }]),
  }
}

const create: Operation = {
  name: 'create a thread',
  routes: ['POST /threads'],
  async run(world, actor, pick) {
    const thread_id = newId(world, pick)
    const owner = thread_id === undefined ? undefined : world.threads.get(thread_id)?.owner
    const if_exists = pick.one(['raise', 'do_nothing'])
    const { ttl, minutes } = ttlOf(pick)
    const others = [...world.assistants.keys()]
    const linked = others.length > 0 && pick.chance(2) ? { assistant_id: others[pick.below(others.length)] } : {}
    const withState = pick.chance(4)
    const lives = pick.chance(4)
    const body = {
      ...(thread_id === undefined ? {} : { thread_id }),
      if_exists,
      metadata: {
        ...metadataOf(world, actor ?? 'alice', pick, true),
        ...linked,
        ...(withState ? { graph_id: 'steps' } : {}),
      },
      ...(lives ? { ttl } : {}),
      ...(withState
        ? { supersteps: [{ updates: [{ values: { text: mark(world, actor) }, as_node: '__start__' }] }] }
        : {}),
    }
    const reply = await world.call(actor, { method: 'POST', path: '/threads', body })
    if (owner === undefined) {
      if (world.granted(reply, 200)) world.noteThread(actor as User, reply.json(), lives ? minutes : undefined)
    } else if (owner === actor && if_exists === 'do_nothing') {
      // What is there already stays as it is.
      world.check(reply.status === 200, () => `do_nothing: ${reply.status} ${reply.text}`)
      const { metadata } = reply.json<{ metadata: Json }>()
      world.check(
        metadata['tag'] === world.threads.get(String(thread_id))?.metadata['tag'],
        () => `do_nothing did: ${reply.text}`,
      )
    } else {
      const taken = [409, '{"detail":"Thread already exists"}'].join()
      world.check([reply.status, reply.text].join() === taken, () => `an id that is taken: ${reply.text}`)
    }
  },
}

const read: Operation = {
  name: 'read a thread',
  routes: ['GET /threads/{thread_id}'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const query = pick.one(['', '?include=ttl'])
    const ask = (of: string) => ({ method: 'GET', path: `/threads/${of}${query}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (!world.granted(reply, 200) || world.isTogether()) return
    const row = reply.json<{ metadata: Json; ttl?: { ttl_minutes: number } | null }>()
    const { tag } = own.metadata
    world.check(row.metadata['tag'] === tag, () => `the tag should be ${tag}: ${reply.text}`)
    if (query === '') return
    world.check((row.ttl?.ttl_minutes ?? undefined) === own.ttl, () => `the ttl should be ${own.ttl}: ${reply.text}`)
  },
}

const patch: Operation = {
  name: 'patch a thread',
  routes: ['PATCH /threads/{thread_id}'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const { ttl, minutes } = ttlOf(pick)
    const lives = pick.chance(3)
    const metadata = metadataOf(world, actor ?? 'alice', pick, world.rules.stampsUpdates)
    const headers: Record<string, string> = pick.chance(4) ? { prefer: 'return=minimal' } : {}
    const ask = (of: string) => ({
      method: 'PATCH',
      path: `/threads/${of}`,
      body: { metadata, ...(lives ? { ttl } : {}) },
      headers,
    })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (!world.granted(reply, 200, 204)) return
    change(world, own, metadata, lives ? minutes : undefined)
  },
}

const patchState: Operation = {
  name: 'patch the metadata of a thread through its state',
  routes: ['PATCH /threads/{thread_id}/state'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const metadata = metadataOf(world, actor ?? 'alice', pick, world.rules.stampsUpdates)
    const ask = (of: string) => ({ method: 'PATCH', path: `/threads/${of}/state`, body: { metadata } })
    if (!own) return world.refused(actor, [id], 404, ask)
    if (world.granted(await world.call(actor, ask(id)), 204)) change(world, own, metadata)
  },
}

/** What a granted request changed, unless the thread has gone meanwhile. */
function change(world: World, { id, owner }: ThreadFact, metadata: Json, ttl?: number): void {
  world.touch(id)
  const now = world.threads.get(id)
  if (!now) return
  now.metadata = { ...now.metadata, ...metadata, owner }
  now.ttl = ttl ?? now.ttl
}

const remove: Operation = {
  name: 'delete a thread',
  routes: ['DELETE /threads/{thread_id}'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const ask = (of: string) => ({ method: 'DELETE', path: `/threads/${of}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.stops(own.owner, (run) => run.thread === id)
    if (world.granted(await world.call(actor, ask(id)), 204)) world.dropThread(id)
  },
}

const copy: Operation = {
  name: 'copy a thread',
  routes: ['POST /threads/{thread_id}/copy'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const ask = (of: string) => ({ method: 'POST', path: `/threads/${of}/copy` })
    if (!own) return world.refused(actor, [id], 409, ask)
    const reply = await world.call(actor, ask(id))
    if (!world.granted(reply, 200)) return
    const made = world.noteThread(own.owner, reply.json())
    world.check(
      made.id !== id && (world.isTogether() || made.metadata['tag'] === own.metadata['tag']),
      () => `a copy of ${id}: ${reply.text}`,
    )
    const state = await world.call(actor, { method: 'GET', path: `/threads/${made.id}/state` })
    const { checkpoint } = state.json<{ checkpoint?: { thread_id: string } | null }>()
    const at = checkpoint?.thread_id ?? made.id
    world.check(world.isTogether() || at === made.id, () => `the state of a copy is that of ${at}: ${state.text}`)
  },
}

const prune: Operation = {
  name: 'prune threads',
  routes: ['POST /threads/prune'],
  async run(world, actor, pick) {
    const chosen = [
      ...new Map(
        Array.from({ length: 1 + pick.below(3) }, () => thread(world, actor, pick)).map((one) => [one.id, one]),
      ).values(),
    ]
    const strategy = pick.one(['keep_latest', 'delete'])
    const own = chosen.filter((one) => one.own)
    const ask = (...thread_ids: string[]) => ({
      method: 'POST',
      path: '/threads/prune',
      body: { thread_ids, strategy },
    })
    if (own.length < chosen.length) {
      const others = chosen.filter((one) => !one.own).map(({ id }) => id)
      const mine = own.map(({ id }) => id)
      return world.refused(actor, others, 404, (...ids) => ask(...mine, ...ids))
    }
    // Runs that have ended go too, even where the latest state stays.
    world.stops(actor as User, (run) => own.some(({ id }) => id === run.thread))
    const reply = await world.call(actor, ask(...own.map(({ id }) => id)))
    if (!world.granted(reply, 200)) return
    world.check(reply.json()['pruned_count'] === own.length || world.isTogether(), () => `pruned: ${reply.text}`)
    if (strategy === 'delete') for (const { id } of own) world.dropThread(id)
  },
}

function threadSearch(world: World, actor: Actor, pick: Pick) {
  const search = randomSearch(world, actor ?? 'alice', pick, 'thread_id')
  const ids = pick.chance(3) ? pick.some([...world.owners.keys()], 4) : undefined
  const unknown = pick.one([{}, {}, {}, { status: pick.one(['idle', 'busy', 'interrupted', 'error']) }, { values: {} }])
  const conditions = { ...(ids?.length ? { ids } : {}), ...unknown }
  const fits: Search['fits'] = (row) => search.fits(row) && (!ids?.length || ids.includes(row.id))
  return { conditions, search: { ...search, fits, exact: Object.keys(unknown).length === 0 } }
}

const search: Operation = {
  name: 'search threads',
  routes: ['POST /threads/search'],
  async run(world, actor, pick) {
    const { conditions, search } = threadSearch(world, actor, pick)
    const select = pick.chance(4) ? { select: ['thread_id', 'values', 'metadata'] } : {}
    const body = { ...search.body, ...conditions, ...select }
    const reply = await world.call(actor, { method: 'POST', path: '/threads/search', body })
    expectPage(world, reply, world.ownedBy(world.threads, actor as User), search, 'thread_id')
  },
}

const extract: Operation = {
  name: 'search threads and extract',
  routes: ['POST /threads/search', 'POST /threads/prune'],
  async run(world, actor, pick) {
    const paths = {
      a: 'values.text',
      b: 'metadata.marker',
      c: 'values.seen[-1]',
      d: 'config.configurable',
      e: 'interrupts',
    }
    const body = { limit: 1000, extract: paths, ...(pick.chance(2) ? { metadata: { tag: pick.one(TAGS) } } : {}) }
    const reply = await world.call(actor, { method: 'POST', path: '/threads/search', body })
    for (const row of reply.json<{ thread_id: string; extracted: Json }[]>()) {
      const marker = row.extracted['b'] ?? world.markers[actor as User]
      world.check(marker === world.markers[actor as User], () => `extracted of ${row.thread_id}: ${marker}`)
    }
  },
}

const count: Operation = {
  name: 'count threads',
  routes: ['POST /threads/count'],
  async run(world, actor, pick) {
    const { conditions, search } = threadSearch(world, actor, pick)
    const { metadata } = search.body
    const { ids: _, ...rest } = conditions as { ids?: unknown }
    const body = { ...(metadata ? { metadata } : {}), ...rest }
    const reply = await world.call(actor, { method: 'POST', path: '/threads/count', body })
    const all = 'ids' in conditions ? { ...search, exact: false, fits: () => true } : search
    expectCounted(world, reply, world.ownedBy(world.threads, actor as User), all)
  },
}

const readState: Operation = {
  name: 'read the state of a thread',
  routes: ['GET /threads/{thread_id}/state', 'GET /threads/{thread_id}/history', 'POST /threads/{thread_id}/history'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const another = pick.some([...world.threads.keys()], 1)[0] ?? id
    const how = pick.one([
      (of: string) => ({ method: 'GET', path: `/threads/${of}/state` }),
      (of: string) => ({ method: 'GET', path: `/threads/${of}/state?subgraphs=true` }),
      (of: string) => ({ method: 'GET', path: `/threads/${of}/history?limit=1000` }),
      (of: string) => ({ method: 'POST', path: `/threads/${of}/history`, body: { limit: 1000 } }),
      // The thread of a checkpoint is that of the path, whatever the body says.
      (of: string) => ({
        method: 'POST',
        path: `/threads/${of}/history`,
        body: { checkpoint: { thread_id: another, checkpoint_ns: '' } },
      }),
      (of: string) => ({
        method: 'POST',
        path: `/threads/${of}/state/checkpoint`,
        body: { checkpoint: { thread_id: another, checkpoint_ns: '' } },
      }),
      (of: string) => ({ method: 'GET', path: `/threads/${of}/state/1f0c0000-0000-6000-8000-000000000000` }),
    ])
    if (!own) return world.refused(actor, [id], 404, how)
    world.granted(await world.call(actor, how(id)), 200)
  },
}

const foreignCheckpoint: Operation = {
  name: "read another thread's checkpoint through one's own",
  routes: ['GET /threads/{thread_id}/state/{checkpoint_id}'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const victim = [...world.threads.values()].find((one) => one.owner !== actor && one.graph !== undefined)
    if (!own || !victim || world.isTogether()) return
    // Its owner knows the id of the checkpoint; whoever learns it has nothing by it.
    const theirs = await world.call(victim.owner, { method: 'GET', path: `/threads/${victim.id}/state` })
    world.granted(theirs, 200)
    const checkpoint_id = theirs.json<{ checkpoint: { checkpoint_id: string } | null }>().checkpoint?.checkpoint_id
    if (!checkpoint_id) return
    const ask = pick.one([
      (at: string) => ({ method: 'GET', path: `/threads/${id}/state/${at}` }),
      (at: string) => ({
        method: 'POST',
        path: `/threads/${id}/state/checkpoint`,
        body: { checkpoint: { checkpoint_id: at, thread_id: victim.id, checkpoint_ns: '' } },
      }),
    ])
    await world.refused(actor, [checkpoint_id], 200, ask)
  },
}

const updateState: Operation = {
  name: 'update the state of a thread',
  routes: ['POST /threads/{thread_id}/state'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const values = { text: mark(world, actor) }
    const as_node = pick.one(['__start__', '__start__', 'echo', 'none'])
    const ask = (of: string) => ({ method: 'POST', path: `/threads/${of}/state`, body: { values, as_node } })
    if (!own) return world.refused(actor, [id], 404, ask)
    // 400 where the graph has no such node or the thread no graph, 409 while a run is in flight.
    const reply = await world.call(actor, ask(id))
    if (world.granted(reply, 200, 400, 409)) {
      const { checkpoint } = reply.json<{ checkpoint: { thread_id: string } }>()
      world.check(checkpoint.thread_id === id, () => `another thread was written: ${reply.text}`)
    }
  },
}

const watch: Operation = {
  name: 'join the stream of a thread',
  routes: ['GET /threads/{thread_id}/stream'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const headers: Record<string, string> = pick.chance(2) ? { 'last-event-id': '-' } : {}
    const ask = (of: string) => ({ method: 'GET', path: `/threads/${of}/stream`, headers })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

const command: Operation = {
  name: 'send a command of the second protocol',
  routes: ['POST /threads/{thread_id}/commands'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    // A command that starts a run makes its thread, where there is none: another test has that.
    const body = pick.one<Json>([
      { id: 1, method: 'state.get' },
      { id: 2, method: 'state.get', params: { keys: ['text'] } },
      { id: 3, method: 'input.respond', params: { interrupt_id: 'x', response: 1 } },
    ])
    const ask = (of: string) => ({ method: 'POST', path: `/threads/${of}/commands`, body })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

const follow: Operation = {
  name: 'follow a thread in the second protocol',
  routes: ['POST /threads/{thread_id}/stream/events'],
  async run(world, actor, pick) {
    const { id, own } = thread(world, actor, pick)
    const body = { channels: ['values', 'updates', 'lifecycle'], ...(pick.chance(2) ? { since: 0 } : {}) }
    const ask = (of: string) => ({ method: 'POST', path: `/threads/${of}/stream/events`, body })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

function mark(world: World, actor: Actor): string {
  return world.markers[actor ?? 'alice']
}

export const threadOperations: readonly Operation[] = [
  create,
  read,
  patch,
  patchState,
  remove,
  copy,
  prune,
  search,
  extract,
  count,
  readState,
  foreignCheckpoint,
  updateState,
  watch,
  command,
  follow,
]
