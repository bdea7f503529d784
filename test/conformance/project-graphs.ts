import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'
import * as graphs from './project/graphs.js'

/** The graphs of the project, for a server in this process. */
export const projectGraphs: Readonly<Record<string, GraphSource>> = Object.fromEntries(
  Object.entries(graphs).map(([id, graph]): [string, GraphSource] => [id, { load: async () => graph }]),
)
