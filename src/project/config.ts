import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { ParseError } from 'jsonc-parser'
import { AuthkitError } from '../errors/authkit-error.js'
import { checkKeys, type KeyProblem } from './config-keys.js'
import { ABSENT, type Fingerprint, fingerprintOf } from './fingerprint.js'
import { type ClientConfig, clientsOf, type RawClient } from './issuer-config.js'
import { type LoginConfig, loginOf, type RawLogin } from './login-config.js'
import { type ModulePath, parseModulePath } from './module-path.js'
import {
  type RawServices,
  type StoreConfig,
  storeOf,
  type ThreadTtlConfig,
  threadTtlOf,
  type WebhookConfig,
  webhooksOf,
} from './service-config.js'
import { positionOf, relativeTo } from './source-position.js'

/** `http.cors` of langgraph.json, as it stands there. */
export interface CorsConfig {
  readonly allow_origins?: readonly string[]
  readonly allow_methods?: readonly string[]
  readonly allow_headers?: readonly string[]
  readonly allow_credentials?: boolean
  /** A valid regular expression. */
  readonly allow_origin_regex?: string
  readonly expose_headers?: readonly string[]
  /** In seconds. */
  readonly max_age?: number
}

export interface GraphConfig extends ModulePath {
  readonly description?: string
}

export interface AuthConfig extends ModulePath {
  /** Undefined where langgraph.json does not say. */
  readonly disableStudioAuth: boolean | undefined
}

/** What langgraph.json and .env say, with absolute paths and defaults filled in. */
export interface ProjectConfig {
  /** The folder that paths are relative to: absolute, and free of symbolic links. */
  readonly root: string
  /** The path of langgraph.json; undefined where there is none. */
  readonly file: string | undefined
  /** By name. Empty where langgraph.json names none. */
  readonly graphs: Readonly<Record<string, GraphConfig>>
  /** Undefined where no auth file is named and none is found. Only `authRequired: false` lets that through. */
  readonly auth: AuthConfig | undefined
  /** The variables of .env, or of the object under `env`. The real environment is not in it. */
  readonly env: Readonly<Record<string, string>>
  readonly http: {
    readonly cors?: CorsConfig
    readonly disable: Readonly<Record<'assistants' | 'threads' | 'runs' | 'store' | 'meta', boolean>>
    /** Globs of names. */
    readonly configurableHeaders?: { readonly includes?: readonly string[]; readonly excludes?: readonly string[] }
  }
  readonly webhooks: WebhookConfig
  readonly store: StoreConfig
  readonly threadTtl: ThreadTtlConfig
  /** What authkit alone knows: the section `authkit`. */
  readonly authkit: {
    readonly unscopedGraphStore: boolean
    readonly issuer: { readonly clients: readonly ClientConfig[] }
    readonly login: LoginConfig
  }
  /** The files whose edit means: read the config again. They need not exist. */
  readonly inputs: readonly string[]
  /** What is written there and has no effect in `authkit dev`, one sentence each. */
  readonly warnings: readonly string[]
}

export interface ConfigOptions {
  /** langgraph.json under another name, or its folder; relative to the root. Its own folder becomes the root. */
  readonly configFile?: string | undefined
  /** False under `--no-auth`: a missing auth file is no error then. */
  readonly authRequired?: boolean | undefined
  /** The auth file, as langgraph.json would write it and in its place. */
  readonly authFile?: string | undefined
  /** True where langgraph.json was there before: without it, other rules than those it named would be in force. */
  readonly fileRequired?: boolean | undefined
}

/** The outcome of one reading. `config` may stand beside `error`: all is known then, except where auth.ts is. */
export interface ConfigReading {
  readonly root: string
  readonly config: ProjectConfig | undefined
  readonly error: AuthkitError | undefined
  /** What was read, and what it said then. */
  readonly inputs: ReadonlyMap<string, Fingerprint>
}

/** Where an auth file is looked for when nothing names one, in this order. */
const AUTH_FILES = ['auth.ts', 'auth.mts', 'auth.js', 'auth.mjs'] as const

/**
 * Reads langgraph.json, and the .env file it names. Without langgraph.json the project is `./auth.ts:auth` and `.env`.
 *
 * @throws AuthkitError `config_invalid` with the file, line and key, or `auth_file_not_found`.
 */
export async function readConfig(root: string, options: ConfigOptions = {}): Promise<ProjectConfig> {
  const { config, error } = await inspectConfig(root, options)
  if (error) throw error
  return config as ProjectConfig
}

