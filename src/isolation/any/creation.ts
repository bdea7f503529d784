import type { Attacker } from '../actor.js'
import { type Exchange, field, json, type Probe, succeeded } from '../probe.js'
import { type Control, judge } from '../verdict.js'
import type { Bench, Played } from './any-check.js'
import type { Parameters } from './config.js'
import { requestOf } from './openapi.js'
import { type ApiRequest, describe, pathOf, swapped } from './request.js'
import type { Made } from './write-guard.js'

/** How an object comes into being in this API, and what can be done to it then. */
export interface Creation {
  readonly create: Probe
  /** The field of the answer that names the new object. */
  readonly key: string
  /** Its own path, with the id as it was recorded. */
  readonly item: Probe
  readonly recorded: string
  /** Changes of the object, with the id as it was recorded. */
  readonly writes: readonly { readonly route: string; readonly probe: Probe }[]
}

const ID_KEYS = ['id', '_id', 'uuid', 'key', 'slug']
const WRITES = ['PATCH', 'PUT', 'DELETE']
/** Stands for an id that does not exist yet. */
const NEW = '00000000-0000-4000-8000-000000000000'

/** What one user creates: from his recording, and from the specification with his values. */
export function creationsOf({ input }: Pick<Bench, 'input'>, owner: 'alice' | 'bob'): Creation[] {
  const found = [...recordedCreations(input.written[owner]), ...describedCreations(input, input.parameters[owner])]
  const seen = new Set<string>()
  return found.filter(({ create, item }) => {
    const key = `${create.method} ${pathOf(create)} ${pathOf(item).split('/').length}`
    return !seen.has(key) && seen.add(key)
  })
}

/** A POST whose answer has an id that a later request has in its path. */
function recordedCreations(requests: readonly ApiRequest[]): Creation[] {
  return requests.flatMap(({ probe, answer }, index): Creation[] => {
    if (probe.method !== 'POST' || !answer || answer.status < 200 || answer.status > 299) return []
    const body = parsed(answer.body)
    const keys = Object.keys(body).filter((key) => ID_KEYS.includes(key) || /(_id|Id)$/.test(key))
    for (const key of keys) {
      const id = String(body[key])
      const later = requests.slice(index + 1).filter((one) => lastSegment(one.probe) === id)
      const [first] = later
      if (!first) continue
      const writes = later.filter((one) => WRITES.includes(one.probe.method))
      const distinct = new Map(writes.map((one) => [one.probe.method, one]))
      return [
        {
          create: probe,
          key,
          recorded: id,
          item: { method: 'GET', path: pathOf(first.probe) },
          writes: [...distinct.values()].map((one) => ({ route: one.route, probe: one.probe })),
        },
      ]
    }
    return []
  })
}

