import { readFile } from 'node:fs/promises'
import { ALL_KEYS } from '../engine/events.js'
import { type AuthRules, rulesFrom } from '../engine/rules.js'
import { AuthkitError } from '../errors/authkit-error.js'
import { createModuleLoader, type ModuleLoader, prepareModuleLoaders } from './bundle.js'
import type { MissingImport } from './bundle-plugin.js'
import { type AuthConfig, type ConfigOptions, inspectConfig, type ProjectConfig } from './config.js'
import { applyEnv } from './env.js'
import { type Fingerprint, fingerprintsAt } from './fingerprint.js'
import { positionOf, relativeTo } from './source-position.js'
import { tsconfigsFor } from './tsconfig.js'
import { createWatcher, type Watcher } from './watch.js'

/** What a project is right now. There is nothing in between: while it reloads, it is what it was. */
export type ProjectState =
  | {
      readonly kind: 'ready'
      readonly config: ProjectConfig
      /** Undefined under `authRequired: false`, and only there. */
      readonly rules: AuthRules | undefined
      /** Absolute. */
      readonly authFile: string | undefined
      /** The function as the auth file gave it. */
      readonly authenticate: unknown
    }
  | {
      readonly kind: 'broken'
      /** The message begins with `file:line:column: ` as far as these are known. */
      readonly error: AuthkitError
      /** Undefined where langgraph.json is what is broken. */
      readonly config: ProjectConfig | undefined
    }

export interface Reload {
  readonly state: ProjectState
  /** The file whose edit was the reason, relative to the root. */
  readonly file: string
  /** From the first word of the edit to the new state. */
  readonly ms: number
}

export interface Project {
  readonly state: ProjectState
  /** Calls the listener after every reload, whatever came of it. Returns the function that ends that. */
  onReload(listener: (reload: Reload) => void): () => void
  /** Stops watching, and takes back the variables of .env. */
  close(): Promise<void>
}

export interface OpenOptions extends ConfigOptions {
  /** What `import ... from "authkit"` means in the files of the project: see {@link createModuleLoader}. */
  readonly authkitEntry: string
  /** False reads the project once. */
  readonly watch?: boolean
  /** Where the variables of .env go. */
  readonly environment?: NodeJS.ProcessEnv
}

interface Snapshot {
  readonly state: ProjectState
  readonly root: string
  /** Every file that the state depends on, and what it said. */
  readonly inputs: ReadonlyMap<string, Fingerprint>
  readonly missing: readonly MissingImport[]
}

// Editors write twice for one save, and a tool may touch several files: one reload for what comes this close together.
const DEBOUNCE_MS = 20

/**
 * Opens a project: reads langgraph.json and .env, loads the auth file, and keeps up with every edit of them. A broken
 * project opens too, as a state; it becomes `ready` when an edit mends it.
 *
 * An edit is a change of content. What changes nothing (`touch`) reloads nothing, one save is one reload, and reloads
 * run one after the other, so that the last content always wins.
 *
 * @example
 * const project = await openProject(process.cwd(), { authkitEntry })
 * project.onReload(({ state, file, ms }) => log(`reloaded ${file} in ${ms} ms: ${state.kind}`))
 */
