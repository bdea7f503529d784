import { randomUUID } from 'node:crypto'
import { mkdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildContext, BuildFailure, BuildResult, Message } from 'esbuild'
import { AuthkitError } from '../errors/authkit-error.js'
import { type AuthkitImport, type BuildLog, bundlePlugin, META_NAMES, type MissingImport } from './bundle-plugin.js'
import type { Fingerprint } from './fingerprint.js'
import { relativeTo } from './source-position.js'

export interface ModuleLoaderOptions {
  /** The folder of the project: absolute, and free of symbolic links. */
  readonly root: string
  /** The file to load, absolute. */
  readonly entry: string
  /**
   * What `import ... from "authkit"` means: a path or file URL. A JavaScript file is imported as it is, so that it is one
   * module for everybody; a TypeScript file, which Node cannot import, is bundled into the output.
   */
  readonly authkitEntry: string
  /** The code of the error that a file which does not compile or load ends in. */
  readonly code: 'auth_file_broken' | 'graph_broken'
  /** How long the top level of the module may take, a top-level await included. */
  readonly timeoutMs?: number
}

/** One attempt to load the file. `inputs` are the files it was made of: when one changes, it is worth another attempt. */
export type ModuleLoad =
  | {
      readonly kind: 'loaded'
      /** The exports. Those of a CommonJS file stand here by name too. */
      readonly namespace: Readonly<Record<string, unknown>>
      readonly inputs: ReadonlyMap<string, Fingerprint>
    }
  | {
      readonly kind: 'failed'
      /** The message begins with `file:line:column: `, as far as these are known. */
      readonly error: AuthkitError
      readonly inputs: ReadonlyMap<string, Fingerprint>
      readonly missing: readonly MissingImport[]
    }

export interface LoadOptions {
  /** Ends the waiting for a top level that takes its time: the load then fails. */
  readonly signal?: AbortSignal
  /** Told what the file is made of as soon as that is known, before its top level runs. */
  readonly onInputs?: (inputs: ReadonlyMap<string, Fingerprint>) => void
}

export interface ModuleLoader {
  /** Bundles and imports the file afresh. Never rejects because of the file; one call at a time. */
  load(options?: LoadOptions): Promise<ModuleLoad>
  close(): Promise<void>
}

type Context = BuildContext<{ write: false; metafile: true }>

interface Output {
  readonly path: string
  readonly code: string
  readonly map: SourceMap
}

/**
 * Loads a TypeScript or JavaScript file of a project again and again, in this process. Packages stay external, so a load
 * costs milliseconds and a package keeps its state; the file and what it imports by path is new each time.
 *
 * Every load leaves one module behind, because Node never frees one.
 *
 * @example
 * const loader = createModuleLoader({ root, entry: join(root, 'auth.ts'), authkitEntry, code: 'auth_file_broken' })
 * const load = await loader.load()
 * if (load.kind === 'loaded') use(load.namespace.auth)
 */
