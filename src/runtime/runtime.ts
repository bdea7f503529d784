import type { Engine } from '../engine/engine.js'
import { systemScope } from '../engine/scope.js'
import { createSeal, type Seal } from '../seal/seal.js'
import type { Assistant, Storage } from '../storage/storage.js'
import { type CronScheduler, startCronScheduler } from './crons/cron-scheduler.js'
import { createGraphRegistry, type GraphRegistry, type GraphSource, systemAssistant } from './graphs/graph-registry.js'
import { createGraphShapes, type GraphShapes } from './graphs/graph-shapes.js'
import { createThreadStates, type ThreadStates } from './graphs/thread-state.js'
import { createRunQueue, type RunQueue } from './runs/run-queue.js'
import type { RunRecord } from './runs/run-record.js'
import { DEFAULT_SETTINGS, type RuntimeSettings } from './settings.js'
import { createStoreAccess, type StoreAccess } from './store/store-access.js'
import { startSweeper } from './sweeper.js'
import { createWebhooks, type Webhooks } from './webhooks/webhooks.js'

/** What runs graphs: which there are, the queue of their runs, and the state they leave. */
export interface Runtime {
  readonly storage: Storage
  readonly graphs: GraphRegistry
  readonly queue: RunQueue
  readonly states: ThreadStates
  readonly shapes: GraphShapes
  readonly seal: Seal
  readonly settings: () => RuntimeSettings
  readonly webhooks: Webhooks
  readonly crons: CronScheduler
  /** The store as a caller may use it: the same for a request and for a graph. */
  readonly storeAccess: StoreAccess
  /** Sees to it that every graph has its system assistant. */
  ensureAssistants(): Promise<void>
  close(): Promise<void>
}

export interface RuntimeOptions {
  readonly storage: Storage
  /** The graphs of the project by id, as they are now; none means the built-in agent. */
  readonly graphs?: () => Readonly<Record<string, GraphSource>>
  /** The rules as they are now, for what runs do later in a user's name. Undefined while they are broken. */
  readonly engine?: () => Engine | undefined
  readonly settings?: () => RuntimeSettings
  /** How many runs go at once. */
  readonly jobs?: number
  /** Seals what has to outlive the process. Without it, what waits in the database is lost to the next process. */
  readonly seal?: Seal
  readonly onRunStart?: (run: { readonly runId: string; readonly graphId: string }) => void
  /** Told about every run that has ended. */
  readonly onRun?: (record: RunRecord) => void
  /** Told what went wrong with work that nobody waits for: a cron that was refused, a sweep that failed. */
  readonly onProblem?: (message: string, error?: unknown) => void
}

/** Opens a runtime: every graph gets its system assistant, and the runs that an earlier process left are taken up. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { storage, engine = () => undefined, settings = () => DEFAULT_SETTINGS, seal = createSeal() } = options
  const onProblem = options.onProblem ?? (() => undefined)
  const graphs = createGraphRegistry(options.graphs)
  const states = createThreadStates({ storage, graphs })
  const shapes = createGraphShapes({ storage, graphs })
  const webhooks = createWebhooks({ settings: () => settings().webhooks })
  const storeAccess = createStoreAccess({ items: storage.items, settings: () => settings().store })
  const queue = createRunQueue({
    storage,
    graphs,
    states,
    seal,
    engine,
    settings,
    webhooks,
    storeAccess,
    onProblem,
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    ...(options.onRunStart ? { onRunStart: options.onRunStart } : {}),
    ...(options.onRun ? { onRun: options.onRun } : {}),
  })
  const parts = { storage, graphs, states, shapes, queue, seal, settings, webhooks, storeAccess }
  await queue.recover()
  await ensureAssistants()
  const crons = startCronScheduler({ ...parts, engine, onProblem })
  const onError = (error: unknown) => onProblem('What is over its time could not be deleted, and is tried again', error)
  const sweeper = startSweeper({ storage, queue, settings, onError })

  return {
    ...parts,
    crons,
    ensureAssistants,
    async close() {
      await Promise.all([crons.close(), sweeper.close()])
      await queue.close()
      await webhooks.close()
    },
  }

  async function ensureAssistants(): Promise<void> {
    const system = systemScope('every graph has an assistant of its own')
    for (const graphId of graphs.ids.filter((id) => graphs.has(id))) {
      const wanted = systemAssistant(graphId, graphs.source(graphId))
      const existing = await storage.assistants.get(system, wanted.assistant_id)
      if (existing && isUntouched(existing)) continue
      // Somebody took the id before there was such a graph, or changed the row: it is the server's.
      await storage.assistants.delete(system, wanted.assistant_id)
      await storage.assistants.create(system, wanted, 'raise')
    }
  }
}

function isUntouched({ metadata, version, config, context }: Assistant): boolean {
  return version === 1 && JSON.stringify([metadata, config, context]) === '[{"created_by":"system"},{},{}]'
}
