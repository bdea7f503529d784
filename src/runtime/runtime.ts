import { systemScope } from '../engine/scope.js'
import type { Assistant, Storage } from '../storage/storage.js'
import { createGraphRegistry, type GraphRegistry, type GraphSource, systemAssistant } from './graph-registry.js'
import { createGraphShapes, type GraphShapes } from './graph-shapes.js'
import { createRunQueue, type RunQueue } from './run-queue.js'
import { createThreadStates, type ThreadStates } from './thread-state.js'

/** What runs graphs: which there are, the queue of their runs, and the state they leave. */
export interface Runtime {
  readonly storage: Storage
  readonly graphs: GraphRegistry
  readonly queue: RunQueue
  readonly states: ThreadStates
  readonly shapes: GraphShapes
  /** Sees to it that every graph has its system assistant. */
  ensureAssistants(): Promise<void>
  close(): Promise<void>
}

export interface RuntimeOptions {
  readonly storage: Storage
  /** The graphs of the project by id, as they are now; none means the built-in agent. */
  readonly graphs?: () => Readonly<Record<string, GraphSource>>
  /** How many runs go at once. */
  readonly jobs?: number
}

/** Opens a runtime: every graph gets its system assistant, and runs that an earlier process left are marked. */
export async function openRuntime({ storage, graphs: project, jobs }: RuntimeOptions): Promise<Runtime> {
  const graphs = createGraphRegistry(project)
  const states = createThreadStates({ storage, graphs })
  const queue = createRunQueue({ storage, graphs, states, ...(jobs === undefined ? {} : { jobs }) })
  await queue.recover()
  await ensureAssistants()
  const shapes = createGraphShapes({ storage, graphs })
  return { storage, graphs, queue, states, shapes, ensureAssistants, close: () => queue.close() }

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
