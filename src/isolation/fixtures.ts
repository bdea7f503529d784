import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from './actor.js'
import { newCanary } from './canary.js'
import { type Exchange, field, get, patch, post, put, succeeded } from './probe.js'
import type { Settings, Stage } from './stage.js'

/**
 * What a check may ask to be planted. `run` is finished and its events can be replayed, `played` is finished and they
 * can't, `pending` has not begun; all three lie on `thread`. `live` has a thread of its own and begins a second after it
 * was planted, with nobody listening; its events can be replayed. `bare` is a thread without a state, where a run without an input takes
 * no step: for protocols that know no other way to start one at no cost.
 */
export type Need = 'thread' | 'run' | 'played' | 'pending' | 'live' | 'bare' | 'assistant' | 'cron' | 'item'

export interface Thread {
  readonly id: string
  readonly checkpoint: string
  /** The canary in its metadata, for searches by content. */
  readonly secret: string
  /** The canary in its state. */
  readonly word: string
}

export interface Assistant {
  readonly id: string
  /** The canary in its metadata. */
  readonly secret: string
  /** A canary too. */
  readonly name: string
}

export interface LiveRun {
  readonly id: string
  readonly thread: string
  /** The canary in its input: it is in the state of the thread once the run has begun. */
  readonly secret: string
}

export interface Item {
  readonly namespace: readonly string[]
  readonly key: string
  /** The canary in its value, for searches by content. */
  readonly secret: string
}

/** One user's planted objects. Reading one that was not asked for is a bug of the check, and throws. */
export interface Belongings {
  readonly owner: Owner
  readonly thread: Thread
  readonly run: { readonly id: string }
  readonly live: LiveRun
  readonly bare: { readonly id: string }
  /** Of two versions; the first holds a canary that the second doesn't. */
  readonly assistant: Assistant
  /** Disabled, and due on a day that is years away. */
  readonly cron: { readonly id: string }
  readonly item: Item
  has(kind: 'thread' | 'live' | 'assistant' | 'cron' | 'item'): boolean
}

interface Planted {
  thread?: Thread
  run?: { id: string }
  live?: LiveRun
  bare?: { id: string }
  assistant?: Assistant
  cron?: { id: string }
  item?: Item
}

/** A fixture could not be planted. The exchange says why; the check is skipped or inconclusive. */
export class PlantFailure extends Error {
  override readonly name = 'PlantFailure'
  readonly what: string
  readonly exchange: Exchange

  constructor(what: string, exchange: Exchange) {
    super(`${what} could not be created: ${exchange.status}`)
    this.what = what
    this.exchange = exchange
  }
}

/**
 * Plants what is asked for, one canary per slot, everything tagged and in the ledger. No graph runs: runs stop before
 * their first node.
 *
 * Throws `PlantFailure`.
 */
export async function plant(
  stage: Stage,
  owner: Owner,
  needs: readonly Need[],
  check: string | undefined,
): Promise<Belongings> {
  const planted: Planted = {}
  const wants = (...kinds: Need[]) => kinds.some((kind) => needs.includes(kind))
  const onThread = async () => {
    const thread = await plantThread(stage, owner, check)
    planted.thread = thread
    if (wants('run')) planted.run = await plantRun(stage, owner, thread.id, check, { stream_resumable: true })
    if (wants('played')) planted.run = await plantRun(stage, owner, thread.id, check)
    if (wants('pending')) planted.run = await plantRun(stage, owner, thread.id, check, { after_seconds: 3600 })
  }
  await Promise.all([
    wants('thread', 'run', 'played', 'pending') ? onThread() : undefined,
    wants('live') ? plantLive(stage, owner, check).then((made) => (planted.live = made)) : undefined,
    wants('bare') ? plantBare(stage, owner, check).then((made) => (planted.bare = made)) : undefined,
    wants('assistant') ? plantAssistant(stage, owner, check).then((made) => (planted.assistant = made)) : undefined,
    wants('cron') ? plantCron(stage, owner, check).then((made) => (planted.cron = made)) : undefined,
    wants('item') ? plantItem(stage, owner, check).then((made) => (planted.item = made)) : undefined,
  ])
  return belongings(owner, planted)
}

