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

/** What a project is right now. While it reloads it is what it was, for a second; what takes longer closes the door. */
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
  /** An Auth object in the place of the project's auth file. */
  readonly auth?: unknown
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

// An edit may be one that takes rights away: the old rules must not stand for as long as a top-level await likes.
const DOOR_CLOSES_MS = 1000

/** The first word of an edit. */
interface Edit {
  readonly at: number
  readonly path: string
}

/** A load that is running, and what it is made of as far as that is known. */
interface Flight {
  /** Aborted with the path of the file that has changed since. */
  readonly controller: AbortController
  readonly root: string
  inputs: ReadonlyMap<string, Fingerprint>
}

/**
 * Opens a project: reads langgraph.json and .env, loads the auth file, and keeps up with every edit of them. A broken
 * project opens too, as a state; it becomes `ready` when an edit mends it.
 *
 * An edit is a change of content. What changes nothing (`touch`) reloads nothing, one save is one reload, and reloads
 * run one after the other, so that the last content always wins: an edit during a load ends the waiting for that load.
 * A langgraph.json that was there once is missed when it is gone, because without it other rules would be in force.
 *
 * @example
 * const project = await openProject(process.cwd(), { authkitEntry })
 * project.onReload(({ state, file, ms }) => log(`reloaded ${file} in ${ms} ms: ${state.kind}`))
 */
export async function openProject(folder: string, options: OpenOptions): Promise<Project> {
  const { watch = true, configFile, authFile, auth, authkitEntry, environment = process.env } = options
  const authRequired = auth === undefined && (options.authRequired ?? true)
  const env = applyEnv(environment)
  const listeners = new Set<(reload: Reload) => void>()
  let loader: { readonly entry: string; readonly root: string; readonly module: ModuleLoader } | undefined
  let watcher: Watcher | undefined
  let closed = false
  let fileRequired = false
  let flight: Flight | undefined

  // While esbuild's process starts, this one reads the configuration and the code of the watcher.
  if (authRequired) void prepareModuleLoaders()
  if (watch) void import('chokidar').catch(() => undefined)

  async function read(): Promise<Snapshot> {
    flight = undefined
    const { root, config, error, inputs } = await inspectConfig(folder, {
      configFile,
      authFile,
      authRequired,
      fileRequired,
    })
    if (config) env.update(config.env)
    if (config?.file !== undefined) fileRequired = true
    if (error || !config) {
      const broken = error ?? new AuthkitError('internal', 'The configuration was not read.')
      return { state: { kind: 'broken', error: broken, config }, root, inputs, missing: [] }
    }
    if (auth !== undefined) return { state: withRules(config, auth), root, inputs, missing: [] }
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
    const controller = new AbortController()
    const known = { controller, root, inputs: new Map([...configInputs, ...early]) }
    flight = known
    const load = await module.load({
      signal: controller.signal,
      onInputs(inputs) {
        known.inputs = new Map([...known.inputs, ...inputs])
      },
    })
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

  async function closeLoader(): Promise<void> {
    await loader?.module.close()
    loader = undefined
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
  flight = undefined
  // It will not load again, and until it is closed it keeps a process of esbuild, and with it this one.
  if (!watch) await closeLoader()

  let due: NodeJS.Timeout | undefined
  let firstWord: Edit | undefined
  let running: Promise<void> = Promise.resolve()

  function wake(path: string): void {
    if (closed) return
    firstWord ??= { at: performance.now(), path }
    clearTimeout(due)
    due = setTimeout(() => {
      void giveUpOutdated()
      // One at a time: what is due meanwhile waits, and finds the newest content when it runs.
      running = running.then(reload)
    }, DEBOUNCE_MS)
  }

  /** Ends the waiting for a load of what is no longer there. */
  async function giveUpOutdated(): Promise<void> {
    const loading = flight
    const changed = loading && (await changedInput(loading))
    if (changed !== undefined) loading?.controller.abort(changed)
  }

  async function reload(): Promise<void> {
    const started = takeEdit()
    if (closed || !started) return
    let edit = started
    let changed = await changedInput(snapshot)
    if (changed === undefined && snapshot.missing.length === 0) {
      // Nothing to load, but a folder may have come or gone, and with it the place to watch.
      watcher?.watch(snapshot.inputs.keys())
      return
    }
    const { missing } = snapshot
    const door = setTimeout(() => {
      const { root, inputs } = flight ?? snapshot
      snapshot = { state: stillLoading(root), root, inputs, missing }
      watcher?.watch(inputs.keys())
      announce(changed ?? started.path, started.at)
    }, DOOR_CLOSES_MS)
    let next = await snapshotAfter(snapshot)
    while (flight?.controller.signal.aborted && !closed) {
      // The edit that outdated it counts from its own first word.
      edit = takeEdit() ?? edit
      changed = flight.controller.signal.reason as string
      next = await snapshotAfter(snapshot)
    }
    clearTimeout(door)
    const givenUp = flight?.controller.signal.aborted
    flight = undefined
    if (givenUp) return
    const before = snapshot.state
    snapshot = next
    watcher?.watch(snapshot.inputs.keys())
    if (!sameImports(missing, snapshot.missing)) watcher?.search(snapshot.missing)
    if (changed === undefined && sameOutcome(before, snapshot.state)) return
    announce(changed ?? edit.path, edit.at)
  }

  function takeEdit(): Edit | undefined {
    const edit = firstWord
    firstWord = undefined
    return edit
  }

  function announce(path: string, at: number): void {
    const file = relativeTo(snapshot.root, path) || '.'
    const ms = Math.round((performance.now() - at) * 10) / 10
    for (const listener of listeners) tell(listener, { state: snapshot.state, file, ms })
  }

  function stillLoading(root: string): ProjectState {
    const name = loader ? relativeTo(root, loader.entry) : 'The project'
    const error = new AuthkitError('auth_file_broken', `${name} is still loading.`, {
      hint: 'A top-level await takes its time. The door opens when it is done; an edit loads the file anew.',
    })
    return { kind: 'broken', error, config: snapshot.state.config }
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
      flight?.controller.abort()
      await watching
      await running
      await watcher?.close()
      await closeLoader()
      env.clear()
    },
  }
}

function withoutAuth(config: ProjectConfig): ProjectState {
  return { kind: 'ready', config, rules: undefined, authFile: undefined, authenticate: undefined }
}

/** @throws AuthkitError where it is no Auth object. */
function withRules(config: ProjectConfig, auth: unknown): ProjectState {
  const rules = rulesFrom(auth)
  return { kind: 'ready', config, rules, authFile: undefined, authenticate: rules.authenticate }
}

function tell(listener: (reload: Reload) => void, reload: Reload): void {
  try {
    listener(reload)
  } catch (error) {
    // A listener that fails must not end the reloading: the next edit may be the one that closes a hole.
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}

async function changedInput({ inputs }: Pick<Snapshot, 'inputs'>): Promise<string | undefined> {
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
