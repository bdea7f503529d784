import { hostname } from 'node:os'
import { join, relative } from 'node:path'
import { createEngine, type Engine } from '../engine/engine.js'
import { coverage } from '../engine/rules.js'
import { AuthkitError } from '../errors/authkit-error.js'
import type { ErrorCode } from '../errors/codes.js'
import { type LocalIssuer, withLocalIssuer } from '../identity/local-issuer.js'
import { placeholderTokensOf } from '../identity/placeholder-tokens.js'
import { protectedResource } from '../identity/protected-resource.js'
import type { ProjectConfig } from '../project/config.js'
import { openProject, type ProjectState } from '../project/project.js'
import type { RunRecord } from '../runtime/runs/run-record.js'
import { openRuntime } from '../runtime/runtime.js'
import { DEFAULT_SETTINGS } from '../runtime/settings.js'
import { createSeal } from '../seal/seal.js'
import type { ProjectSnapshot, ServerDeps } from '../server/context.js'
import { isLoopback, type ListenOptions, type RunningServer, startServer } from '../server/start.js'
import { openSqliteStorage } from '../storage/sqlite/open.js'
import { createDevIssuer } from './dev-issuer.js'
import type { DevEvent, RulesReport } from './events.js'
import { graphSources } from './graph-sources.js'
import { createLoopWatchdog } from './loop-watchdog.js'
import { createModuleCache } from './module-cache.js'
import { problemFrom } from './process-guard.js'
import { readRootKey } from './root-key.js'
import { readSettings, type SettingsReading } from './runtime-settings.js'

export interface DevOptions {
  /** The folder of the project. */
  readonly root: string
  /** langgraph.json under another name or path. */
  readonly configFile?: string | undefined
  /** The auth file in the place of the one that langgraph.json names, written as there: `./auth.ts:auth`. */
  readonly authFile?: string | undefined
  /** An Auth object in the place of any file. */
  readonly auth?: unknown
  /** False reads the project once, and lets no graph end this process: for a process that has other things to do. */
  readonly watch?: boolean
  /** How it is reached. On a port, when nothing is said. */
  readonly listen?: (deps: ServerDeps, options: ListenOptions) => Promise<RunningServer>
  /** Undefined takes 2024, or the next free one; 0 takes any free one. */
  readonly port?: number | undefined
  readonly host?: string
  /** A file, or `:memory:`. Undefined is `.authkit/dev.db` of the project. */
  readonly database?: string | undefined
  /** How many runs go at once. */
  readonly jobs?: number | undefined
  /** How long a run may take, in seconds. Undefined leaves it to BG_JOB_TIMEOUT_SECS, and that to an hour. */
  readonly runTimeoutSeconds?: number | undefined
  /** Serve without any authentication. */
  readonly noAuth?: boolean
  /** Refuse the events that no handler covers. */
  readonly strict?: boolean
  /** Let the Studio header stand for a user. Undefined leaves it to langgraph.json. */
  readonly studio?: boolean | undefined
  /** Serve the local issuer. Undefined does so on loopback, which is the only place where it may be. */
  readonly issuer?: boolean | undefined
  /** What `import "authkit"` means in the project's files: see createModuleLoader. */
  readonly authkitEntry: string
  readonly version: string
  readonly onEvent: (event: DevEvent) => void
}

export interface DevServer {
  readonly url: string
  /** Stops runs, ends streams, closes the database. */
  close(): Promise<void>
}

const DEFAULT_PORT = 2024

/** A project in one of these states is set up wrong: waiting for an edit would not tell anyone. */
const REFUSED_AT_START: readonly ErrorCode[] = [
  'auth_file_not_found',
  'auth_no_authenticate',
  'auth_export_invalid',
  'auth_unknown_event',
  'config_invalid',
]

/**
 * Puts the dev server together: the project and its reloads, the database, the runtime, the API.
 *
 * @throws AuthkitError where the project is set up wrong, the port is taken, the database or the root key can't be used, or
 *   Studio is to be let in from other machines. A file that merely does not compile is no reason not to start: the API
 *   answers 503 until it does.
 */
