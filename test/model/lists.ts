import type { Json, Reply } from '../support/client.js'
import { type Pick, TAGS } from './pick.js'
import { sameIds, USERS, type User, type World } from './world.js'

interface Row {
  readonly id: string
  readonly metadata: Json
  readonly createdAt: string
}

/** A search, and whether the model knows every row that it must find. */
export interface Search {
  readonly body: Json
  readonly exact: boolean
  readonly fits: (row: Row) => boolean
}

/** A search with random conditions; some ask for what belongs to others. */
export function randomSearch(world: World, user: User, pick: Pick, idName: string): Search {
  const [other, another] = [pick.one(['alice', 'bob', 'carol'] as const), pick.one(['alice', 'bob', 'carol'] as const)]
  const tag = pick.one(TAGS)
  const conditions: readonly { metadata?: Json; fits: Search['fits'] }[] = [
    { fits: () => true },
    { metadata: {}, fits: () => true },
    { metadata: { tag }, fits: ({ metadata }) => metadata['tag'] === tag },
    { metadata: { marker: world.markers[other] }, fits: ({ metadata }) => metadata['marker'] === world.markers[other] },
    { metadata: { owner: another, tag }, fits: ({ metadata }) => another === user && metadata['tag'] === tag },
    { metadata: { owner: user }, fits: () => true },
  ]
  const { metadata, fits } = pick.one(conditions as [(typeof conditions)[number]])
  const sort = pick.one([undefined, 'created_at', idName, 'updated_at'])
  return {
    body: {
      ...(metadata ? { metadata } : {}),
      limit: pick.one([1000, 1, 2, 3, 10]),
      offset: pick.one([0, 0, 1, 3]),
      ...(sort ? { sort_by: sort } : {}),
      ...(pick.chance(2) ? { sort_order: pick.one(['asc', 'desc']) } : {}),
    },
    exact: true,
    fits,
  }
}

/** Holds one page of a list, and what its headers say about the rest, against what the caller has. */
export function expectPage(world: World, reply: Reply, facts: readonly Row[], search: Search, idName: string): void {
  world.check(reply.status === 200, () => `a search: ${reply.status} ${reply.text}`)
  const found = reply.json<Json[]>().map((row) => String(row[idName]))
  const wanted = facts.filter(search.fits)
  const known = new Set(wanted.map(({ id }) => id))
  world.check(new Set(found).size === found.length, () => 'a search found a row twice')
  // While others are under way it is enough that nobody else's is there, which is checked for every answer.
  if (world.isTogether()) return
  for (const id of found) world.check(known.has(id), () => `a search found ${id}, which it must not`)
  if (!search.exact) return

  const {
    limit,
    offset,
    sort_by = 'created_at',
    sort_order = 'desc',
  } = search.body as { limit: number; offset: number } & Json
  const next = reply.headers.get('x-pagination-next')
  const total = Number(reply.headers.get('x-pagination-total'))
  const length = Math.max(0, Math.min(limit, wanted.length - offset))
  world.check(total === wanted.length, () => `a total of ${total} where there are ${wanted.length}`)
  world.check(found.length === length, () => `${found.length} rows where there are ${length}`)
  const goesOn = length > 0 && offset + length < wanted.length
  world.check(next === (goesOn ? String(offset + length) : null), () => `the next page begins at ${next}`)
  if (sort_by === 'updated_at') return
  const key = ({ id, createdAt }: Row) => (sort_by === 'created_at' ? `${createdAt} ${id}` : id)
  const sorted = wanted.sort((a, b) => (key(a) < key(b) ? -1 : 1) * (sort_order === 'asc' ? 1 : -1))
  const page = sorted.slice(offset, offset + limit).map(({ id }) => id)
  world.check(JSON.stringify(found) === JSON.stringify(page), () => `the page is ${found}, and should be ${page}`)
}

