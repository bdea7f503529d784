import type { ActorName } from '../actor.js'
import type { Client } from '../client.js'
import type { EvidenceMaker } from '../evidence.js'
import { del, type Exchange, field, get, type Probe, post, succeeded } from '../probe.js'
import { itemPath } from '../snapshot.js'
import type { Ledger, LedgerEntry, ObjectKind } from './ledger.js'

export interface Cleanup {
  readonly removed: number
  /** What is still there, each with the line that removes it. */
  readonly left: readonly { readonly kind: string; readonly id: string; readonly curl: string }[]
}

/**
 * Removes everything in the ledger, each object with the credential of its owner and, should that not work, with the
 * other user's: a leak may have moved it. Pending runs are cancelled before their thread goes.
 */
export async function cleanUp(
  { client, ledger, evidence }: { client: Client; ledger: Ledger; evidence: EvidenceMaker },
  concurrency: number,
): Promise<Cleanup> {
  const left: Cleanup['left'][number][] = []
  let removed = 0
  await inParallel(ledger.unfinishedRuns(), concurrency, async ({ id, thread, owner }) => {
    if (thread === undefined) return
    const status = field(await client.send(owner, get(`/threads/${thread}/runs/${id}`)), 'status')
    if (status !== 'pending' && status !== 'running') return
    await client.send(owner, post(`/threads/${thread}/runs/${id}/cancel?wait=true`))
  })
  const pruned = await pruneThreads(client, ledger.objects())
  removed += pruned.size
  const others = ledger.objects().filter((entry) => !pruned.has(entry))
  await inParallel(others, concurrency, async (entry) => {
    const survivor = await remove(client, entry)
    if (survivor) left.push({ kind: entry.kind, id: entry.id, curl: evidence.curl(survivor, removal(entry)) })
    else removed++
  })
  return { removed, left }
}

/** As many as one request names. */
const PRUNED_AT_ONCE = 100

/**
 * Threads make the most of it. Each user looks for those that are still there, and deletes them with one request, where the
 * server can. What nobody found, or was not deleted, is left for one by one.
 */
async function pruneThreads(client: Client, entries: readonly LedgerEntry[]): Promise<Set<LedgerEntry>> {
  const pruned = new Set<LedgerEntry>()
  const threads = entries.filter(({ kind }) => kind === 'thread')
  const owners = new Set(threads.map(({ owner }) => owner))
  await inParallel([...owners], owners.size, async (owner) => {
    for (let from = 0; from < threads.length; from += PRUNED_AT_ONCE) {
      const some = threads.slice(from, from + PRUNED_AT_ONCE)
      const ids = some.map(({ id }) => id)
      const found = await client.send(owner, post('/threads/search', { ids, select: ['thread_id'], limit: ids.length }))
      const there = some.filter(({ id }) => succeeded(found) && found.body.includes(id))
      if (there.length < 2) continue
      const named = there.map(({ id }) => id)
      const answer = await client.send(owner, post('/threads/prune', { thread_ids: named, strategy: 'delete' }))
      if (field(answer, 'pruned_count') === named.length) for (const entry of there) pruned.add(entry)
    }
  })
  return pruned
}

/** Who still sees the object after everybody who may own it has deleted it. */
async function remove(client: Client, entry: LedgerEntry): Promise<ActorName | undefined> {
  const owners = [...new Set<ActorName>([entry.owner, 'alice', 'bob'])]
  for (const owner of owners) {
    const answer = await client.send(owner, dressed(owner, entry, removal(entry)))
    // A store deletes whatever it is told to delete, so its 204 says nothing about the other user's space.
    if (succeeded(answer) && entry.kind !== 'item') return undefined
  }
  for (const owner of owners)
    if (shows(await client.send(owner, dressed(owner, entry, reading(entry))), entry)) return owner
  return undefined
}

/** Who got in with a disguise needs it again to clear up. */
function dressed(owner: ActorName, entry: LedgerEntry, probe: Probe): Probe {
  return owner === entry.owner && entry.disguise ? { ...probe, disguise: entry.disguise } : probe
}

function removal({ kind, id, namespace = [] }: LedgerEntry): Probe {
  if (kind === 'item') return del('/store/items', { namespace, key: id })
  return del(pathOf(kind, id))
}

function reading({ kind, id, namespace = [] }: LedgerEntry): Probe {
  if (kind === 'cron') return post('/runs/crons/search', { limit: 1000 })
  return get(kind === 'item' ? itemPath({ namespace, key: id }) : pathOf(kind, id))
}

function pathOf(kind: ObjectKind, id: string): string {
  if (kind === 'cron') return `/runs/crons/${id}`
  return kind === 'key' ? `/api-keys/${id}` : `/${kind}s/${id}`
}

function shows(exchange: Exchange, { kind, id }: LedgerEntry): boolean {
  const body = exchange.body.trim()
  return succeeded(exchange) && (kind === 'cron' ? body.includes(id) : body !== 'null' && body !== '')
}

/** Runs `work` over all items, so many at a time. The first error ends it. */
export async function inParallel<T>(items: readonly T[], concurrency: number, work: (item: T) => Promise<void>) {
  const waiting = [...items]
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker))
}
