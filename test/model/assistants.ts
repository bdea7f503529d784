import { expectCounted, expectPage, randomSearch, type Search } from './lists.js'
import type { Operation } from './operation.js'
import { metadataOf, newId, type Pick, someOf } from './pick.js'
import { type Actor, USERS, type User, type World } from './world.js'

const assistant = (world: World, actor: Actor, pick: Pick) => someOf(world.assistants, actor, pick)

/** The name, the configuration and the context of an assistant, each with the canary of its owner. */
function secretsOf(world: World, actor: Actor) {
  const marker = world.markers[actor ?? 'alice']
  return { name: marker, description: marker, config: { configurable: { other: marker } }, context: { secret: marker } }
}

const create: Operation = {
  name: 'create an assistant',
  routes: ['POST /assistants'],
  async run(world, actor, pick) {
    const assistant_id = newId(world, pick)
    const owner = assistant_id === undefined ? undefined : world.assistants.get(assistant_id)?.owner
    const if_exists = pick.one(['raise', 'do_nothing'])
    const { config, context, ...rest } = secretsOf(world, actor)
    const body = {
      ...(assistant_id === undefined ? {} : { assistant_id }),
      graph_id: pick.one(['echo', 'steps']),
      if_exists,
      metadata: metadataOf(world, actor ?? 'alice', pick, true),
      ...rest,
      ...pick.one([{ config }, { context }]),
    }
    const reply = await world.call(actor, { method: 'POST', path: '/assistants', body })
    if (owner === undefined) {
      if (world.granted(reply, 200)) world.noteAssistant(actor as User, reply.json())
    } else if (owner === actor && if_exists === 'do_nothing') {
      world.check(reply.status === 200, () => `do_nothing: ${reply.status} ${reply.text}`)
    } else {
      const taken = [409, '{"detail":"Assistant already exists"}'].join()
      world.check([reply.status, reply.text].join() === taken, () => `an id that is taken: ${reply.text}`)
    }
  },
}

const read: Operation = {
  name: 'read an assistant',
  routes: ['GET /assistants/{assistant_id}'],
  async run(world, actor, pick) {
    const { id, own } = assistant(world, actor, pick)
    const tail = pick.one(['', '/graph', '/schemas', '/subgraphs', '/subgraphs/x', '/graph?xray=true'])
    const ask = (of: string) => ({ method: 'GET', path: `/assistants/${of}${tail}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

const patch: Operation = {
  name: 'patch an assistant',
  routes: ['PATCH /assistants/{assistant_id}'],
  async run(world, actor, pick) {
    const { id, own } = assistant(world, actor, pick)
    const metadata = metadataOf(world, actor ?? 'alice', pick, world.rules.stampsUpdates)
    const { config } = secretsOf(world, actor)
    const ask = (of: string) => ({ method: 'PATCH', path: `/assistants/${of}`, body: { metadata, config } })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (world.granted(reply, 200) && world.assistants.has(id)) world.noteAssistant(own.owner, reply.json())
  },
}

const remove: Operation = {
  name: 'delete an assistant',
  routes: ['DELETE /assistants/{assistant_id}'],
  async run(world, actor, pick) {
    const cascades = pick.chance(2)
    // Best one that threads of others name: they must not go with it.
    const named = world
      .ownedBy(world.assistants, actor as User)
      .find(({ id }) =>
        [...world.threads.values()].some((one) => one.owner !== actor && one.metadata['assistant_id'] === id),
      )
    const { id, own } = cascades && named ? { id: named.id, own: named } : assistant(world, actor, pick)
    const ask = (of: string) => ({
      method: 'DELETE',
      path: `/assistants/${of}${cascades ? '?delete_threads=true' : ''}`,
    })
    if (!own) return world.refused(actor, [id], 404, ask)
    const used = cascades
      ? world.ownedBy(world.threads, own.owner).filter((thread) => thread.metadata['assistant_id'] === id)
      : []
    if (cascades) world.stops(own.owner, (run) => used.some((thread) => thread.id === run.thread))
    for (const thread of used) world.touch(thread.id)
    if (!world.granted(await world.call(actor, ask(id)), 204)) return
    world.dropAssistant(id)
    // The threads of others that name this assistant stay: the lists of their owners will tell.
    for (const thread of used) world.dropThread(thread.id)
  },
}

const versions: Operation = {
  name: 'list the versions of an assistant',
  routes: ['POST /assistants/{assistant_id}/versions'],
  async run(world, actor, pick) {
    const { id, own } = assistant(world, actor, pick)
    const ask = (of: string) => ({ method: 'POST', path: `/assistants/${of}/versions`, body: { limit: 100 } })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

const latest: Operation = {
  name: 'make a version the latest',
  routes: ['POST /assistants/{assistant_id}/latest'],
  async run(world, actor, pick) {
    const { id, own } = assistant(world, actor, pick)
    const version = pick.one([1, 1, 2, 99])
    const ask = (of: string) => ({ method: 'POST', path: `/assistants/${of}/latest`, body: { version } })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (world.granted(reply, 200, 404) && world.assistants.has(id)) world.noteAssistant(own.owner, reply.json())
  },
}

const search: Operation = {
  name: 'search assistants',
  routes: ['POST /assistants/search'],
  async run(world, actor, pick) {
    const found = randomSearch(world, actor ?? 'alice', pick, 'assistant_id')
    const reply = await world.call(actor, { method: 'POST', path: '/assistants/search', body: found.body })
    expectPage(world, reply, world.ownedBy(world.assistants, actor as User), found, 'assistant_id')
  },
}

const count: Operation = {
  name: 'count assistants',
  routes: ['POST /assistants/count'],
  async run(world, actor, pick) {
    const found = randomSearch(world, actor ?? 'alice', pick, 'assistant_id')
    const name = pick.chance(4) ? world.markers[pick.one(USERS)] : undefined
    const { metadata } = found.body
    const body = { ...(metadata ? { metadata } : {}), ...(name ? { name } : {}) }
    const reply = await world.call(actor, { method: 'POST', path: '/assistants/count', body })
    // Names hold the canary of their owner, and no other.
    const fits: Search['fits'] = (row) =>
      found.fits(row) && (name === undefined || name === world.markers[actor as User])
    expectCounted(world, reply, world.ownedBy(world.assistants, actor as User), { ...found, fits })
  },
}

export const assistantOperations: readonly Operation[] = [create, read, patch, remove, versions, latest, search, count]
