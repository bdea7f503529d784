import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { isPath, type MissingImport, packageOf } from './bundle-plugin.js'

/** Watches files, existing or not. It only says that something may have changed; whoever listens compares contents. */
export interface Watcher {
  /** From now on these files, and no others. */
  watch(files: Iterable<string>): void
  /** Also looks out for what would mend these imports. An empty list ends that. */
  search(missing: readonly MissingImport[]): void
  close(): Promise<void>
}

export interface WatcherOptions {
  readonly root: string
  /** Called with the path, often more than once for one save. */
  readonly wake: (path: string) => void
  readonly chokidar?: Pick<typeof import('chokidar'), 'watch'>
}

// Where the system refuses to watch.
const POLL_MS = 500

/**
 * Watches through the folders of the files and not only the files: a save by rename, a deletion with re-creation, and a
 * folder that comes back after `git checkout` are seen as what they are.
 */
export async function createWatcher({ root, wake, chokidar }: WatcherOptions): Promise<Watcher> {
  const { watch: chokidarWatch } = chokidar ?? (await import('chokidar'))
  let wanted = new Set<string>()
  let above = new Set<string>()
  const added = new Set<string>()
  let searching: FSWatcher | undefined
  let polling: NodeJS.Timeout | undefined

  // Too many inotify watches, or a network drive: to look twice a second still works, because the listener compares.
  function poll(): void {
    polling ??= setInterval(() => wake(root), POLL_MS).unref()
  }

  const files = chokidarWatch([], {
    depth: 0,
    ignored: (path) => !wanted.has(slashed(path)) && !above.has(slashed(path)),
  })
  files.on('all', (_event, path) => wake(path))
  // chokidar drops a change that follows another within 50 ms, for good, so that the last of two quick saves would never
  // be loaded. What the system says reaches `raw` unfiltered.
  files.on('raw', (_event, name, details) => {
    const { watchedPath = '' } = details as { watchedPath?: string }
    const path = [watchedPath, join(watchedPath, name ?? '')].find((candidate) => wanted.has(slashed(candidate)))
    if (path !== undefined) wake(path)
  })
  files.on('error', poll)

  function watch(paths: Iterable<string>): void {
    const list = [...paths]
    wanted = new Set(list.map(slashed))
    above = new Set(list.flatMap(foldersAbove).map(slashed))
    const targets = new Set(list.flatMap((path) => (existsSync(path) ? [path, dirname(path)] : [nearestFolder(path)])))
    for (const path of added) if (!existsSync(path)) added.delete(path)
    const fresh = [...targets].filter((path) => !added.has(path))
    for (const path of fresh) added.add(path)
    if (fresh.length > 0) files.add(fresh)
  }

  function search(missing: readonly MissingImport[]): void {
    void searching?.close()
    searching = undefined
    if (missing.length === 0) return
    const packages = missing.filter(({ specifier }) => !isPath(specifier)).map(({ specifier }) => packageOf(specifier))
    const paths = missing.filter(({ specifier }) => isPath(specifier))
    const elsewhere = paths.map(({ specifier, from }) => nearestFolder(resolve(from, specifier)))
    const stores = foldersAbove(join(root, 'x')).map((folder) => join(folder, 'node_modules'))
    searching = chokidarWatch([root, ...elsewhere, ...stores.filter((path) => existsSync(path))], {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => !isWorthSearching(path, root, packages),
    })
    // `ready` too: what was missing may have been created before the watching began.
    searching.on('ready', () => wake(root))
    searching.on('all', (_event, path) => wake(path))
    searching.on('error', poll)
  }

  async function close(): Promise<void> {
    clearInterval(polling)
    await Promise.all([files.close(), searching?.close()])
  }

  return { watch, search, close }
}

/** Sources of the project, and in node_modules only the packages that are missing. */
function isWorthSearching(path: string, root: string, packages: readonly string[]): boolean {
  const parts = relative(root, path).split(sep)
  const store = parts.lastIndexOf('node_modules')
  if (store === -1) return parts[0] === '..' || !parts.some((part) => part.startsWith('.') && part !== '.')
  const inside = parts.slice(store + 1)
  if (parts.indexOf('node_modules') !== store) return false
  return packages.some((name) =>
    name.split('/').every((part, index) => inside[index] === undefined || inside[index] === part),
  )
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path)
  return folder === path ? [] : [folder, ...foldersAbove(folder)]
}

function nearestFolder(path: string): string {
  return foldersAbove(path).find((folder) => existsSync(folder)) ?? dirname(path)
}

// chokidar asks about paths with slashes on every system.
function slashed(path: string): string {
  return path.replaceAll(sep, '/')
}
