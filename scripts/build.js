// Builds dist/: the library, what `import "authkit"` means in dev, and one file for each command. Packages that are only
// code are bundled, because starting up means reading files; what is native, large and rarely needed, or looks for its own
// files stays outside.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
process.chdir(root)

rmSync('dist', { recursive: true, force: true })

await build({
  entryPoints: [
    'src/index.ts',
    'src/authkit-in-dev.ts',
    'src/testing/index.ts',
    'src/cli/main.ts',
    ...commands('src/commands'),
  ],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  // Smaller files start faster; names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  chunkNames: 'chunks/[name]-[hash]',
  external: [
    'better-sqlite3',
    'esbuild',
    'chokidar',
    'open',
    // Its classes are known by their names, which bundling changes.
    'oidc-provider',
    '@clack/prompts',
    'vitest',
    '@langchain/*',
    // It asks its classes for their names, which bundling takes away.
    'oidc-provider/*',
    'ts-node',
    'typescript',
  ],
  // CommonJS packages that are bundled expect require, __filename and __dirname.
  banner: {
    js: [
      `import { createRequire as __createRequire } from 'node:module'`,
      `import { fileURLToPath as __toPath } from 'node:url'`,
      `const require = __createRequire(import.meta.url), __filename = __toPath(import.meta.url), __dirname = __toPath(new URL('.', import.meta.url))`,
    ].join('\n'),
  },
  logLevel: 'warning',
})

mkdirSync('dist/docs-ui', { recursive: true })
const swagger = dirname(require.resolve('swagger-ui-dist/package.json'))
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js'])
  copyFileSync(join(swagger, file), join('dist/docs-ui', file))

execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
keepTypesOf('dist/types/index.d.ts', 'dist/types/testing/index.d.ts')

// The manifest lets a command start without loading the others.
const { Plugin } = await import('@oclif/core')
const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
await plugin.load()
writeFileSync('oclif.manifest.json', `${JSON.stringify(plugin.manifest, null, 2)}\n`)

/** Removes the declarations that these files do not lead to: nobody can name what is in them. */
function keepTypesOf(...entries) {
  const kept = new Set(entries)
  for (const file of kept)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g))
      kept.add(join(dirname(file), `${path}.d.ts`))
  const all = readdirSync('dist/types', { recursive: true }).map((file) => join('dist/types', file))
  for (const file of all) if (file.endsWith('.d.ts') && !kept.has(file)) rmSync(file)
}

function commands(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
}