export function expectCounted(world: World, reply: Reply, facts: readonly Row[], search: Search): void {
  world.check(reply.status === 200, () => `a count: ${reply.status} ${reply.text}`)
  const [count, most] = [reply.json<number>(), facts.filter(search.fits).length]
  const right = world.isTogether() || (search.exact ? count === most : count <= most)
  world.check(right, () => `a count of ${count} where there are ${most}`)
}

const ALL = { limit: 1000 }

export interface Listed {
  readonly threads: readonly Json[]
  readonly assistants: readonly Json[]
  readonly crons: readonly Json[]
  readonly items: readonly ListedItem[]
}

export interface ListedItem {
  readonly namespace: string[]
  readonly key: string
  readonly value: Json
}

/** Everything that a user can list, as the server says it. */
export async function listed(world: World, user: User): Promise<Listed> {
  const search = async (path: string) => (await world.call(user, { method: 'POST', path, body: ALL })).json<Json[]>()
  return {
    threads: await search('/threads/search'),
    assistants: await search('/assistants/search'),
    crons: await search('/runs/crons/search'),
    items: await itemsOf(world, user),
  }
}

export async function itemsOf(world: World, user: User): Promise<ListedItem[]> {
  const namespace_prefix = world.rules.store === 'by namespace' ? [user] : []
  const body = { namespace_prefix, limit: 1000 }
  const reply = await world.call(user, { method: 'POST', path: '/store/items/search', body })
  return reply.json<{ items: ListedItem[] }>().items
}

/** Holds everything that a user can list against the model. */
export async function expectEverything(world: World, user: User): Promise<void> {
  const { threads, assistants, crons, items } = await listed(world, user)
  const own = {
    threads: world.ownedBy(world.threads, user),
    assistants: world.ownedBy(world.assistants, user),
    crons: world.ownedBy(world.crons, user),
    items: world.ownedBy(world.items, user),
  }
  sameIds(
    world,
    `${user}'s threads`,
    threads.map((row) => String(row['thread_id'])),
    idsOf(own.threads),
  )
  sameIds(
    world,
    `${user}'s assistants`,
    assistants.map((row) => String(row['assistant_id'])),
    idsOf(own.assistants),
  )
  sameIds(
    world,
    `${user}'s crons`,
    crons.map((row) => String(row['cron_id'])),
    idsOf(own.crons),
  )
  const place = ({ namespace, key }: { namespace: readonly string[]; key: string }) => JSON.stringify([namespace, key])
  sameIds(world, `${user}'s items`, items.map(place), own.items.map(place))

  for (const [row, fact] of [
    ...threads.map((row) => [row, world.threads.get(String(row['thread_id']))] as const),
    ...assistants.map((row) => [row, world.assistants.get(String(row['assistant_id']))] as const),
    ...crons.map((row) => [row, world.crons.get(String(row['cron_id']))] as const),
  ]) {
    const { tag, owner } = row['metadata'] as Json
    const wanted = fact?.metadata['tag']
    world.check(tag === wanted && owner === user, () => `${JSON.stringify(row)} should be tagged ${wanted}`)
  }
  for (const item of items) {
    const fact = world.items.get(place(item))
    world.check(item.value['tag'] === fact?.value['tag'], () => `${JSON.stringify(item)} is not what was put`)
  }
}

const COUNTS = ['/threads/count', '/assistants/count', '/runs/crons/count'] as const

/** Holds one of the counts, which leak without a word, as told to one of the users against the model. */
export async function expectCount(world: World, which: number): Promise<void> {
  const user = USERS[which % USERS.length] as User
  const path = COUNTS[Math.floor(which / USERS.length) % COUNTS.length] as (typeof COUNTS)[number]
  const facts = {
    '/threads/count': world.threads,
    '/assistants/count': world.assistants,
    '/runs/crons/count': world.crons,
  }
  const count = (await world.call(user, { method: 'POST', path, body: {} })).json<number>()
  const own = world.ownedBy<{ owner: User }>(facts[path] as never, user).length
  world.check(count === own, () => `${path} tells ${user} ${count} where there are ${own}`)
}

export function idsOf(facts: readonly { readonly id: string }[]): string[] {
  return facts.map(({ id }) => id)
}
