import { systemScope } from '../../engine/scope.js'
import type { Json, Storage } from '../../storage/storage.js'
import type { GraphRegistry } from './graph-registry.js'
import { graphForRequest } from './request-graph.js'

/** What graphs look like from outside: for drawings, and for forms that start runs. */
export interface GraphShapes {
  /** @param xray Draws subgraphs too, to this depth. */
  drawing(graphId: string, xray: boolean | number): Promise<Json>
  schemas(graphId: string): Promise<Json>
  /** By namespace; the one that is named, or all. */
  subgraphs(graphId: string, namespace: string | undefined, recurse: boolean): Promise<Json>
}

/** Every method throws AuthkitError `graph_broken` (422) where the graph does not load. */
export function createGraphShapes({ storage, graphs }: { storage: Storage; graphs: GraphRegistry }): GraphShapes {
  const scope = systemScope('the shape of a graph holds no user data')
  const load = (graphId: string) => graphForRequest(graphs, graphId, { storage, scope })

  return {
    async drawing(graphId, xray) {
      const graph = await load(graphId)
      return (await graph.getGraphAsync({ xray })).toJSON() as unknown as Json
    },
    schemas: async (graphId) => schemasOf(await load(graphId)),
    async subgraphs(graphId, namespace, recurse) {
      const graph = await load(graphId)
      const found: Json = {}
      for await (const [name, subgraph] of graph.getSubgraphsAsync(namespace, recurse)) {
        found[name] = await schemasOf(subgraph)
      }
      return found
    },
  }
}

/** A schema library's object; only LangGraph looks into it. */
type Schema = object

/** What a compiled graph remembers of its builder, in any copy of LangGraph that the project may have. */
interface Builder {
  readonly channels?: Readonly<Record<string, unknown>>
  readonly _schemaDefinition?: object
  readonly _inputDefinition?: object
  readonly _outputDefinition?: object
  /** What `withLangGraph` noted about the parts of schemas, in that copy. */
  readonly _metaRegistry?: { getExtendedChannelSchemas(schema: Schema, effects: Json): Schema }
}

/**
 * JSON Schemas of what a graph takes and gives. A state that was declared by a schema is described as LangGraph describes it.
 * Annotations exist only as types: of those, the names. Null where the graph declares nothing, as functions do.
 */
async function schemasOf(graph: unknown): Promise<Json> {
  const [zod, { toJsonSchema }] = await Promise.all([
    import('@langchain/langgraph/zod/schema'),
    import('@langchain/core/utils/json_schema'),
  ])
  const { builder } = graph as { builder?: Builder }
  const registry = builder?._metaRegistry

  /** What has no JSON Schema, as a date or a custom type, is left open: the rest of its state is not lost with it. */
  const lenient = {
    getExtendedChannelSchemas(schema: Schema, effects: Json) {
      const extended = registry?.getExtendedChannelSchemas(schema, effects) ?? schema
      // A copy, without the hidden parts by which a schema library would know its work and describe it again.
      return { ...toJsonSchema(extended, { unrepresentable: 'any' }) }
    },
  }
  type Describe = typeof zod.getStateTypeSchema
  function described(describe: Describe, declared?: object): unknown {
    const fromNames = declared && builder ? objectOf(declared, builder) : null
    try {
      const schema = describe(graph, lenient as unknown as Parameters<Describe>[1])
      return schema ? withMessages(schema) : fromNames
    } catch {
      return fromNames
    }
  }

  const channels = builder?.channels
  const context = described(zod.getConfigTypeSchema)
  return {
    input_schema: described(zod.getInputTypeSchema, builder?._inputDefinition ?? channels),
    output_schema: described(zod.getOutputTypeSchema, builder?._outputDefinition ?? channels),
    state_schema: described(zod.getStateTypeSchema, builder?._schemaDefinition ?? channels),
    config_schema: context,
    context_schema: context,
  }
}

/** LangGraph's mark of a list of messages, with what it means to those who do not know the mark. */
const MESSAGES = {
  type: 'array',
  items: {
    type: 'object',
    properties: { type: { type: 'string' }, content: {}, id: { type: 'string' } },
  },
  langgraph_type: 'messages',
}

function objectOf(declared: object, { channels }: Builder): Json {
  const names = Object.keys(declared).filter((name) => !name.startsWith('__') && !name.startsWith('branch:'))
  const properties = names.map((name) => [name, keepsMessages(channels?.[name]) ? MESSAGES : {}])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

/** By the name of its reducer, because the project may have a copy of LangGraph of its own. */
function keepsMessages(channel: unknown): boolean {
  const { operator } = (channel ?? {}) as { operator?: { name?: unknown } }
  return operator?.name === 'messagesStateReducer' || operator?.name === 'messagesDeltaReducer'
}

function withMessages(schema: object): object {
  const { properties } = schema as { properties?: Record<string, Json> }
  if (!properties) return schema
  const described = Object.entries(properties).map(([name, property]) => [
    name,
    property['langgraph_type'] === 'messages' ? { ...MESSAGES, ...property } : property,
  ])
  return { ...schema, properties: Object.fromEntries(described) }
}
