import type { Client } from './client.js'
import type { Belongings } from './fixtures.js'
import { type Exchange, get, json, type Probe, post, succeeded } from './probe.js'

/** Everything its owner sees of a set of objects, part by part. */
export type Snapshot = readonly {
  readonly part: string
  readonly exchange: Exchange
  /** What is compared: the body, or the one row of a list. */
  readonly value: unknown
}[]

/** Fields that change without anybody changing the object. */
const VOLATILE = new Set(['updated_at', 'state_updated_at', 'created_at'])

/** Reads the objects as their owner. */
export async function takeSnapshot(client: Client, target: Belongings): Promise<Snapshot> {
  const parts: [part: string, probe: Probe, pick?: (body: unknown) => unknown][] = []
  if (target.has('thread')) {
    const { id } = target.thread
    parts.push(
      ['thread', get(`/threads/${id}`)],
      ['history', post(`/threads/${id}/history`, { limit: 100 })],
      ['runs', get(`/threads/${id}/runs?limit=100`)],
    )
  }
  if (target.has('assistant')) {
    const { id } = target.assistant
    parts.push(
      ['assistant', get(`/assistants/${id}`)],
      ['versions', post(`/assistants/${id}/versions`, { limit: 100 })],
    )
  }
  if (target.has('cron')) {
    const { id } = target.cron
    // Few servers read one cron by its id; all of them list.
    parts.push(['cron', post('/runs/crons/search', { limit: 1000 }), (rows) => rowOf(rows, 'cron_id', id)])
  }
  if (target.has('item')) parts.push(['item', get(itemPath(target.item))])
  return Promise.all(
    parts.map(async ([part, probe, pick]) => {
      const exchange = await client.send(target.owner, probe)
      const body = json(exchange)
      return { part, exchange, value: pick ? pick(body) : body }
    }),
  )
}

function rowOf(rows: unknown, key: string, id: string): unknown {
  if (!Array.isArray(rows)) return undefined
  return rows.find((row: Record<string, unknown> | null) => row?.[key] === id)
}

/** The path that reads a store item. */
export function itemPath({ namespace, key }: { namespace: readonly string[]; key: string }): string {
  return `/store/items?namespace=${encodeURIComponent(namespace.join('.'))}&key=${encodeURIComponent(key)}`
}

export interface Difference {
  readonly part: string
  /** In words, without values: `metadata.iso_bob was added`, `404 instead of 200`. */
  readonly what: string
  readonly exchange: Exchange
}

/**
 * What changed between two looks. A part that the server could not answer one time (5xx, no answer) is in `unread`:
 * about that nothing is known.
 */
export function compareSnapshots(before: Snapshot, after: Snapshot): { changed: Difference[]; unread: string[] } {
  const changed: Difference[] = []
  const unread: string[] = []
  for (const [index, { part, exchange, value }] of after.entries()) {
    const earlier = before[index]
    if (!earlier || unreadable(earlier.exchange) || unreadable(exchange)) {
      unread.push(part)
    } else if (earlier.exchange.status !== exchange.status) {
      changed.push({ part, what: `${exchange.status} instead of ${earlier.exchange.status}`, exchange })
    } else if (value === undefined && earlier.value !== undefined) {
      changed.push({ part, what: 'it is gone', exchange })
    } else {
      const what = firstDifference(earlier.value, value, '')
      if (what !== undefined) changed.push({ part, what, exchange })
    }
  }
  return { changed, unread }
}

/** 401 and 429 say that the credential or the rate has changed, not the object; half an answer and a web page say nothing. */
function unreadable(exchange: Exchange): boolean {
  const { status, ending } = exchange
  if (ending !== 'complete' || status >= 500 || status === 401 || status === 429) return true
  return succeeded(exchange) && json(exchange) === undefined
}

function firstDifference(before: unknown, after: unknown, path: string): string | undefined {
  if (Object.is(before, after)) return undefined
  const at = path === '' ? 'the answer' : path
  if (before === null || after === null || typeof before !== 'object' || typeof after !== 'object') {
    return `${at} changed`
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length !== after.length) {
    return `${at} has ${after.length} entries instead of ${before.length}`
  }
  const left = before as Record<string, unknown>
  const right = after as Record<string, unknown>
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (VOLATILE.has(key)) continue
    const step = Array.isArray(before) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    if (!(key in left)) return `${step} was added`
    if (!(key in right)) return `${step} was removed`
    const inner = firstDifference(left[key], right[key], step)
    if (inner !== undefined) return inner
  }
  return undefined
}