export async function startDev(options: DevOptions): Promise<DevServer> {
  const {
    root,
    host = '127.0.0.1',
    noAuth = false,
    strict = false,
    watch = true,
    listen = startServer,
    onEvent,
  } = options
  const database = options.database ?? join(root, '.authkit', 'dev.db')
  const { authkitEntry, configFile, authFile, auth, version, jobs, port, runTimeoutSeconds } = options
  const inMemory = database === ':memory:'
  const { issuer: issuerOn = isLoopback(host) } = options
  if (options.studio && !isLoopback(host)) {
    throw new AuthkitError(
      'usage',
      `--studio is refused on ${host}: every machine that reaches it could send the header.`,
      {
        hint: 'Leave out --studio, or --host.',
      },
    )
  }
  if (issuerOn && !isLoopback(host)) {
    throw new AuthkitError(
      'usage',
      `--issuer is refused on ${host}: it asks for no password, so whoever reaches it could be any user.`,
      { hint: 'Leave out --issuer, or --host.' },
    )
  }

  const modules = createModuleCache({ authkitEntry })
  const closers = [() => modules.close()]
  let localIssuer: LocalIssuer | undefined
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }

  try {
    // Both at once; whichever fails, the other is closed.
    const opening = [
      openProject(root, { configFile, authFile, auth, authkitEntry, watch, authRequired: !noAuth }),
      openSqliteStorage(database),
    ] as const
    for (const settled of await Promise.allSettled(opening)) {
      if (settled.status === 'fulfilled') closers.push(() => settled.value.close())
    }
    const [project, storage] = await Promise.all(opening)
    if (project.state.kind === 'broken' && REFUSED_AT_START.includes(project.state.error.code))
      throw project.state.error

    // After the project: .env may hold the key too.
    const seal = createSeal(await readRootKey({ root, inMemory, environment: process.env }))
    let graphs = graphSources(modules, project.state.config)
    let reading = settingsOf(project.state.config)
    let snapshot = snapshotOf(project.state)
    const watchdog = watch ? createLoopWatchdog() : undefined
    if (watchdog) closers.push(() => watchdog.close())
    const runHooks = {
      onRunStart: ({ runId, graphId }: { runId: string; graphId: string }) => watchdog?.began(runId, graphId),
      onRun(record: RunRecord) {
        watchdog?.ended(record.run.run_id)
        onEvent({ kind: 'run', record })
      },
      onProblem(message: string, error?: unknown) {
        const problem = error === undefined ? { message, stack: undefined } : problemFrom(message, error)
        onEvent({ kind: 'problem', time: new Date(), ...problem })
      },
    }
    const runtime = await openRuntime({
      storage,
      seal,
      graphs: () => graphs,
      engine: () => (snapshot.kind === 'ready' ? snapshot.engine : undefined),
      settings: () => reading.settings,
      ...runHooks,
      ...(jobs === undefined ? {} : { jobs }),
    })
    closers.push(() => runtime.close())

    const issuer = issuerOn
      ? createDevIssuer({ root, inMemory, seal, state: () => project.state, onProblem: runHooks.onProblem })
      : undefined
    if (issuer) closers.push(() => issuer.close())

    const server = await listen(
      {
        runtime,
        version,
        project: () => snapshot,
        onRequest: (record) => onEvent({ kind: 'request', record }),
        ...(issuer ? { issuer: issuer.mounted } : {}),
        ...(isLoopback(host) ? {} : { hosts: { names: [host, hostname()], addresses: true } }),
      },
      { host, port: port ?? DEFAULT_PORT, orNext: port === undefined },
    )
    closers.push(() => server.close())
    localIssuer = issuer?.listening(server.url)

    let warnings = warningsOf(server.port, project.state, reading)
    project.onReload(({ state, file, ms }) => {
      snapshot = snapshotOf(state)
      // What runs now goes on under what was said last, where nothing can be read.
      if (state.config) {
        graphs = graphSources(modules, state.config)
        reading = settingsOf(state.config)
      }
      runtime.ensureAssistants().catch((error: unknown) => {
        const problem = problemFrom('The assistants of the graphs could not be written', error)
        onEvent({ kind: 'problem', time: new Date(), ...problem })
      })
      const before = warnings
      // What is broken warns of nothing, and what it warned of will hold again.
      if (state.kind === 'ready') warnings = warningsOf(server.port, state, reading)
      const newWarnings = warnings.filter((warning) => !before.includes(warning))
      onEvent({ kind: 'reloaded', file, ms, rules: rulesOf(state), strict, warnings, newWarnings })
    })
    onEvent({
      kind: 'ready',
      url: server.url,
      ms: performance.now(),
      rules: rulesOf(project.state),
      issuer:
        issuer && localIssuer
          ? { kind: 'on', url: localIssuer.issuer, users: issuer.users() }
          : { kind: 'off', why: isLoopback(host) ? 'left-out' : 'not-loopback' },
      database: inMemory ? database : relative(process.cwd(), database) || database,
      graphs: runtime.graphs.ids,
      strict,
      warnings,
    })

    return {
      url: server.url,
      async close() {
        onEvent({ kind: 'stopping' })
        // Runs first: their streams end with them, and then nothing keeps a connection open.
        await runtime.close()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }

  function settingsOf(config: ProjectConfig | undefined): SettingsReading {
    if (!config) return { settings: DEFAULT_SETTINGS, warnings: [] }
    return readSettings(config, { modules, environment: process.env, runTimeoutSeconds })
  }

  /** The rules of a state, as the server asks them. Only `--no-auth` may come without any. */
  function snapshotOf(state: ProjectState): ProjectSnapshot {
    if (state.kind === 'broken') return { kind: 'broken', error: state.error }
    if (!state.rules && !noAuth) {
      return { kind: 'broken', error: new AuthkitError('auth_file_not_found', 'The project has no auth file.') }
    }
    const engine = createEngine({ rules: noAuth ? undefined : state.rules, strict, studio: studioOf(state) })
    const told = (request: Request) => (localIssuer ? withLocalIssuer(request, localIssuer) : request)
    const authenticate: Engine['authenticate'] = (request, trace) => engine.authenticate(told(request), trace)
    return {
      kind: 'ready',
      engine: { ...engine, authenticate },
      http: state.config.http,
      protectedResource: (request) => (noAuth ? undefined : protectedResource(state.authenticate, told(request))),
    }
  }

  function studioOf({ config }: ProjectState): boolean {
    return isLoopback(host) && (options.studio ?? studioInFile(config))
  }

  function rulesOf(state: ProjectState): RulesReport {
    if (state.kind === 'broken') return { kind: 'broken', error: state.error }
    if (noAuth || !state.rules) return { kind: 'off' }
    const file = relative(state.config.root, state.authFile ?? '')
    const tokens = placeholderTokensOf(state.authenticate) ?? []
    return { kind: 'ready', file: `./${file.replaceAll('\\', '/')}`, coverage: coverage(state.rules), tokens }
  }

  function warningsOf(listening: number, state: ProjectState, { warnings: unused }: SettingsReading): string[] {
    const tokens = state.kind === 'ready' && !noAuth ? (placeholderTokensOf(state.authenticate) ?? []) : []
    return [
      ...(noAuth ? ['Authentication is OFF (--no-auth): everyone may do everything.'] : []),
      ...(isLoopback(host) ? [] : [`Listening on ${host}: other machines can reach this server.`]),
      ...(isLoopback(host) || tokens.length === 0
        ? []
        : ['The placeholder tokens of auth.ts are public: whoever reaches this server can be any of its users.']),
      ...(!isLoopback(host) && studioInFile(state.config)
        ? [
            `auth.disable_studio_auth: false is ignored on ${host}: every machine that reaches it could send the header.`,
          ]
        : []),
      ...(studioOf(state)
        ? ['The Studio header is ON: whoever sends `x-auth-scheme: langsmith` is let in as Studio.']
        : []),
      ...(port === undefined && listening !== DEFAULT_PORT
        ? [`Port ${DEFAULT_PORT} is in use, so ${listening} was taken.`]
        : []),
      ...(state.config?.warnings ?? []),
      ...(state.config ? unused : []),
    ]
  }
}

/** Whether langgraph.json asks for Studio. */
function studioInFile(config: ProjectConfig | undefined): boolean {
  return config?.auth?.disableStudioAuth === false
}
