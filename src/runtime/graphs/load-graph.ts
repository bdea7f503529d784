import type { RunnableConfig } from '@langchain/core/runnables'
import type { CompiledStateGraph } from '@langchain/langgraph'
import type { Scope } from '../../engine/scope.js'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { Storage } from '../../storage/storage.js'
import { ScopedCheckpointer } from './checkpointer.js'
import type { GraphRegistry } from './graph-registry.js'

// biome-ignore lint/suspicious/noExplicitAny: the graph is the project's, with a state that only the project knows
export type Graph = CompiledStateGraph<any, any, any> & { checkpointer: ScopedCheckpointer }

/** How long a factory may take to make its graph. */
const FACTORY_MS = 30_000

/**
 * A graph whose checkpoints lie in our storage, within a scope. It is a copy: the project's own object is never changed,
 * so two callers with two scopes can run it at once.
 *
 * @throws AuthkitError `graph_not_found` or `graph_broken`.
 */
export async function loadGraph(
  graphs: GraphRegistry,
  graphId: string,
  {
    storage,
    scope,
    config = {},
    goesOn,
  }: { storage: Storage; scope: Scope; config?: RunnableConfig; goesOn?: () => Promise<boolean> },
): Promise<Graph> {
  const source = graphs.source(graphId)
  const exported = await source.load()
  const made: unknown = typeof exported === 'function' ? await inTime(graphId, exported(config)) : exported
  const compiled = isBuilder(made) ? made.compile() : made
  if (!isGraph(compiled)) {
    throw new AuthkitError(
      'graph_broken',
      `The graph "${graphId}" is neither a graph, a builder, nor a function that makes one.`,
    )
  }
  const bound = compiled.withConfig({}) as Graph
  bound.checkpointer = new ScopedCheckpointer(storage.checkpoints, scope, goesOn)
  return bound
}

/** Waits for a factory, but not for ever: whoever asked would wait with it. */
async function inTime(graphId: string, made: unknown): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new AuthkitError(
          'graph_broken',
          `The factory of the graph "${graphId}" did not answer in ${FACTORY_MS / 1000} s.`,
        ),
      )
    }, FACTORY_MS)
  })
  try {
    return await Promise.race([made, late])
  } finally {
    clearTimeout(timer)
  }
}

function isBuilder(value: unknown): value is { compile(): unknown } {
  return typeof value === 'object' && value !== null && 'compile' in value && typeof value.compile === 'function'
}

function isGraph(value: unknown): value is Graph {
  return (
    typeof value === 'object' && value !== null && 'stream' in value && 'getState' in value && 'withConfig' in value
  )
}