function belongings(owner: Owner, planted: Planted): Belongings {
  const need = <Kind extends keyof Planted>(kind: Kind): NonNullable<Planted[Kind]> => {
    const found = planted[kind]
    if (!found) throw new Error(`No ${kind} was planted: add it to the needs of the check.`)
    return found
  }
  return {
    owner,
    get thread() {
      return need('thread')
    },
    get run() {
      return need('run')
    },
    get live() {
      return need('live')
    },
    get bare() {
      return need('bare')
    },
    get assistant() {
      return need('assistant')
    },
    get cron() {
      return need('cron')
    },
    get item() {
      return need('item')
    },
    has: (kind) => planted[kind] !== undefined,
  }
}

/** What a run needs so that nothing is executed: the graph stops before its first node. */
export function haltOf({ runGraphs }: Settings): Readonly<Record<string, unknown>> {
  return runGraphs ? {} : { interrupt_before: '*' }
}

/** What makes a cron start nothing: it is turned off, comes in years, and ends in an hour. */
export function dormant(): Readonly<Record<string, unknown>> {
  // Some servers fire the first run at once unless it is turned off.
  return { schedule: '0 0 29 2 *', enabled: false, end_time: new Date(Date.now() + 3_600_000).toISOString() }
}

/** An input or a state that carries a text. */
export function messageOf({ input }: Settings, text: string): unknown {
  return JSON.parse(input.replaceAll('<canary>', JSON.stringify(text).slice(1, -1)))
}

function canaries(stage: Stage, owner: Owner, check: string | undefined) {
  return (slot: string): string => {
    const value = newCanary()
    stage.secrets.plant({ value, slot, owner, check, hard: true })
    return value
  }
}

function plantId(stage: Stage, owner: Owner, slot: string, value: unknown, check: string | undefined): void {
  if (typeof value === 'string' && value !== '') stage.secrets.plant({ value, slot, owner, check, hard: false })
}

/** The id is chosen here, and in the ledger before the thread is. */
async function createThread(
  stage: Stage,
  owner: Owner,
  check: string | undefined,
): Promise<{ id: string; secret: string }> {
  const { client, ledger, learnt, runId } = stage
  const id = randomUUID()
  const secret = canaries(stage, owner, check)('thread.metadata')
  ledger.reserve({ kind: 'thread', id, owner })
  const metadata = { graph_id: learnt.agent, secret, authkit_isolation: runId }
  const made = await client.send(owner, post('/threads', { thread_id: id, metadata }))
  if (!succeeded(made)) throw new PlantFailure('a thread', made)
  plantId(stage, owner, 'thread id', id, check)
  return { id, secret }
}

async function plantBare(stage: Stage, owner: Owner, check: string | undefined): Promise<{ id: string }> {
  const thread = await createThread(stage, owner, check)
  // Where there is a second protocol, its owner was the first who used it.
  await stage.client.send(owner, post(`/threads/${thread.id}/commands`, { id: 1, method: 'state.get', params: {} }))
  return thread
}

async function plantThread(stage: Stage, owner: Owner, check: string | undefined): Promise<Thread> {
  const { client } = stage
  const canary = canaries(stage, owner, check)
  const { id, secret } = await createThread(stage, owner, check)
  const word = canary('thread.state')
  const written = await client.send(
    owner,
    post(`/threads/${id}/state`, { values: messageOf(stage.settings, word), as_node: '__start__' }),
  )
  if (!succeeded(written)) throw new PlantFailure('the state of a thread', written)
  const answered = field(written, 'checkpoint', 'checkpoint_id')
  const checkpoint = typeof answered === 'string' ? answered : ''
  plantId(stage, owner, 'checkpoint id', checkpoint, check)
  return { id, checkpoint, secret, word }
}

async function plantRun(
  stage: Stage,
  owner: Owner,
  thread: string,
  check: string | undefined,
  extra: Record<string, unknown> = {},
): Promise<{ id: string; secret: string }> {
  const { client, learnt, runId } = stage
  const canary = canaries(stage, owner, check)
  const secret = canary('run.input')
  const made = await client.send(
    owner,
    post(`/threads/${thread}/runs`, {
      assistant_id: learnt.agent,
      input: messageOf(stage.settings, secret),
      metadata: { secret: canary('run.metadata'), authkit_isolation: runId },
      config: { configurable: { secret: canary('run.config') } },
      ...haltOf(stage.settings),
      ...extra,
    }),
  )
  const id = field(made, 'run_id')
  if (!succeeded(made) || typeof id !== 'string') throw new PlantFailure('a run', made)
  plantId(stage, owner, 'run id', id, check)
  if (!('after_seconds' in extra)) await settled(stage, owner, thread, id)
  return { id, secret }
}