export function createModuleLoader(options: ModuleLoaderOptions): ModuleLoader {
  const { root, entry, authkitEntry, code, timeoutMs = 10_000 } = options
  let log = newLog()
  let outputFolder = root
  let used: string | undefined
  let context: Context | undefined

  async function openContext(): Promise<Context> {
    // Node maps a stack trace only through the maps of modules that were loaded after this.
    process.setSourceMapsEnabled(true)
    return await esbuild().context({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      // What Node reads of a package.json: esbuild would prefer "module", and drop files by "sideEffects".
      mainFields: ['main'],
      conditions: [],
      ignoreAnnotations: true,
      sourcemap: 'external',
      sourcesContent: false,
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      absWorkingDir: root,
      outfile: join(root, 'output.mjs'),
      define: META_NAMES,
      // For require() in CommonJS files. A `require` that a source declares itself is renamed by esbuild.
      banner: {
        js: "import{createRequire as __authkitCreateRequire}from'node:module';const require=__authkitCreateRequire(import.meta.url);",
      },
      plugins: [
        bundlePlugin({ authkit: authkitImport(authkitEntry), log: () => log, outputFolder: () => outputFolder }),
      ],
    })
  }

  async function load({ signal, onInputs }: LoadOptions = {}): Promise<ModuleLoad> {
    log = newLog()
    try {
      outputFolder = await makeOutputFolder(root)
      used = outputFolder
      context ??= await openContext()
      const result = await context.rebuild()
      onInputs?.(log.inputs)
      const output = outputOf(result, root, join(outputFolder, outputName(entry)))
      try {
        const namespace = await importOnce(output, timeoutMs, signal)
        return { kind: 'loaded', namespace: withNamedExports(namespace, result), inputs: log.inputs }
      } catch (error) {
        return failed(loadError(error, output))
      }
    } catch (error) {
      if (isBuildFailure(error)) return failed(buildError(error))
      // Not about the file: the disk, or esbuild's process. The next load starts over.
      void context?.dispose().catch(() => undefined)
      context = undefined
      const name = relativeTo(root, entry)
      const detail = `${name}: The file could not be loaded. ${SEE_TERMINAL}`
      return failed(new AuthkitError(code, `${name}: ${textOf(error)}`, { cause: error, detail }))
    }
  }

  const failed = (error: AuthkitError): ModuleLoad => ({
    kind: 'failed',
    error,
    inputs: log.inputs,
    missing: log.missing,
  })

  function buildError(failure: BuildFailure): AuthkitError {
    const [first, ...others] = failure.errors
    if (!first) return new AuthkitError(code, `${relativeTo(root, entry)}: ${failure.message}`, { cause: failure })
    const more = others.length === 0 ? '' : ` (and ${others.length} more ${others.length === 1 ? 'error' : 'errors'})`
    return new AuthkitError(code, `${placeOf(first)}: ${first.text}${more}`, { cause: failure })
  }

  function placeOf({ location }: Message): string {
    if (!location) return relativeTo(root, entry)
    const path = resolve(root, location.file)
    const prefix = location.line === 1 ? (log.prefixes.get(path) ?? 0) : 0
    // esbuild counts bytes from 0; people count characters from 1.
    const before = Buffer.from(location.lineText).subarray(prefix, location.column).toString('utf8')
    return `${relativeTo(root, path)}:${location.line}:${before.length + 1}`
  }

  function loadError(thrown: unknown, output: Output): AuthkitError {
    if (thrown instanceof Waited) {
      return new AuthkitError(code, `${relativeTo(root, entry)}: ${thrown.message}`, { cause: thrown })
    }
    const place = (thrown instanceof Error ? placeIn(thrown, output) : undefined) ?? relativeTo(root, entry)
    // Node names the importing file in some messages; the output is no file that anyone knows.
    const text = textOf(thrown).replaceAll(pathToFileURL(output.path).href, relativeTo(root, entry))
    const message = text.replaceAll(output.path, relativeTo(root, entry))
    // What a file throws may quote what it was working with, such as a connection string.
    const detail = `${place}: ${kindOf(thrown)} was thrown while the file loaded. ${SEE_TERMINAL}`
    return new AuthkitError(code, `${place}: ${message}`, { cause: thrown, detail })
  }

  /** The first place in a stack trace that lies in a file of the project. Node has mapped the trace, or we do. */
  function placeIn(error: Error, output: Output): string | undefined {
    const sources = new Map([...log.inputs.keys()].map((path) => [pathToFileURL(path).href, path]))
    for (const line of (error.stack ?? '').split('\n')) {
      const found = frameIn(line, [output.path, ...log.inputs.keys()])
      if (!found) continue
      const [path, row, column] = found
      if (path !== output.path) return placeText(path, row, column)
      const origin = output.map.findEntry(row - 1, column - 1)
      const source = sources.get('originalSource' in origin ? origin.originalSource : '')
      if (source && 'originalLine' in origin)
        return placeText(source, origin.originalLine + 1, origin.originalColumn + 1)
    }
    return undefined
  }

  function placeText(path: string, line: number, column: number): string {
    const prefix = line === 1 ? (log.prefixes.get(path) ?? 0) : 0
    return `${relativeTo(root, path)}:${line}:${Math.max(1, column - prefix)}`
  }

  async function close(): Promise<void> {
    await context?.dispose()
    if (!used) return
    // Each only if it is empty: .authkit also holds the database, and another loader may be using its folder.
    await rmdir(used).catch(() => undefined)
    if (dirname(used) === join(root, '.authkit')) await rmdir(dirname(used)).catch(() => undefined)
  }

  return { load, close }
}

/** Starts esbuild's process ahead of the first load, while its caller has other things to do. */
export async function prepareModuleLoaders(): Promise<void> {
  try {
    await esbuild().transform('')
  } catch {
    // It fails again in the first load, and is reported there.
  }
}

// By require, because Node takes 30 ms longer to import a CommonJS package of this size: it looks for its exports first.
function esbuild(): typeof import('esbuild') {
  return createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
}

function newLog(): BuildLog {
  return { inputs: new Map(), missing: [], prefixes: new Map() }
}