/** `POST /orders` beside `/orders/{id}`. */
function describedCreations(input: Bench['input'], parameters: Parameters): Creation[] {
  const operations = input.specification?.operations ?? []
  return operations.flatMap((create): Creation[] => {
    if (create.method !== 'POST') return []
    const made = requestOf(create, parameters)
    if (typeof made === 'string') return []
    const item = operations.find(
      ({ path }) => path.startsWith(`${create.path}/{`) && /^\{[^/]+\}$/.test(path.slice(create.path.length + 1)),
    )
    const name = item?.path.slice(create.path.length + 2, -1)
    if (!item || name === undefined) return []
    const values = { ...parameters, [name]: NEW }
    const writes = operations
      .filter(({ path, method }) => path === item.path && WRITES.includes(method))
      .flatMap((operation) => {
        const probe = requestOf(operation, values)
        return typeof probe === 'string' ? [] : [{ route: `${operation.method} ${operation.path}`, probe }]
      })
    const path = `${pathOf(made)}/${NEW}`
    return [{ create: made, key: name, recorded: NEW, item: { method: 'GET', path }, writes }]
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}

function lastSegment(probe: Probe): string {
  const segment = pathOf(probe).split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The request for another object than the recorded one. */
export function aimed(probe: Probe, creation: Creation, id: string): Probe {
  const segments = pathOf(probe).split('/')
  const places = describe(probe, []).places.filter(({ value }) => value === creation.recorded)
  const index = segments.findLastIndex((segment) => decodeURIComponent(segment) === creation.recorded)
  const inPath = { in: 'path', name: 'id', value: creation.recorded, at: [index] } as const
  const others = places.filter(({ in: where }) => where !== 'path')
  return swapped(
    probe,
    [inPath, ...others].map((place) => [place, id] as const),
  )
}

/** Creates one object; the exchange where the server refused. */
export async function make(
  bench: Bench,
  owner: 'alice' | 'bob',
  creation: Creation,
  create: Probe = creation.create,
): Promise<{ made: Made; exchange: Exchange } | { made: undefined; exchange: Exchange }> {
  bench.guard.permit(create)
  const exchange = await bench.send(owner, create)
  const id = [creation.key, ...ID_KEYS].map((key) => field(exchange, key)).find((value) => value !== undefined)
  if (!succeeded(exchange) || (typeof id !== 'string' && typeof id !== 'number')) return { made: undefined, exchange }
  const item = aimed(creation.item, creation, String(id))
  const made: Made = { id: String(id), owner, remove: { method: 'DELETE', path: item.path } }
  bench.guard.enter(made)
  return { made, exchange }
}

/** Removes what a trial made, as whoever may. */
export async function unmake(bench: Pick<Bench, 'guard' | 'send'>, made: Made | undefined): Promise<void> {
  if (!made) return
  for (const actor of [made.owner, made.owner === 'alice' ? 'bob' : 'alice'] as const) {
    const { status } = await bench.send(actor, made.remove)
    if ((status >= 200 && status < 300) || status === 404 || status === 410) {
      bench.guard.removed(made)
      return
    }
  }
}

/** How an object looks to its owner: its fields, or, where it has no page of its own, whether its list names it. */
export async function look(bench: Bench, creation: Creation, made: Made): Promise<string> {
  const volatile = new Set(bench.input.config.volatile)
  const page = await bench.send(made.owner, aimed(creation.item, creation, made.id))
  if (page.status !== 404 && page.status !== 405 && page.status !== 410)
    return `${page.status} ${steady(page, volatile)}`
  const list = await bench.send(made.owner, { method: 'GET', path: pathOf(creation.create) })
  if (!succeeded(list)) return 'gone'
  const rows = JSON.stringify(json(list) ?? list.body)
  return rows.includes(JSON.stringify(made.id)) ? 'listed' : 'gone'
}

const TIME = /(_at|At|date|time|timestamp)$/

function steady(exchange: Exchange, volatile: ReadonlySet<string>): string {
  const value = json(exchange)
  if (value === undefined) return exchange.body
  return JSON.stringify(value, (key, inner: unknown) => (volatile.has(key) || TIME.test(key) ? undefined : inner))
}

/**
 * Alice makes two objects. The attacker does something to the first, Alice looks at it again, and does the same to the
 * second, which shows that it would have changed something.
 */
export async function playWrite(bench: Bench, actor: Attacker, creation: Creation, write: Probe): Promise<Played> {
  const [target, twin] = [await make(bench, 'alice', creation), await make(bench, 'alice', creation)]
  try {
    if (!target.made || !twin.made) {
      const reason = `Alice could not create one: ${target.exchange.status}`
      return { verdict: { kind: 'inconclusive', reason }, exchanges: [], alice: reason }
    }
    const [before, again, twinBefore] = [
      await look(bench, creation, target.made),
      await look(bench, creation, target.made),
      await look(bench, creation, twin.made),
    ]
    const exchange = await bench.send(actor, aimed(write, creation, target.made.id))
    const after = await look(bench, creation, target.made)
    const control = await bench.send('alice', aimed(write, creation, twin.made.id))
    const twinAfter = await look(bench, creation, twin.made)
    const worked = succeeded(control) && twinBefore !== twinAfter
    const alice = worked
      ? 'ok'
      : `Alice's own request answers ${control.status}${succeeded(control) ? ' and changes nothing' : ''}`
    const what = after === 'gone' || after.startsWith('404') ? 'is gone' : 'is not as it was'
    const evidence =
      before === again && before !== after ? [bench.stated(exchange, 'after-check', `Alice's object ${what}`)] : []
    const shown: Control = worked ? { kind: 'proved' } : { kind: 'failed', reason: alice }
    const verdict = judge({ exchange, evidence, control: shown }, { on2xx: 'own' }, (odd) =>
      bench.stated(odd, 'answer', 'served'),
    )
    return { verdict, exchanges: [exchange], alice }
  } finally {
    await unmake(bench, target.made)
    await unmake(bench, twin.made)
  }
}
