import type { Client } from '../client.js'
import { inParallel } from '../ledger/cleanup.js'
import { type Exchange, json, succeeded } from '../probe.js'
import { matchesRoute } from './config.js'
import type { Input } from './input.js'
import type { createPool } from './pool.js'
import { stands } from './pool.js'
import { type ApiRequest, keyOf, pathOf } from './request.js'
import { everyString, tellingStrings } from './strings.js'

/** One of Alice's requests, and what the others get for it. */
export interface Harvested extends ApiRequest {
  readonly first: Exchange
  /** Lists without an id in them: everybody has one of his own. */
  readonly list: boolean
}

/** One of Bob's own requests, answered. */
export interface Own extends ApiRequest {
  readonly exchange: Exchange
}

export interface Harvest {
  readonly alice: readonly Harvested[]
  readonly bob: readonly Own[]
  /** Bob's credential is accepted somewhere where an invented one is not. */
  readonly bobKnown: boolean
  /** Bob's own request that worked, to be repeated. */
  readonly bobWorks: ApiRequest | undefined
}

const PER_REQUEST = 40
const MOST = 1500

/**
 * Finds out what is private without knowing the API. Each of Alice's requests is played as Alice, twice, with the others in
 * between; what is in both of her answers and in nobody else's is hers alone, and goes into the pool.
 */
export async function harvest(
  input: Input,
  { client, pool, concurrency }: { client: Client; pool: ReturnType<typeof createPool>; concurrency: number },
): Promise<Harvest> {
  const volatile = new Set(input.config.volatile)
  const bob: Own[] = []
  await inParallel(input.bob, concurrency, async (request) => {
    bob.push({ ...request, exchange: await client.send('bob', request.probe) })
  })
  const bobsOwn = new Map(bob.map(({ probe, exchange }) => [keyOf(probe), exchange]))
  const alice: Harvested[] = []
  const candidates: { value: string; slot: string }[] = []
  const common = new Set<string>()
  const accepted: ApiRequest[] = []
  let recognised = false
  await inParallel(input.alice, concurrency, async (request) => {
    const { probe, places, route } = request
    const path = pathOf(probe)
    const first = await client.send('alice', probe)
    const [nobody, junk] = await Promise.all([client.send('nobody', probe), client.send('junk', probe)])
    const own = bobsOwn.get(keyOf(probe)) ?? (places.length === 0 ? await client.send('bob', probe) : undefined)
    const second = await client.send('alice', probe)
    const list = places.every(({ in: where }) => where !== 'path') && isList(first)
    alice.push({ ...request, first, list })
    if (own && succeeded(own) && !succeeded(junk)) {
      recognised = true
      accepted.push(request)
    }
    if (!succeeded(first) || !succeeded(second)) return
    if (matchesRoute(input.config.shared, probe.method, path)) {
      for (const value of everyString(first)) common.add(value)
      return
    }
    const declared = request.operation?.secured === true || matchesRoute(input.config.private, probe.method, path)
    const open = declared ? [] : [nobody, junk].filter(succeeded)
    for (const exchange of open) for (const value of everyString(exchange)) if (!value.includes('@')) common.add(value)
    if (own && succeeded(own) && !isList(own)) for (const value of everyString(own)) common.add(value)
    const others = [...open, ...(own ? [own] : [])].map(({ body }) => body.toLowerCase())
    const again = second.body.toLowerCase()
    const telling = tellingStrings(first, volatile).filter(({ value }) => {
      const lower = value.toLowerCase()
      return again.includes(lower) && !others.some((body) => stands(body, lower))
    })
    for (const { value, at } of telling.slice(0, PER_REQUEST)) candidates.push({ value, slot: `${at} of ${route}` })
  })
  // Bob's own objects, asked for by his own ids, hold nothing of Alice's.
  for (const { exchange } of bob) {
    if (succeeded(exchange) && !isList(exchange)) for (const value of everyString(exchange)) common.add(value)
  }
  for (const { value, slot } of candidates) {
    if (pool.size >= MOST) break
    if (!common.has(value.toLowerCase())) pool.plant({ value, slot, owner: 'alice', hard: true })
  }
  return {
    alice: alice.toSorted(byKey),
    bob: bob.toSorted(byKey),
    bobKnown: recognised || (await recognises(client, [...input.alice, ...input.bob], bob)),
    bobWorks: accepted[0] ?? bob.find(({ exchange }) => succeeded(exchange)),
  }
}

/** Whether some route tells Bob from somebody with an invented credential, even if it refuses both. */
async function recognises(client: Client, requests: readonly ApiRequest[], bob: readonly Own[]): Promise<boolean> {
  const seen = new Set<string>()
  const few = requests.filter(({ route }) => !seen.has(route) && seen.add(route)).slice(0, 20)
  for (const { probe } of few) {
    const own = bob.find((one) => keyOf(one.probe) === keyOf(probe))?.exchange ?? (await client.send('bob', probe))
    const junk = await client.send('junk', probe)
    if (own.status > 0 && own.status < 500 && own.status !== junk.status && own.status !== 401) return true
  }
  return false
}

/** An array, or an object around one. */
export function isList(exchange: Exchange): boolean {
  const value = json(exchange)
  if (Array.isArray(value)) return true
  if (value === null || typeof value !== 'object') return false
  if ('id' in value || '_id' in value) return false
  return Object.values(value).some(
    (inner) => Array.isArray(inner) && inner.every((row) => row !== null && typeof row === 'object'),
  )
}

function byKey(a: ApiRequest, b: ApiRequest): number {
  return keyOf(a.probe).localeCompare(keyOf(b.probe))
}