async function plantLive(stage: Stage, owner: Owner, check: string | undefined): Promise<LiveRun> {
  const thread = await plantThread(stage, owner, check)
  const run = await plantRun(stage, owner, thread.id, check, { stream_resumable: true, after_seconds: 1 })
  return { ...run, thread: thread.id }
}

/** Waits until no run moves this thread any more, so that what changes afterwards was changed by somebody else. */
export async function settled(stage: Stage, owner: Owner, thread: string, run?: string): Promise<void> {
  const busy = async () => {
    if (run !== undefined) {
      const status = field(await stage.client.send(owner, get(`/threads/${thread}/runs/${run}`)), 'status')
      if (status === 'pending' || status === 'running') return true
    }
    return field(await stage.client.send(owner, get(`/threads/${thread}`)), 'status') === 'busy'
  }
  const deadline = performance.now() + stage.settings.runTimeoutMs
  for (let pauseMs = 10; (await busy()) && performance.now() < deadline; pauseMs = Math.min(pauseMs * 2, 200)) {
    await sleep(pauseMs)
  }
}

async function plantAssistant(stage: Stage, owner: Owner, check: string | undefined): Promise<Assistant> {
  const { client, ledger, learnt, runId } = stage
  const canary = canaries(stage, owner, check)
  const id = randomUUID()
  const secret = canary('assistant.metadata')
  const name = canary('assistant.name')
  ledger.reserve({ kind: 'assistant', id, owner })
  const first = await client.send(
    owner,
    post('/assistants', {
      assistant_id: id,
      graph_id: learnt.agent,
      name,
      config: { configurable: { apikey: canary('assistant.config of version 1') } },
      metadata: { secret, authkit_isolation: runId },
    }),
  )
  if (!succeeded(first)) throw new PlantFailure('an assistant', first)
  plantId(stage, owner, 'assistant id', id, check)
  const second = await client.send(
    owner,
    patch(`/assistants/${id}`, { config: { configurable: { apikey: canary('assistant.config') } } }),
  )
  if (!succeeded(second)) throw new PlantFailure('a second version of an assistant', second)
  return { id, secret, name }
}

async function plantCron(stage: Stage, owner: Owner, check: string | undefined): Promise<{ id: string }> {
  const { client, learnt, runId } = stage
  const canary = canaries(stage, owner, check)
  const made = await client.send(
    owner,
    post('/runs/crons', {
      assistant_id: learnt.agent,
      ...dormant(),
      input: messageOf(stage.settings, canary('cron.payload')),
      metadata: { secret: canary('cron.metadata'), authkit_isolation: runId },
      ...haltOf(stage.settings),
    }),
  )
  const id = field(made, 'cron_id')
  if (!succeeded(made) || typeof id !== 'string') throw new PlantFailure('a cron', made)
  plantId(stage, owner, 'cron id', id, check)
  return { id }
}

async function plantItem(stage: Stage, owner: Owner, check: string | undefined): Promise<Item> {
  const { client, ledger, learnt } = stage
  const secret = canaries(stage, owner, check)('store.value')
  // Names of a place, not secrets: whoever tries to write there has stored them under his own, and sees them again.
  const label = newCanary()
  const key = newCanary()
  plantId(stage, owner, 'store.namespace', label, check)
  plantId(stage, owner, 'store.key', key, check)
  const identity = learnt.identities[owner]
  // Policies ask for the caller's identity as the first label, or put it there themselves. Labels hold no dots.
  const spaces = [...(identity && !identity.includes('.') ? [[identity, 'iso', label]] : []), ['iso', label]]
  let refused: Exchange | undefined
  for (const namespace of spaces) {
    ledger.reserve({ kind: 'item', id: key, owner, namespace })
    const made = await client.send(owner, put('/store/items', { namespace, key, value: { v: secret } }))
    if (succeeded(made)) return { namespace, key, secret }
    refused ??= made
  }
  throw new PlantFailure('a store item', refused as Exchange)
}
