import type { Json } from '../support/client.js'
import type { ListedItem } from './lists.js'
import type { Operation } from './operation.js'
import { type Pick, TAGS } from './pick.js'
import { type Actor, type ItemFact, USERS, type User, type World } from './world.js'

const placeOf = (namespace: readonly string[], key: string) => JSON.stringify([namespace, key])

/** A namespace of the caller's, of somebody else's, or one that all share. */
function namespaceOf(world: World, actor: Actor, pick: Pick): string[] {
  const first =
    world.rules.store === 'by item'
      ? pick.one(['shared', 'shared', ...USERS])
      : pick.one([actor ?? 'alice', actor ?? 'alice', actor ?? 'alice', ...USERS])
  return [first, ...pick.one([[], ['notes'], ['notes', 'old'], ['note'], ["it's"]])]
}

/** Whether the rules let the caller into a namespace at all. */
function mayEnter(world: World, actor: Actor, namespace: readonly string[]): boolean {
  return world.rules.store === 'by item' || namespace[0] === actor
}

const keyOf = (pick: Pick) => pick.one(['k1', 'k2', 'k3'])

const put: Operation = {
  name: 'put an item',
  routes: ['PUT /store/items'],
  async run(world, actor, pick) {
    const [namespace, key, tag] = [namespaceOf(world, actor, pick), keyOf(pick), pick.one(TAGS)]
    const value = { tag, marker: world.markers[actor ?? 'alice'], owner: pick.one(['alice', 'bob', actor]) }
    const body = {
      namespace,
      key,
      value,
      ...(pick.chance(4) ? { index: false } : {}),
      ...(pick.chance(4) ? { ttl: 60 } : {}),
    }
    const reply = await world.call(actor, { method: 'PUT', path: '/store/items', body })
    const place = placeOf(namespace, key)
    const owner = world.items.get(place)?.owner
    if (!mayEnter(world, actor, namespace)) return refuses(world, reply.status, 403)
    // Where all share a namespace, several may try to be the first at once.
    if (world.isTogether() && world.rules.store === 'by item') return touched(world, place)
    if (owner !== undefined && owner !== actor) return refuses(world, reply.status, 404)
    if (!world.granted(reply, 204)) return
    world.items.set(place, { namespace, key, owner: actor as User, value })
    touched(world, place)
  },
}

const get: Operation = {
  name: 'get an item',
  routes: ['GET /store/items'],
  async run(world, actor, pick) {
    const [namespace, key] = [namespaceOf(world, actor, pick), keyOf(pick)]
    const path = `/store/items?namespace=${encodeURIComponent(namespace.join('.'))}&key=${key}`
    const reply = await world.call(actor, { method: 'GET', path })
    if (!mayEnter(world, actor, namespace)) return refuses(world, reply.status, 403)
    world.check(reply.status === 200, () => `an item: ${reply.status} ${reply.text}`)
    if (world.isTogether()) return
    const fact = world.items.get(placeOf(namespace, key))
    const item = reply.json<{ value: Json } | null>()
    const wanted = fact?.owner === actor ? fact?.value['tag'] : undefined
    world.check(item?.value['tag'] === wanted, () => `${namespace} ${key} should be ${wanted}: ${reply.text}`)
  },
}

const remove: Operation = {
  name: 'delete an item',
  routes: ['DELETE /store/items'],
  async run(world, actor, pick) {
    const [namespace, key] = [namespaceOf(world, actor, pick), keyOf(pick)]
    const reply = await world.call(actor, { method: 'DELETE', path: '/store/items', body: { namespace, key } })
    if (!mayEnter(world, actor, namespace)) return refuses(world, reply.status, 403)
    world.check(reply.status === 204, () => `deleting an item: ${reply.status} ${reply.text}`)
    const place = placeOf(namespace, key)
    touched(world, place)
    if (world.items.get(place)?.owner === actor) world.items.delete(place)
  },
}

