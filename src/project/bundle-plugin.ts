import { readFile, stat } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Loader, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { type Fingerprint, fingerprintOf } from './fingerprint.js'

/** An import that led nowhere. Creating the file, or installing the package, may mend it. */
export interface MissingImport {
  readonly specifier: string
  /** The folder of the file that imports it. */
  readonly from: string
}

/** What one build looked at. Filled even when the build fails. */
export interface BuildLog {
  /** Every file that was read, and exactly what it said then. */
  readonly inputs: Map<string, Fingerprint>
  readonly missing: MissingImport[]
  /** How many bytes were put in front of the first line of a file. */
  readonly prefixes: Map<string, number>
}

/** Where `import ... from "authkit"` goes: a module to import, or a source file to bundle. */
export type AuthkitImport =
  | { readonly kind: 'external'; readonly url: string }
  | { readonly kind: 'bundle'; readonly entry: string }

export interface BundlePluginOptions {
  readonly authkit: AuthkitImport
  /** The log of the build that is running. */
  readonly log: () => BuildLog
  /** The folder that the output is imported from. It exists. */
  readonly outputFolder: () => string
}

const LOADERS: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
  '.json': 'json',
}

/** The names that stand for `import.meta.url` and its like in the output. esbuild renames them apart, file by file. */
export const META_NAMES = {
  'import.meta.url': '__authkitUrl',
  'import.meta.filename': '__authkitFilename',
  'import.meta.dirname': '__authkitDirname',
  __filename: '__authkitFilename',
  __dirname: '__authkitDirname',
} as const

// Marks our own question to esbuild's resolver, which asks every plugin again, this one included.
const ASKED_BY_US = Symbol('asked by us')

const IN_NODE_MODULES = /[\\/]node_modules[\\/]/

/**
 * Resolves imports as Node would, and reads the sources.
 *
 * esbuild's own `packages: "external"` leaves every name alone that looks like a package, so an alias that leads nowhere
 * is an external like any other and fails at import time, without a line. Here every import is resolved at build time:
 * what lies in node_modules stays external, what lies elsewhere (tsconfig paths, `#imports`, a linked workspace package in
 * TypeScript, which Node cannot import) is bundled, and what leads nowhere is an error with its line.
 */
export function bundlePlugin({ authkit, log, outputFolder }: BundlePluginOptions): Plugin {
  async function resolveImport(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
    const { path, kind, importer, resolveDir } = args
    if (kind === 'entry-point' || args.pluginData === ASKED_BY_US) return undefined
    if (path === 'authkit') {
      return authkit.kind === 'bundle' ? { path: authkit.entry } : { path: authkit.url, external: true }
    }
    if (path.startsWith('authkit/')) {
      return { errors: [{ text: `"${path}" does not exist: import from "authkit" itself.` }] }
    }
    if (isBuiltin(path) || /^(?:data|file|https?):/.test(path)) return { path, external: true }

    const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: ASKED_BY_US })
    if (found.errors.length > 0) {
      // A package that may be absent: `await import("x")` in a try. Node decides when the line is reached.
      if (kind !== 'import-statement' && !isPath(path)) return { path, external: true }
      log().missing.push({ specifier: path, from: resolveDir })
      return { errors: [{ text: await explain(path, resolveDir) }] }
    }
    if (found.external || found.namespace !== 'file' || !IN_NODE_MODULES.test(found.path)) return found
    const fromOutput = await build.resolve(path, {
      kind,
      importer: join(outputFolder(), 'output.mjs'),
      resolveDir: outputFolder(),
      pluginData: ASKED_BY_US,
    })
    if (fromOutput.errors.length === 0 && fromOutput.path === found.path) return { path, external: true }
    // The name means something else, or nothing, where the output lies: a dependency of a linked workspace package.
    return { path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href, external: true }
  }

  return {
    name: 'authkit',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => resolveImport(build, args))
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        const source = await readFile(path)
        log().inputs.set(path, fingerprintOf(source))
        const loader = LOADERS[extname(path)]
        // esbuild would take text and style sheets too, and the file would run here and nowhere else.
        if (!loader) return { errors: [{ text: `${basename(path)} is neither TypeScript, JavaScript nor JSON.` }] }
        if (loader === 'json' || !mentionsItself(source)) return { contents: source, loader }
        const prefix = metaPrefix(path)
        log().prefixes.set(path, Buffer.byteLength(prefix))
        return { contents: prefix + source.toString('utf8').replace(/^\uFEFF?#!/, '//'), loader }
      })
    },
  }
}

/** The part of an import that names the package: `@scope/name` or `name`. */
export function packageOf(specifier: string): string {
  const [first = '', second] = specifier.split('/')
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first
}

/** Whether an import is a path and not the name of a package or an alias. */
export function isPath(specifier: string): boolean {
  return specifier.startsWith('.') || isAbsolute(specifier)
}

function mentionsItself(source: Buffer): boolean {
  return source.includes('import.meta') || source.includes('__dirname') || source.includes('__filename')
}

// On the first line, so that the lines of the source stay what they are.
function metaPrefix(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href)
  return `var __authkitUrl=${url},__authkitFilename=${JSON.stringify(path)},__authkitDirname=${JSON.stringify(dirname(path))};`
}

async function explain(specifier: string, from: string): Promise<string> {
  if (isPath(specifier)) return `Cannot find "${specifier}".`
  const name = packageOf(specifier)
  if (await isInstalled(name, from))
    return `Cannot find "${specifier}": the package "${name}" is installed, but has no such export.`
  if (name === '@langchain/langgraph-sdk') {
    return `Cannot find "${specifier}". Run \`npm install ${name}\`, or import Auth from "authkit", which needs no installation.`
  }
  return `Cannot find "${specifier}": no package "${name}" is installed, and no path in tsconfig.json leads to a file.`
}

async function isInstalled(name: string, from: string): Promise<boolean> {
  const here = await stat(join(from, 'node_modules', name)).catch(() => undefined)
  if (here) return true
  return dirname(from) === from ? false : await isInstalled(name, dirname(from))
}
