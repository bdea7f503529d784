import { createModuleLoader, type ModuleLoad, type ModuleLoader } from '../project/bundle.js'
import { fingerprintsAt } from '../project/fingerprint.js'

/** Files of a project, each loaded when it is first asked for and again when something that it is made of has changed. */
export interface ModuleCache {
  load(root: string, path: string): Promise<ModuleLoad>
  close(): Promise<void>
}

interface Loaded {
  readonly loader: ModuleLoader
  latest: Promise<ModuleLoad> | undefined
}

export function createModuleCache({ authkitEntry }: { authkitEntry: string }): ModuleCache {
  const files = new Map<string, Loaded>()

  function fileOf(root: string, path: string): Loaded {
    const known = files.get(path)
    if (known) return known
    const loader = createModuleLoader({ root, entry: path, authkitEntry, code: 'graph_broken' })
    const made: Loaded = { loader, latest: undefined }
    files.set(path, made)
    return made
  }

  return {
    /** One load at a time; a load whose files have not changed since is the load. */
    async load(root, path) {
      const file = fileOf(root, path)
      const before = file.latest
      file.latest = (async () => {
        const load = await before
        return load && (await isCurrent(load)) ? load : file.loader.load()
      })()
      return file.latest
    },
    async close() {
      await Promise.all([...files.values()].map(({ loader }) => loader.close()))
    },
  }
}

async function isCurrent(load: ModuleLoad): Promise<boolean> {
  // A file that was not found is none of those that the load was made of, so its coming would change nothing.
  if (load.kind === 'failed' && (load.missing.length > 0 || load.inputs.size === 0)) return false
  const now = await fingerprintsAt(load.inputs.keys())
  return [...load.inputs].every(([path, fingerprint]) => now.get(path) === fingerprint)
}
