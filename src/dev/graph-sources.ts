import { AuthkitError } from '../errors/authkit-error.js'
import { createModuleLoader, type ModuleLoad, type ModuleLoader } from '../project/bundle.js'
import type { GraphConfig, ProjectConfig } from '../project/config.js'
import { type Fingerprint, fingerprintsAt } from '../project/fingerprint.js'
import type { GraphSource } from '../runtime/graph-registry.js'

/** The graphs that langgraph.json names, each loaded at its first run and again when a file it is made of has changed. */
export interface GraphSources {
  for(config: ProjectConfig | undefined): Readonly<Record<string, GraphSource>>
  close(): Promise<void>
}

interface Loaded {
  readonly loader: ModuleLoader
  latest: Promise<ModuleLoad> | undefined
}

export function createGraphSources({ authkitEntry }: { authkitEntry: string }): GraphSources {
  const files = new Map<string, Loaded>()

  function fileOf(root: string, path: string): Loaded {
    const known = files.get(path)
    if (known) return known
    const loader = createModuleLoader({ root, entry: path, authkitEntry, code: 'graph_broken' })
    const made: Loaded = { loader, latest: undefined }
    files.set(path, made)
    return made
  }

  /** One load at a time; a load whose files have not changed since is the load. */
  async function current(file: Loaded): Promise<ModuleLoad> {
    const before = file.latest
    file.latest = (async () => {
      const load = await before
      return load && (await unchanged(load.inputs)) ? load : file.loader.load()
    })()
    return file.latest
  }

  function source(root: string, { path, export: name, description }: GraphConfig): GraphSource {
    return {
      ...(description === undefined ? {} : { description }),
      async load() {
        const load = await current(fileOf(root, path))
        if (load.kind === 'failed') throw load.error
        const exported = load.namespace[name]
        if (exported === undefined) throw new AuthkitError('graph_broken', `${path} exports nothing named "${name}".`)
        return exported
      },
    }
  }

  return {
    for: (config) =>
      Object.fromEntries(
        Object.entries(config?.graphs ?? {}).map(([id, graph]) => [id, source(config?.root ?? '', graph)]),
      ),
    async close() {
      await Promise.all([...files.values()].map(({ loader }) => loader.close()))
    },
  }
}

async function unchanged(inputs: ReadonlyMap<string, Fingerprint>): Promise<boolean> {
  const now = await fingerprintsAt(inputs.keys())
  return [...inputs].every(([path, fingerprint]) => now.get(path) === fingerprint)
}