/** {@link readConfig} for a reader that goes on after an error: it also says which files would end the error. */
export async function inspectConfig(
  folder: string,
  { configFile, authFile, authRequired = true, fileRequired = false }: ConfigOptions = {},
): Promise<ConfigReading> {
  const file = await configPathIn(folder, configFile)
  const root = dirname(file)
  const inputs = new Map<string, Fingerprint>()
  const read: ReadText = async (path) => {
    // What can't be read is watched too: it may be put right.
    inputs.set(path, ABSENT)
    const content = await readIfThere(path, root)
    inputs.set(path, content ? fingerprintOf(content) : ABSENT)
    return content && withoutByteOrderMark(content)
  }
  try {
    const text = await read(file)
    if (text === undefined && configFile !== undefined) {
      throw new AuthkitError('config_invalid', `There is no ${relativeTo(await realpath(folder), file)}.`)
    }
    if (text === undefined && fileRequired) {
      throw new AuthkitError('config_invalid', `${relativeTo(root, file)} is gone.`, {
        hint: 'Put it back, or start again without it: then ./auth.ts is served.',
      })
    }
    const { json, warnings } = await parseConfig(text ?? '{}', relativeTo(root, file))
    const env = await variablesOf(json, root, read)
    const graphs = graphsOf(json, root)
    const http = httpOf(json)
    const webhooks = webhooksOf(json)
    const store = storeOf(json, root)
    const { auth, missing } = await authOf(json, root, { authFile, search: text === undefined, inputs })
    const config: ProjectConfig = {
      root,
      file: text === undefined ? undefined : file,
      graphs: graphs.found,
      auth,
      env: env.found,
      http,
      webhooks: webhooks.found,
      store: store.found,
      threadTtl: threadTtlOf(json),
      authkit: {
        unscopedGraphStore: json.authkit?.unscoped_graph_store ?? false,
        issuer: { clients: clientsOf(json.authkit?.issuer?.clients ?? []) },
        login: loginOf(json.authkit?.login ?? {}),
      },
      inputs: [...inputs.keys()],
      warnings: [
        ...warnings,
        ...env.warnings,
        ...graphs.warnings,
        ...corsWarnings(http),
        ...webhooks.warnings,
        ...store.warnings,
      ],
    }
    return { root, config, error: authRequired ? missing : undefined, inputs }
  } catch (error) {
    if (error instanceof AuthkitError) return { root, config: undefined, error, inputs }
    throw error
  }
}

type ReadText = (path: string) => Promise<string | undefined>

/** langgraph.json after {@link checkKeys}: the parts of it that `authkit dev` acts on. */
interface RawConfig extends RawServices {
  readonly graphs?: Readonly<Record<string, string | { path: string; description?: string | null }>> | null
  readonly env?: string | Readonly<Record<string, string>> | null
  readonly auth?: { readonly path?: string | null; readonly disable_studio_auth?: boolean | null } | null
  readonly http?:
    | (Readonly<Record<`disable_${string}`, boolean | null>> & {
        readonly cors?: CorsConfig | null
        readonly configurable_headers?: {
          readonly includes?: readonly string[] | null
          readonly excludes?: readonly string[] | null
        } | null
      })
    | null
  readonly authkit?: {
    readonly unscoped_graph_store?: boolean | null
    readonly issuer?: { readonly clients?: readonly RawClient[] | null } | null
    readonly login?: RawLogin | null
  } | null
}

async function configPathIn(folder: string, configFile: string | undefined): Promise<string> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new AuthkitError('config_invalid', `There is no folder ${folder}.`, { cause })
  })
  if (configFile === undefined) return join(root, 'langgraph.json')
  const given = resolve(root, configFile)
  const path = (await isFolder(given)) ? join(given, 'langgraph.json') : given
  // The folder without its symbolic links, because that is what esbuild and the watcher will call it.
  return join(await realpath(dirname(path)).catch(() => dirname(path)), path.slice(dirname(path).length))
}

async function parseConfig(text: string, name: string): Promise<{ json: RawConfig; warnings: readonly string[] }> {
  const { json, lenient } = await parseJson(text, name)
  const { problem, warnings } = checkKeys(json)
  if (problem) throw new AuthkitError('config_invalid', `${await placeOf(problem, text, name)}: ${problem.text}`)
  const portability = `${name} has comments or trailing commas: LangGraph's own tools read plain JSON and refuse it.`
  return { json: json as RawConfig, warnings: lenient ? [portability, ...warnings] : warnings }
}

async function parseJson(text: string, name: string): Promise<{ json: unknown; lenient: boolean }> {
  try {
    return { json: JSON.parse(text), lenient: false }
  } catch (cause) {
    // Only now: most files are plain JSON, and this import costs more than all the rest of the reading.
    const { parse, printParseErrorCode } = await import('jsonc-parser')
    const errors: ParseError[] = []
    const json: unknown = parse(text, errors, { allowTrailingComma: true })
    const [first] = errors
    if (!first) return { json, lenient: true }
    const what = printParseErrorCode(first.error).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    throw new AuthkitError('config_invalid', `${name}:${positionOf(text, first.offset)}: Not valid JSON: ${what}.`, {
      cause,
    })
  }
}

async function placeOf({ at }: KeyProblem, text: string, name: string): Promise<string> {
  const { findNodeAtLocation, parseTree } = await import('jsonc-parser')
  const tree = parseTree(text)
  const node = tree && findNodeAtLocation(tree, [...at])
  const property = node?.parent?.type === 'property' ? node.parent : node
  return `${name}:${positionOf(text, property?.offset ?? 0)}`
}

