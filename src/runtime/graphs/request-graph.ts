import type { Scope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Storage } from '../../storage/storage.js'
import type { GraphRegistry } from './graph-registry.js'
import type { Graph } from './load-graph.js'

/** The files of a project do not mend while a client tries again, so it is told not to: by a status that is not retried. */
const BROKEN = 422

/**
 * Loads a graph for a request that looks at it or at what it left.
 *
 * @throws AuthkitError `graph_not_found`; `graph_broken` (422) where the project's file does not load.
 */
export async function graphForRequest(
  graphs: GraphRegistry,
  graphId: string,
  options: { storage: Storage; scope: Scope },
): Promise<Graph> {
  // LangGraph is large, and most servers answer many requests before they need it.
  const { loadGraph } = await import('./load-graph.js')
  try {
    return await loadGraph(graphs, graphId, options)
  } catch (error) {
    if (error instanceof AuthkitError && error.code !== 'graph_broken') throw error
    const detail = error instanceof AuthkitError ? error.detail : `The graph "${graphId}" can't be loaded.`
    throw new AuthkitError('graph_broken', detail, { status: BROKEN, cause: error })
  }
}