function authkitImport(entry: string): AuthkitImport {
  const path = entry.startsWith('file:') ? fileURLToPath(entry) : resolve(entry)
  if (/\.[cm]?ts$/.test(path)) return { kind: 'bundle', entry: path }
  return { kind: 'external', url: pathToFileURL(path).href }
}

// The output has to lie where a bare import finds the packages of the project.
async function makeOutputFolder(root: string): Promise<string> {
  const hasPackages = (await stat(join(root, 'node_modules')).catch(() => undefined))?.isDirectory() ?? false
  const folder = hasPackages ? join(root, 'node_modules', '.authkit') : join(root, '.authkit', 'build')
  // For the owner alone: the output holds the sources, and .authkit gets the database.
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

// Node keeps a module for ever under its URL, so every import needs one of its own.
function outputName(entry: string): string {
  return `${basename(entry, extname(entry))}-${randomUUID()}.mjs`
}

function outputOf(result: BuildResult<{ write: false }>, root: string, path: string): Output {
  const text = (suffix: string) => result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? ''
  const payload = JSON.parse(text('.map')) as SourceMapPayload
  // Absolute, because the output is imported from a folder that can change between two builds.
  payload.sources = payload.sources.map((source) => pathToFileURL(resolve(root, source)).href)
  const inline = Buffer.from(JSON.stringify(payload)).toString('base64')
  const code = `${text('.mjs')}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`
  return { path, code, map: new SourceMap(payload) }
}

/**
 * `import()` by Node itself, whatever runs this file: a test runner rewrites the expression to go through its own module
 * graph, which neither loads nor maps a file as production does. It leaves a data: module to Node.
 */
async function importNatively(url: string): Promise<Record<string, unknown>> {
  const { load } = (await import(/* @vite-ignore */ NATIVE_IMPORT)) as { load: typeof importNatively }
  return await load(url)
}

const NATIVE_IMPORT = 'data:text/javascript,export const load = (url) => import(url)' as string

/** The end of waiting for a module. No module can throw one, so its text is ours. */
class Waited extends Error {}

const GIVEN_UP = 'The load was given up.'

async function importOnce(
  { path, code }: Output,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  await writeFile(path, code)
  let timer: NodeJS.Timeout | undefined
  try {
    if (signal?.aborted) throw new Waited(GIVEN_UP)
    const over = new Promise<never>((_, reject) => {
      const late = `Still loading after ${timeoutMs / 1000} s: does a top-level await never end?`
      timer = setTimeout(() => reject(new Waited(late)), timeoutMs)
      signal?.addEventListener('abort', () => reject(new Waited(GIVEN_UP)), { once: true })
    })
    return await Promise.race([importNatively(pathToFileURL(path).href), over])
  } finally {
    clearTimeout(timer)
    await unlink(path)
  }
}

/** esbuild gives a CommonJS entry one export, `default`; Node would also offer its names. */
function withNamedExports(
  namespace: Record<string, unknown>,
  { metafile }: BuildResult<{ metafile: true }>,
): Record<string, unknown> {
  const entry = Object.values(metafile.outputs).find((output) => output.entryPoint)?.entryPoint ?? ''
  const exported = namespace['default']
  if (metafile.inputs[entry]?.format !== 'cjs' || typeof exported !== 'object' || exported === null) return namespace
  const names = exported as Record<string, unknown>
  return { ...names, default: names['__esModule'] ? names['default'] : exported }
}

/** `path:line:column` in one line of a stack trace, for the paths that are asked for. */
function frameIn(line: string, paths: readonly string[]): [path: string, line: number, column: number] | undefined {
  for (const path of paths) {
    for (const name of [pathToFileURL(path).href, path]) {
      const at = line.indexOf(`${name}:`)
      const [, row, column] = at === -1 ? [] : (/^(\d+)(?::(\d+))?/.exec(line.slice(at + name.length + 1)) ?? [])
      if (row !== undefined) return [path, Number(row), Number(column ?? 1)]
    }
  }
  return undefined
}

const SEE_TERMINAL = 'The terminal of authkit dev shows its message.'

/** The class of what was thrown, and nothing that it says. */
function kindOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `A value of type ${typeof thrown}`
  return /^\w+$/.test(thrown.name) ? thrown.name : 'Error'
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `threw ${typeof thrown === 'string' ? JSON.stringify(thrown) : String(thrown)}`
  return thrown.name === 'Error' ? thrown.message : `${thrown.name}: ${thrown.message}`
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