export async function openProject(folder: string, options: OpenOptions): Promise<Project> {
  const { watch = true, authRequired = true, configFile, authkitEntry, environment = process.env } = options
  const env = applyEnv(environment)
  const listeners = new Set<(reload: Reload) => void>()
  let loader: { readonly entry: string; readonly root: string; readonly module: ModuleLoader } | undefined
  let watcher: Watcher | undefined
  let closed = false

  // While esbuild's process starts, this one reads the configuration and the code of the watcher.
  if (authRequired) void prepareModuleLoaders()
  if (watch) void import('chokidar').catch(() => undefined)

  async function read(): Promise<Snapshot> {
    const { root, config, error, inputs } = await inspectConfig(folder, { configFile, authRequired })
    if (config) env.update(config.env)
    if (error || !config) {
      const broken = error ?? new AuthkitError('internal', 'The configuration was not read.')
      return { state: { kind: 'broken', error: broken, config }, root, inputs, missing: [] }
    }
    if (!authRequired) return { state: withoutAuth(config), root, inputs, missing: [] }
    if (!config.auth) throw new Error('No auth file, and no error that says so.')
    return await readAuth(config, config.auth, inputs)
  }

  async function readAuth(
    config: ProjectConfig,
    auth: AuthConfig,
    configInputs: ReadonlyMap<string, Fingerprint>,
  ): Promise<Snapshot> {
    const { root } = config
    const module = await loaderFor(auth.path, root)
    // Before the build, so that an edit during it is found afterwards.
    const early = await fingerprintsAt([auth.path, ...(await tsconfigsFor(auth.path, root))])
    const load = await module.load()
    const inputs = new Map([...configInputs, ...early, ...load.inputs])
    if (load.kind === 'loaded') {
      const state = await stateOf(load.namespace, config, auth, [...load.inputs.keys()])
      return { state, root, inputs, missing: [] }
    }
    return { state: { kind: 'broken', error: load.error, config }, root, inputs, missing: load.missing }
  }

  async function loaderFor(entry: string, root: string): Promise<ModuleLoader> {
    if (loader?.entry === entry && loader.root === root) return loader.module
    await loader?.module.close()
    const module = createModuleLoader({ root, entry, authkitEntry, code: 'auth_file_broken' })
    loader = { entry, root, module }
    return module
  }

  async function snapshotAfter(previous: Snapshot | undefined): Promise<Snapshot> {
    try {
      return await read()
    } catch (cause) {
      // Not the fault of a file. The door closes all the same, and the next edit tries again.
      const unknown = () => new AuthkitError('internal', `The project could not be read: ${String(cause)}`, { cause })
      const error = cause instanceof AuthkitError ? cause : unknown()
      const { root = folder, inputs = new Map(), missing = [] } = previous ?? {}
      return { state: { kind: 'broken', error, config: undefined }, root, inputs, missing }
    }
  }

  let snapshot = await snapshotAfter(undefined)

  let due: NodeJS.Timeout | undefined
  let firstWord: { readonly at: number; readonly path: string } | undefined
  let running: Promise<void> = Promise.resolve()

  function wake(path: string): void {
    if (closed) return
    firstWord ??= { at: performance.now(), path }
    clearTimeout(due)
    due = setTimeout(() => {
      // One at a time: what is due meanwhile waits, and finds the newest content when it runs.
      running = running.then(reload)
    }, DEBOUNCE_MS)
  }

  async function reload(): Promise<void> {
    if (closed || !firstWord) return
    const { at, path } = firstWord
    firstWord = undefined
    const changed = await changedInput(snapshot)
    if (changed === undefined && snapshot.missing.length === 0) {
      // Nothing to load, but a folder may have come or gone, and with it the place to watch.
      watcher?.watch(snapshot.inputs.keys())
      return
    }
    const before = snapshot
    snapshot = await snapshotAfter(before)
    watcher?.watch(snapshot.inputs.keys())
    if (!sameImports(before.missing, snapshot.missing)) watcher?.search(snapshot.missing)
    if (changed === undefined && sameOutcome(before.state, snapshot.state)) return
    const file = relativeTo(snapshot.root, changed ?? path) || '.'
    const ms = Math.round((performance.now() - at) * 10) / 10
    for (const listener of listeners) tell(listener, { state: snapshot.state, file, ms })
  }

  async function startWatching(): Promise<void> {
    watcher = await createWatcher({ root: snapshot.root, wake })
    if (closed) return await watcher.close()
    watcher.watch(snapshot.inputs.keys())
    watcher.search(snapshot.missing)
  }

  // Not waited for: the first thing the watcher does is to report every file, which finds the edits made meanwhile.
  const watching = watch ? startWatching() : undefined

  return {
    get state() {
      return snapshot.state
    },
    onReload(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      clearTimeout(due)
      await watching
      await running
      await watcher?.close()
      await loader?.module.close()
      env.clear()
    },
  }
}

function withoutAuth(config: ProjectConfig): ProjectState {
  return { kind: 'ready', config, rules: undefined, authFile: undefined, authenticate: undefined }
}

function tell(listener: (reload: Reload) => void, reload: Reload): void {
  try {
    listener(reload)
  } catch (error) {
    // A listener that fails must not end the reloading: the next edit may be the one that closes a hole.
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}

async function changedInput({ inputs }: Snapshot): Promise<string | undefined> {
  const now = await fingerprintsAt(inputs.keys())
  return [...now].find(([path, fingerprint]) => fingerprint !== inputs.get(path))?.[0]
}

function sameImports(a: readonly MissingImport[], b: readonly MissingImport[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sameOutcome(a: ProjectState, b: ProjectState): boolean {
  return a.kind === 'broken' && b.kind === 'broken' && a.error.message === b.error.message
}

async function stateOf(
  namespace: Readonly<Record<string, unknown>>,
  config: ProjectConfig,
  auth: AuthConfig,
  sources: readonly string[],
): Promise<ProjectState> {
  const name = relativeTo(config.root, auth.path)
  if (!Object.hasOwn(namespace, auth.export)) {
    const names = Object.keys(namespace)
    const exported = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`
    const error = new AuthkitError('auth_export_invalid', `${name}: There is no export "${auth.export}"; ${exported}.`)
    return { kind: 'broken', error, config }
  }
  try {
    const rules = rulesFrom(namespace[auth.export])
    return { kind: 'ready', config, rules, authFile: auth.path, authenticate: rules.authenticate }
  } catch (cause) {
    if (!(cause instanceof AuthkitError)) throw cause
    const place =
      cause.code === 'auth_unknown_event' ? await unknownKeyIn(namespace[auth.export], sources, config.root) : undefined
    const error = new AuthkitError(cause.code, `${place ?? name}: ${cause.message}`, { cause })
    return { kind: 'broken', error, config }
  }
}

/** Where the first key that no event has stands in the sources, found as the string it is. */
async function unknownKeyIn(exported: unknown, sources: readonly string[], root: string): Promise<string | undefined> {
  const { callbacks = {} } = (exported as { '~handlerCache': { callbacks?: object } })['~handlerCache']
  const key = Object.keys(callbacks).find((name) => !(ALL_KEYS as readonly string[]).includes(name)) ?? ''
  for (const path of sources) {
    const text = await readFile(path, 'utf8').catch(() => '')
    const offset = ["'", '"', '`'].map((quote) => text.indexOf(quote + key + quote)).find((found) => found !== -1)
    if (offset !== undefined) return `${relativeTo(root, path)}:${positionOf(text, offset)}`
  }
  return undefined
}
