import { afterAll } from 'vitest'
import type { Auth } from '../../src/engine/auth.js'
import { createEngine, type EngineOptions } from '../../src/engine/engine.js'
import { rulesFrom } from '../../src/engine/rules.js'
import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'
import type { RunRecord } from '../../src/runtime/runs/run-record.js'
import { openRuntime, type Runtime } from '../../src/runtime/runtime.js'
import { DEFAULT_SETTINGS, type RuntimeSettings } from '../../src/runtime/settings.js'
import type { Seal } from '../../src/seal/seal.js'
import { type App, createApp } from '../../src/server/app.js'
import type { HttpConfig, ProjectSnapshot, RequestRecord, ServerDeps } from '../../src/server/context.js'
import { startServer } from '../../src/server/start.js'
import { openSqliteStorage } from '../../src/storage/sqlite/open.js'
import { ownerOnly } from './auth.js'
import { type Client, clientOf } from './client.js'

export interface ServeOptions extends Pick<ServerDeps, 'hosts' | 'maxBodyBytes'> {
  readonly auth?: Auth
  readonly engine?: Omit<EngineOptions, 'rules'>
  readonly graphs?: Readonly<Record<string, GraphSource>>
  readonly http?: HttpConfig
  readonly jobs?: number
  readonly database?: string
  readonly settings?: Partial<RuntimeSettings>
  readonly seal?: Seal
  readonly protectedResource?: (request: Request) => object | undefined
  readonly onRun?: (record: RunRecord) => void
  /** In the place of everything that `auth` and `engine` say. */
  readonly project?: () => ProjectSnapshot
}

export interface TestServer {
  readonly url: string
  readonly app: App
  readonly runtime: Runtime
  /** What the log was told, oldest first. */
  readonly records: RequestRecord[]
  /** Calls as the user of that name; undefined sends no token. */
  as(user: string | undefined): Client
  /** Other rules from the next request on. */
  use(auth: Auth): void
  close(): Promise<void>
}

/** A server of its own on a free port, with a database in memory. Ends with the tests of the file. */
export async function serve(options: ServeOptions = {}): Promise<TestServer> {
  const server = await open(options)
  afterAll(() => server.close())
  return server
}

export async function open(options: ServeOptions = {}): Promise<TestServer> {
  const { auth = ownerOnly(), graphs, http = {}, jobs, hosts, maxBodyBytes, database = ':memory:' } = options
  const { protectedResource = () => undefined } = options
  const storage = await openSqliteStorage(database)
  let engine = createEngine({ ...options.engine, rules: rulesFrom(auth) })
  const project = options.project ?? ((): ProjectSnapshot => ({ kind: 'ready', engine, http, protectedResource }))
  const runtime = await openRuntime({
    storage,
    engine: () => {
      const now = project()
      return now.kind === 'ready' ? now.engine : undefined
    },
    settings: () => ({ ...DEFAULT_SETTINGS, ...options.settings }),
    ...(options.seal ? { seal: options.seal } : {}),
    ...(options.onRun ? { onRun: options.onRun } : {}),
    ...(graphs ? { graphs: () => graphs } : {}),
    ...(jobs === undefined ? {} : { jobs }),
  })
  const records: RequestRecord[] = []
  const deps: ServerDeps = {
    runtime,
    version: '0.0.0-test',
    project,
    onRequest: (record) => records.push(record),
    ...(hosts ? { hosts } : {}),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  }
  const running = await startServer(deps, { port: 0, host: '127.0.0.1' })
  let closed = false
  return {
    url: running.url,
    app: createApp(deps),
    runtime,
    records,
    as: (user) => clientOf(running.url, user),
    use(rules) {
      engine = createEngine({ ...options.engine, rules: rulesFrom(rules) })
    },
    async close() {
      if (closed) return
      closed = true
      await runtime.close()
      await running.close()
      await storage.close()
    },
  }
}
