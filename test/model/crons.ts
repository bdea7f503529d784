import type { Json } from '../support/client.js'
import { expectCounted, expectPage, randomSearch, type Search } from './lists.js'
import type { Operation } from './operation.js'
import { metadataOf, type Pick, someOf } from './pick.js'
import type { Actor, CronFact, User, World } from './world.js'

/** A time that does not come while a test runs. */
const SCHEDULE = '0 0 29 2 *'

const cron = (world: World, actor: Actor, pick: Pick) => someOf(world.crons, actor, pick)

/** A cron of a graph or an assistant, on a thread or on none. */
async function create(world: World, actor: Actor, pick: Pick, onThread: boolean): Promise<void> {
  const thread = onThread ? someOf(world.threads, actor, pick) : undefined
  const assistant = pick.chance(2) ? someOf(world.assistants, actor, pick) : undefined
  const marker = world.markers[actor ?? 'alice']
  const body = {
    schedule: SCHEDULE,
    input: { text: marker },
    metadata: metadataOf(world, actor ?? 'alice', pick, true),
    config: { configurable: { other: marker, user_id: 'bob', langgraph_auth_user_id: 'bob' } },
  }
  const ask = (threadId: string | undefined, assistant_id: string) => ({
    method: 'POST',
    path: threadId === undefined ? '/runs/crons' : `/threads/${threadId}/runs/crons`,
    body: { ...body, assistant_id },
  })
  if (assistant && !assistant.own) {
    return world.refused(actor, [assistant.id], 404, (id) => ask(thread?.id, id))
  }
  const chosen = assistant?.id ?? 'echo'
  if (thread && !thread.own) return world.refused(actor, [thread.id], 404, (id) => ask(id, chosen))
  const reply = await world.call(actor, ask(thread?.id, chosen))
  if (!world.granted(reply, 200)) return
  world.noteCron(actor as User, reply.json())
  world.check(!reply.text.includes('langgraph_auth_'), () => `a cron shows who it runs as: ${reply.text}`)
}

const stateless: Operation = {
  name: 'create a cron',
  routes: ['POST /runs/crons'],
  run: (world, actor, pick) => create(world, actor, pick, false),
}

const onThread: Operation = {
  name: 'create a cron on a thread',
  routes: ['POST /threads/{thread_id}/runs/crons'],
  run: (world, actor, pick) => create(world, actor, pick, true),
}

const read: Operation = {
  name: 'read a cron',
  routes: ['GET /runs/crons/{cron_id}'],
  async run(world, actor, pick) {
    const { id, own } = cron(world, actor, pick)
    const ask = (of: string) => ({ method: 'GET', path: `/runs/crons/${of}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    world.granted(await world.call(actor, ask(id)), 200)
  },
}

const patch: Operation = {
  name: 'patch a cron',
  routes: ['PATCH /runs/crons/{cron_id}'],
  async run(world, actor, pick) {
    const { id, own } = cron(world, actor, pick)
    const metadata = metadataOf(world, actor ?? 'alice', pick, world.rules.stampsUpdates)
    const change = pick.one<Json>([{ metadata }, { metadata, enabled: false }, { metadata, input: { text: 'other' } }])
    const ask = (of: string) => ({ method: 'PATCH', path: `/runs/crons/${of}`, body: change })
    if (!own) return world.refused(actor, [id], 404, ask)
    const reply = await world.call(actor, ask(id))
    if (world.granted(reply, 200) && world.crons.has(id)) world.noteCron(own.owner, reply.json())
  },
}

const remove: Operation = {
  name: 'delete a cron',
  routes: ['DELETE /runs/crons/{cron_id}'],
  async run(world, actor, pick) {
    const { id, own } = cron(world, actor, pick)
    const ask = (of: string) => ({ method: 'DELETE', path: `/runs/crons/${of}` })
    if (!own) return world.refused(actor, [id], 404, ask)
    if (world.granted(await world.call(actor, ask(id)), 204)) world.dropCron(id)
  },
}

/** A search that may name the thread or the assistant of somebody else. */
function cronSearch(world: World, actor: Actor, pick: Pick): { conditions: Json; search: Search } {
  const search = randomSearch(world, actor ?? 'alice', pick, 'cron_id')
  const thread = pick.chance(3) ? someOf(world.threads, actor, pick).id : undefined
  const assistant = pick.chance(4) ? someOf(world.assistants, actor, pick).id : undefined
  const conditions = { ...(thread ? { thread_id: thread } : {}), ...(assistant ? { assistant_id: assistant } : {}) }
  const fits: Search['fits'] = (row) => {
    const { thread: at, assistant: of } = row as CronFact
    return search.fits(row) && (!thread || at === thread) && (!assistant || of === assistant)
  }
  return { conditions, search: { ...search, fits } }
}

const search: Operation = {
  name: 'search crons',
  routes: ['POST /runs/crons/search'],
  async run(world, actor, pick) {
    const { conditions, search } = cronSearch(world, actor, pick)
    const body = { ...search.body, ...conditions }
    const reply = await world.call(actor, { method: 'POST', path: '/runs/crons/search', body })
    expectPage(world, reply, world.ownedBy(world.crons, actor as User), search, 'cron_id')
  },
}

const count: Operation = {
  name: 'count crons',
  routes: ['POST /runs/crons/count'],
  async run(world, actor, pick) {
    const { conditions, search } = cronSearch(world, actor, pick)
    const { metadata } = search.body
    const body = { ...conditions, ...(metadata ? { metadata } : {}) }
    const reply = await world.call(actor, { method: 'POST', path: '/runs/crons/count', body })
    expectCounted(world, reply, world.ownedBy(world.crons, actor as User), search)
  },
}

export const cronOperations: readonly Operation[] = [stateless, onThread, read, patch, remove, search, count]
