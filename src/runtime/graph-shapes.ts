import { systemScope } from '../engine/scope.js'
import type { Json, Storage } from '../storage/storage.js'
import type { GraphRegistry } from './graph-registry.js'
import type { Graph } from './load-graph.js'

/** What graphs look like from outside: for drawings, and for forms that start runs. */
export interface GraphShapes {
  /** @param xray Draws subgraphs too, to this depth. */
  drawing(graphId: string, xray: boolean | number): Promise<Json>
  schemas(graphId: string): Promise<Json>
  /** By namespace; the one that is named, or all. */
  subgraphs(graphId: string, namespace: string | undefined, recurse: boolean): Promise<Json>
}

export function createGraphShapes({ storage, graphs }: { storage: Storage; graphs: GraphRegistry }): GraphShapes {
  async function load(graphId: string): Promise<Graph> {
    const { loadGraph } = await import('./load-graph.js')
    return loadGraph(graphs, graphId, { storage, scope: systemScope('the shape of a graph holds no user data') })
  }

  return {
    async drawing(graphId, xray) {
      const graph = await load(graphId)
      return (await graph.getGraphAsync({ xray })).toJSON() as unknown as Json
    },
    schemas: async (graphId) => schemasOf(await load(graphId)),
    async subgraphs(graphId, namespace, recurse) {
      const graph = await load(graphId)
      const found: Json = {}
      for await (const [name, subgraph] of graph.getSubgraphsAsync(namespace, recurse))
        found[name] = schemasOf(subgraph)
      return found
    },
  }
}

interface Shaped {
  readonly inputChannels: PropertyKey | readonly PropertyKey[]
  readonly outputChannels: PropertyKey | readonly PropertyKey[]
  readonly streamChannels?: PropertyKey | readonly PropertyKey[] | undefined
  readonly builder?: { readonly channels?: Record<string, unknown> }
}

/** The names that a graph takes and gives. Their types exist only in its source, so they are left open. */
function schemasOf(graph: unknown): Json {
  const { inputChannels, outputChannels, streamChannels, builder } = graph as Shaped
  const declared = builder?.channels ? Object.keys(builder.channels) : undefined
  const internal = (name: PropertyKey) => String(name).startsWith('__') || String(name).startsWith('branch:')
  const object = (names: PropertyKey | readonly PropertyKey[] | undefined) => {
    const listed = [names ?? []].flat().filter((name) => !internal(name))
    const properties = listed.length > 0 ? listed : (declared ?? []).filter((name) => !internal(name))
    return { type: 'object', properties: Object.fromEntries(properties.map((name) => [String(name), {}])) }
  }
  return {
    input_schema: object(inputChannels),
    output_schema: object(outputChannels),
    state_schema: object(streamChannels),
    config_schema: null,
    context_schema: null,
  }
}
