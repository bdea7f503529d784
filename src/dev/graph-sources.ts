import { AuthkitError } from '../errors/authkit-error.js'
import type { GraphConfig, ProjectConfig } from '../project/config.js'
import type { GraphSource } from '../runtime/graphs/graph-registry.js'
import type { ModuleCache } from './module-cache.js'

/** The graphs that langgraph.json names, each loaded at its first run and again when a file it is made of has changed. */
export function graphSources(
  modules: ModuleCache,
  config: ProjectConfig | undefined,
): Readonly<Record<string, GraphSource>> {
  const { root = '', graphs = {} } = config ?? {}
  return Object.fromEntries(Object.entries(graphs).map(([id, graph]) => [id, sourceOf(modules, root, graph)]))
}

function sourceOf(modules: ModuleCache, root: string, { path, export: name, description }: GraphConfig): GraphSource {
  return {
    ...(description === undefined ? {} : { description }),
    async load() {
      const load = await modules.load(root, path)
      if (load.kind === 'failed') throw load.error
      const exported = load.namespace[name]
      if (exported === undefined) throw new AuthkitError('graph_broken', `${path} exports nothing named "${name}".`)
      return exported
    },
  }
}