async function variablesOf({ env }: RawConfig, root: string, read: ReadText) {
  if (typeof env === 'object' && env !== null) return { found: env, warnings: [] }
  const text = await read(resolve(root, (env ?? '.env').replaceAll('\\', '/')))
  const missing = `env names ${env}, which does not exist: no variables were set.`
  if (text === undefined) return { found: {}, warnings: env ? [missing] : [] }
  return { found: parseEnv(text) as Record<string, string>, warnings: [] }
}

function graphsOf({ graphs }: RawConfig, root: string) {
  const found: Record<string, GraphConfig> = {}
  const warnings: string[] = []
  for (const [name, value] of Object.entries(graphs ?? {})) {
    const { path, description } = typeof value === 'string' ? { path: value, description: undefined } : value
    const graph = parseModulePath(path, root)
    if (extname(graph.path) === '.py') {
      warnings.push(`graphs.${name} is ignored by authkit dev: ${relativeTo(root, graph.path)} is Python.`)
    } else {
      found[name] = description ? { ...graph, description } : graph
    }
  }
  return { found, warnings }
}

interface AuthSearch {
  readonly authFile: string | undefined
  /** Whether to look for the usual names. */
  readonly search: boolean
  readonly inputs: Map<string, Fingerprint>
}

async function authOf(
  { auth }: RawConfig,
  root: string,
  { authFile, search, inputs }: AuthSearch,
): Promise<{ auth: AuthConfig | undefined; missing: AuthkitError | undefined }> {
  const usual = search ? AUTH_FILES.map((name) => `./${name}:auth`) : []
  const named = authFile ?? auth?.path
  const candidates = named ? [named] : usual
  for (const candidate of candidates) {
    const module = parseModulePath(candidate, root)
    if (extname(module.path) === '.py') {
      throw new AuthkitError('config_invalid', `auth.path names ${relativeTo(root, module.path)}, which is Python.`, {
        hint: 'authkit dev runs an auth file written in TypeScript or JavaScript; `authkit init` writes one.',
      })
    }
    const found = { ...module, disableStudioAuth: auth?.disable_studio_auth ?? undefined }
    if (await isFile(module.path)) return { auth: found, missing: undefined }
    inputs.set(module.path, ABSENT)
    if (named) {
      const name = relativeTo(root, module.path)
      const text = authFile ? `There is no ${name}.` : `auth.path names ${name}, which does not exist.`
      return { auth: found, missing: new AuthkitError('auth_file_not_found', text) }
    }
  }
  return { auth: undefined, missing: nothingNamed(search, await isFile(join(root, 'auth.ts'))) }
}

function nothingNamed(searched: boolean, hasAuthFile: boolean): AuthkitError {
  if (searched)
    return new AuthkitError(
      'auth_file_not_found',
      'There is no auth.ts here, and no langgraph.json that names another file.',
    )
  return new AuthkitError(
    'auth_file_not_found',
    'langgraph.json names no auth file, so nobody would be asked who they are.',
    {
      hint: hasAuthFile
        ? 'Add "auth": { "path": "./auth.ts:auth" } to langgraph.json.'
        : 'Run `authkit init`, which writes an auth.ts and names it in langgraph.json.',
    },
  )
}

function httpOf({ http }: RawConfig): ProjectConfig['http'] {
  const { cors, configurable_headers: headers } = http ?? {}
  const isOff = (name: string) => http?.[`disable_${name}`] ?? false
  return {
    ...(cors && { cors: withoutNulls(cors) }),
    ...(headers && { configurableHeaders: withoutNulls(headers) as { includes?: string[]; excludes?: string[] } }),
    disable: {
      assistants: isOff('assistants'),
      threads: isOff('threads'),
      runs: isOff('runs'),
      store: isOff('store'),
      meta: isOff('meta'),
    },
  }
}

function withoutNulls(section: object): object {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== null))
}

/** "Every page" together with "with the cookies of the user" would hand every user to every page. */
function corsWarnings({ cors = {} }: ProjectConfig['http']): string[] {
  const { allow_credentials = false, allow_origins = [], allow_origin_regex: pattern } = cors
  if (!allow_credentials) return []
  // No page has this origin: a pattern that matches it matches every page.
  const everyone = pattern !== undefined && new RegExp(`^(?:${pattern})$`).test('https://any-page.invalid')
  if (!everyone && !allow_origins.includes('*')) return []
  const key = everyone ? 'http.cors.allow_origin_regex' : 'http.cors.allow_origins'
  return [`http.cors.allow_credentials is ignored: ${key} lets the pages of every origin in. Name the origins.`]
}

async function readIfThere(path: string, root: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const why = code === 'EISDIR' ? 'it is a folder' : (code ?? 'unknown error')
    throw new AuthkitError('config_invalid', `${relativeTo(root, path)} cannot be read: ${why}.`, { cause })
  }
}

function withoutByteOrderMark(content: Buffer): string {
  return content.toString('utf8').replace(/^\uFEFF/, '')
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}