const search: Operation = {
  name: 'search items',
  routes: ['POST /store/items/search'],
  async run(world, actor, pick) {
    const prefix = pick.chance(4) ? [] : namespaceOf(world, actor, pick)
    const tag = pick.one(TAGS)
    const other = pick.one(USERS)
    const [filter, holds] = pick.one<[Json | undefined, (item: ItemFact) => boolean]>([
      [undefined, () => true],
      [{ tag }, ({ value }) => value['tag'] === tag],
      [{ tag: { $ne: tag } }, ({ value }) => value['tag'] !== tag],
      [{ marker: world.markers[other] }, ({ value }) => value['marker'] === world.markers[other]],
      [{ marker: { $gt: '' } }, ({ value }) => typeof value['marker'] === 'string'],
      [{ owner: { $ne: actor ?? '' } }, () => false],
    ])
    // Who owns an item is part of its value only where the rules say so.
    const known = filter === undefined || !('owner' in filter) || world.rules.store === 'by item'
    const query = pick.chance(4) ? pick.one([world.markers[other], 'canary', 'shared']) : undefined
    const [limit, offset] = [pick.one([1000, 1, 2, 5]), pick.one([0, 0, 1])]
    const body = { namespace_prefix: prefix, limit, offset, ...(filter ? { filter } : {}), ...(query ? { query } : {}) }
    const reply = await world.call(actor, { method: 'POST', path: '/store/items/search', body })
    if (!mayEnter(world, actor, prefix)) return refuses(world, reply.status, 403)
    world.check(reply.status === 200, () => `a search: ${reply.status} ${reply.text}`)
    if (world.isTogether()) return
    const wanted = world
      .ownedBy(world.items, actor as User)
      .filter((item) => under(item.namespace, prefix) && (!known || holds(item)))
    const places = new Set(wanted.map(({ namespace, key }) => placeOf(namespace, key)))
    const { items } = reply.json<{ items: ItemFact[] }>()
    for (const { namespace, key } of items) {
      world.check(places.has(placeOf(namespace, key)), () => `a search found ${namespace} ${key}: ${reply.text}`)
    }
    const length = Math.max(0, Math.min(limit, wanted.length - offset))
    const right = query || !known ? items.length <= length : items.length === length
    world.check(right, () => `${items.length} items where there are ${length}`)
  },
}

const namespaces: Operation = {
  name: 'list namespaces',
  routes: ['POST /store/namespaces'],
  async run(world, actor, pick) {
    const prefix = pick.chance(4) ? pick.one([[], ['*']]) : namespaceOf(world, actor, pick)
    const suffix = pick.chance(3) ? pick.one([['notes'], ['*'], ['notes', 'old']]) : undefined
    const max_depth = pick.chance(3) ? pick.one([1, 2, 3]) : undefined
    const [limit, offset] = [pick.one([1000, 1, 2]), pick.one([0, 0, 1])]
    const body = { prefix, limit, offset, ...(suffix ? { suffix } : {}), ...(max_depth ? { max_depth } : {}) }
    const reply = await world.call(actor, { method: 'POST', path: '/store/namespaces', body })
    if (!mayEnter(world, actor, prefix)) return refuses(world, reply.status, 403)
    world.check(reply.status === 200, () => `namespaces: ${reply.status} ${reply.text}`)
    if (world.isTogether()) return
    const wanted = new Set(
      world
        .ownedBy(world.items, actor as User)
        .map(({ namespace }) => namespace)
        .filter((one) => under(one, prefix) && (!suffix || under([...one].reverse(), [...suffix].reverse())))
        .map((one) => JSON.stringify(one.slice(0, max_depth))),
    )
    const found = reply.json<{ namespaces: string[][] }>().namespaces.map((one) => JSON.stringify(one))
    for (const one of found) world.check(wanted.has(one), () => `a namespace of nobody's: ${one}`)
    const length = Math.max(0, Math.min(limit, wanted.size - offset))
    world.check(found.length === length, () => `${found.length} namespaces where there are ${length}: ${reply.text}`)
  },
}

function under(namespace: readonly string[], prefix: readonly string[]): boolean {
  return namespace.length >= prefix.length && prefix.every((label, at) => label === '*' || label === namespace[at])
}

function refuses(world: World, status: number, wanted: number): void {
  world.check(status === wanted, () => `${status} where ${wanted} was expected`)
}

function touched(world: World, place: string): void {
  world.touch(place)
}

/** Makes the model's items of a user those that the server lists: each is one user's, whoever was first. */
export function adoptItems(world: World, user: User, items: readonly ListedItem[]): void {
  for (const [place, { owner }] of world.items) if (owner === user) world.items.delete(place)
  for (const { namespace, key, value } of items) {
    const place = placeOf(namespace, key)
    const old = world.items.get(place)
    world.check(old === undefined, () => `${place} is ${old?.owner}'s, and ${user}'s too`)
    world.items.set(place, { namespace, key, owner: user, value })
  }
}

export const storeOperations: readonly Operation[] = [put, get, remove, search, namespaces]
