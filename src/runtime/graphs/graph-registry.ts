import { v5 as uuidv5 } from 'uuid'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { NewAssistant } from '../../storage/storage.js'

/** The namespace of LangGraph's ids for system assistants. */
const SYSTEM_NAMESPACE = '6ba7b821-9dad-11d1-80b4-00c04fd430c8'

/** A graph that the project names, or the built-in one. */
export interface GraphSource {
  readonly description?: string
  /** Loads what the project exports: a compiled graph, a builder, or a factory of either. Called at the first run. */
  load(): Promise<unknown>
}

export interface GraphRegistry {
  readonly ids: readonly string[]
  has(graphId: string): boolean
  /** The graph whose system assistant has this id; undefined for every other assistant. */
  ofSystemAssistant(assistantId: string): string | undefined
  /** @throws AuthkitError `graph_not_found` or `graph_broken`. */
  source(graphId: string): GraphSource
}

/** The graph that is there when a project names none: it echoes, so that the main job needs no model and no key. */
const BUILT_IN_GRAPH = 'agent'

/**
 * The graphs of a project, or the built-in agent where it names none.
 *
 * @param project Asked each time, because an edit of langgraph.json changes the answer.
 */
export function createGraphRegistry(project: () => Readonly<Record<string, GraphSource>> = () => ({})): GraphRegistry {
  const builtIn: GraphSource = {
    description: 'Echoes the last message and names the authenticated user.',
    load: async () => (await import('./agent.js')).agent,
  }
  function sources(): Readonly<Record<string, GraphSource>> {
    const named = project()
    return Object.keys(named).length > 0 ? named : { [BUILT_IN_GRAPH]: builtIn }
  }
  return {
    get ids() {
      return Object.keys(sources())
    },
    has: (graphId) => Object.hasOwn(sources(), graphId),
    ofSystemAssistant: (assistantId) => Object.keys(sources()).find((id) => systemAssistantId(id) === assistantId),
    source(graphId) {
      const named = sources()
      const source = Object.hasOwn(named, graphId) ? named[graphId] : undefined
      if (!source) throw new AuthkitError('graph_not_found', `No graph named "${graphId}".`)
      return source
    },
  }
}

/** The id of the system assistant of a graph: the same on every LangGraph server. */
export function systemAssistantId(graphId: string): string {
  return uuidv5(graphId, SYSTEM_NAMESPACE)
}

/**
 * The system assistant of a graph: shared by everyone, without a configuration of its own. Runs use this one and not the
 * row in the database, so nothing that happens to the row reaches anybody's run.
 */
export function systemAssistant(graphId: string, { description }: GraphSource): NewAssistant {
  return {
    assistant_id: systemAssistantId(graphId),
    graph_id: graphId,
    name: graphId,
    description: description ?? null,
    config: {},
    context: {},
    metadata: { created_by: 'system' },
  }
}
