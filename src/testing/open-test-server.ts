import { stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RulesReport } from '../dev/events.js'
import { startDev } from '../dev/start-dev.js'
import type { PublicToken } from '../identity/placeholder-tokens.js'
import { createApp } from '../server/app.js'
import type { RequestRecord } from '../server/context.js'
import type { TestServer, TestServerOptions } from './test-server.js'

/** What the suite and the coverage know of a test server besides. */
export interface Insides {
  readonly rules: Extract<RulesReport, { kind: 'ready' }>
  /** The tokens of `placeholderTokens()`, if that is what authenticates. */
  readonly tokens: readonly PublicToken[]
  /** Calls the listener for every request when its answer begins. */
  onRequest(listener: (record: RequestRecord) => void): void
}

export interface OpenOptions extends TestServerOptions {
  /** What `import "authkit"` means in the files of the project. */
  readonly authkitEntry: string
  readonly version: string
}

const URL_OF_ALL = 'http://127.0.0.1'

/**
 * The project as `authkit dev` serves it, with a database in memory and without a port.
 *
 * @param source An auth file as langgraph.json writes it (`./auth.ts`, `./src/auth.ts:rules`), the folder of a project, its
 *   langgraph.json, or an Auth object.
 * @throws AuthkitError where the project is set up wrong or its auth file does not load.
 */
export async function openTestServer(
  source: string | URL | object,
  { config, strict = false, authkitEntry, version }: OpenOptions,
): Promise<TestServer & Insides> {
  const listeners: ((record: RequestRecord) => void)[] = []
  let rules: RulesReport | undefined
  let app: ReturnType<typeof createApp> | undefined
  const server = await startDev({
    ...(await projectOf(source, config)),
    database: ':memory:',
    strict,
    studio: false,
    issuer: false,
    watch: false,
    authkitEntry,
    version,
    onEvent(event) {
      if (event.kind === 'ready') rules = event.rules
      if (event.kind === 'request') for (const tell of listeners) tell(event.record)
    },
    async listen(deps) {
      app = createApp(deps)
      return { url: URL_OF_ALL, port: 0, close: async () => undefined }
    },
  })
  if (!app || rules?.kind !== 'ready') {
    await server.close()
    throw rules?.kind === 'broken' ? rules.error : new Error('The server has no rules.')
  }
  const { fetch } = app
  let closing: Promise<void> | undefined
  const close = () => (closing ??= server.close())
  return {
    url: URL_OF_ALL,
    rules,
    tokens: rules.tokens,
    onRequest: (listener) => void listeners.push(listener),
    fetch: async (input, init) => fetch(requestOf(input, init)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Where the project lies, and which auth file is meant. */
async function projectOf(source: string | URL | object, config: string | undefined) {
  const configFile = config === undefined ? {} : { configFile: resolve(config) }
  if (typeof source === 'object' && !(source instanceof URL)) {
    return { root: process.cwd(), auth: source, ...configFile }
  }
  const text = typeof source === 'string' && !source.startsWith('file:') ? source : fileURLToPath(source)
  const path = resolve(text)
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return { root: path, ...configFile }
  if (extname(path) === '.json') return { root: dirname(path), configFile: path }
  // `auth` is how langgraph.json names it by custom, and what every template exports.
  const authFile = /:[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(basename(path)) ? path : `${path}:auth`
  if (config !== undefined) return { root: dirname(path), authFile, ...configFile }
  return { root: dirname(path), authFile }
}

function requestOf(input: Request | URL | string, init: RequestInit | undefined): Request {
  const request = new Request(typeof input === 'string' ? new URL(input, URL_OF_ALL) : input, init)
  if (!request.headers.has('host')) request.headers.set('host', new URL(request.url).host)
  return request
}
