import { execFile } from 'node:child_process'
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build, stop } from 'esbuild'
import { describe, expect } from 'vitest'
import { createModuleLoader, type ModuleLoad } from '../../src/project/bundle.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'
import { packageFiles, type TempProject, test } from './temp-project.js'

async function load(
  project: TempProject,
  entry = 'auth.ts',
  options: { authkitEntry?: string; timeoutMs?: number } = {},
) {
  const { root, path } = project
  const loader = createModuleLoader({
    root,
    entry: path(entry),
    authkitEntry: AUTHKIT_ENTRY,
    code: 'auth_file_broken',
    ...options,
  })
  try {
    return await loader.load()
  } finally {
    await loader.close()
  }
}

function exportsOf(result: ModuleLoad): Readonly<Record<string, unknown>> {
  if (result.kind === 'failed') throw result.error
  return result.namespace
}

function messageOf(result: ModuleLoad): string {
  if (result.kind === 'loaded') throw new Error('The file loaded.')
  return result.error.message
}

describe('what a file may contain', () => {
  test('import.meta and __dirname name the source, file by file', async ({ project }) => {
    const self =
      'export const self = [import.meta.url, import.meta.filename, import.meta.dirname, __filename, __dirname]'
    await project.write({
      'auth.ts': `#!/usr/bin/env node\n${self}\nexport { self as other } from './src/deep/other.js'`,
      'src/deep/other.ts': self,
    })
    const { self: own, other } = exportsOf(await load(project))
    const expected = (name: string, folder: string) => [
      pathToFileURL(project.path(name)).href,
      project.path(name),
      project.path(folder),
      project.path(name),
      project.path(folder),
    ]
    expect(own).toEqual(expected('auth.ts', '.'))
    expect(other).toEqual(expected('src/deep/other.ts', 'src/deep'))
  })

  test('top-level await, JSON, enums and a require of its own', async ({ project }) => {
    await project.write({
      'auth.ts': `
        import { createRequire } from 'node:module'
        import data from './data.json' with { type: 'json' }
        enum Role { Reader, Writer }
        const require = createRequire(import.meta.url)
        export const seen = [await Promise.resolve('late'), data.name, Role.Writer, require('./data.json').name]`,
      'data.json': '{ "name": "from json" }',
    })
    expect(exportsOf(await load(project))['seen']).toEqual(['late', 'from json', 1, 'from json'])
  })

  test('CommonJS: its names are exports, and require finds packages and files', async ({ project }) => {
    await project.write({
      'auth.js': `const { name } = require('plain'); exports.auth = [name, require('./other'), __dirname]`,
      'other.js': 'module.exports = "other"',
      'node_modules/plain/index.js': 'exports.name = "plain"',
    })
    const namespace = exportsOf(await load(project, 'auth.js'))
    expect(namespace['auth']).toEqual(['plain', 'other', project.root])
    expect(namespace['default']).toMatchObject({ auth: namespace['auth'] })
  })

  test('tsconfig paths, through extends and comments', async ({ project }) => {
    await project.write({
      'tsconfig.json': '{ "extends": "./tsconfig.base.json" }',
      'tsconfig.base.json': '{ /* ours */ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
      'auth.ts': `export { name } from '@/name'`,
      'src/name.ts': 'export const name: string = "by alias"',
    })
    expect(exportsOf(await load(project))['name']).toBe('by alias')
  })

  test('#imports of package.json', async ({ project }) => {
    await project.write({
      'package.json': '{ "type": "module", "imports": { "#name": "./src/name.ts" } }',
      'auth.ts': `export { name } from '#name'`,
      'src/name.ts': 'export const name = "by subpath"',
    })
    expect(exportsOf(await load(project))['name']).toBe('by subpath')
  })

  test('a linked workspace package in TypeScript, with a dependency of its own', async ({ project }) => {
    await project.write({
      'app/auth.ts': `export { name } from '@acme/shared'`,
      'shared/package.json': '{ "name": "@acme/shared", "type": "module", "exports": "./index.ts" }',
      'shared/index.ts': `import { dep } from 'dep'\nexport const name: string = 'shared with ' + dep`,
      'shared/node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }',
      'shared/node_modules/dep/index.js': 'export const dep = "dep"',
    })
    await mkdir(project.path('app/node_modules/@acme'), { recursive: true })
    await symlink(project.path('shared'), project.path('app/node_modules/@acme/shared'))
    const app = { ...project, root: project.path('app') }
    const result = await load(app, 'app/auth.ts')
    expect(exportsOf(result)['name']).toBe('shared with dep')
    expect([...result.inputs.keys()]).toContain(project.path('shared/index.ts'))
  })

  test('an optional package, imported in a try', async ({ project }) => {
    await project.write({
      'auth.ts': `export const found = await import('not-installed').then(() => true, (error) => error.code)`,
    })
    expect(exportsOf(await load(project))['found']).toBe('ERR_MODULE_NOT_FOUND')
  })
})

describe('packages and authkit', () => {
  test('a package keeps its state over loads, a file of the project does not', async ({ project }) => {
    await project.write({
      ...packageFiles('counter', 'let count = 0; export const next = () => ++count'),
      'auth.ts': `import { next } from 'counter'\nimport { local } from './local.js'\nexport const counts = [next(), local()]`,
      'local.ts': 'let count = 0\nexport const local = () => ++count',
    })
    const loader = createModuleLoader({
      root: project.root,
      entry: project.path('auth.ts'),
      authkitEntry: AUTHKIT_ENTRY,
      code: 'auth_file_broken',
    })
    expect(exportsOf(await loader.load())['counts']).toEqual([1, 1])
    expect(exportsOf(await loader.load())['counts']).toEqual([2, 1])
    await loader.close()
  })

  test('"authkit" is the running one, even where another is installed or aliased', async ({ project }) => {
    await project.write({
      ...packageFiles('authkit', 'export const Auth = "installed"'),
      'tsconfig.json': '{ "compilerOptions": { "paths": { "authkit": ["./aliased.ts"] } } }',
      'aliased.ts': 'export const Auth = "aliased"',
      'running.mjs': 'export const Auth = "running"',
      'auth.ts': `export { Auth } from 'authkit'`,
    })
    const entry = project.path('running.mjs')
    expect(exportsOf(await load(project, 'auth.ts', { authkitEntry: entry }))['Auth']).toBe('running')
    const url = pathToFileURL(entry).href
    expect(exportsOf(await load(project, 'auth.ts', { authkitEntry: url }))['Auth']).toBe('running')
  })

  test("the load after the end of esbuild's process starts another one", async ({ project }) => {
    await project.write({ 'auth.ts': 'export const a = 1' })
    const loader = createModuleLoader({
      root: project.root,
      entry: project.path('auth.ts'),
      authkitEntry: AUTHKIT_ENTRY,
      code: 'auth_file_broken',
    })
    expect(exportsOf(await loader.load())['a']).toBe(1)
    await stop()
    expect(messageOf(await loader.load())).toMatch(/^auth\.ts: /)
    expect(exportsOf(await loader.load())['a']).toBe(1)
    await loader.close()
  })

  test('the output leaves nothing behind', async ({ project }) => {
    await project.write({ 'auth.ts': 'export const a = 1' })
    await load(project)
    expect(await readdir(project.root)).toEqual(['auth.ts'])
    await project.write(packageFiles('dep', ''))
    await load(project)
    expect(await readdir(project.path('node_modules'))).toEqual(['dep'])
    await project.write({ '.authkit/dev.db': '', 'auth.ts': 'throw new Error("after writing")' })
    await load(project)
    expect(await readdir(project.path('.authkit'))).toEqual(['dev.db'])
  })

  test('paths with spaces and letters of any language', async ({ project }) => {
    await project.write({
      'größe 数/mein projekt/auth.ts': `import { name } from './src/ñ %20.js'\nexport const who = name, url = import.meta.url`,
      'größe 数/mein projekt/src/ñ %20.ts': 'export const name = "ok"',
      'größe 数/mein projekt/broken.ts': '\nthrow new Error("here")',
    })
    const inner = { ...project, root: project.path('größe 数/mein projekt') }
    const loaded = exportsOf(await load(inner, 'größe 数/mein projekt/auth.ts'))
    expect(loaded['who']).toBe('ok')
    expect(fileURLToPath(String(loaded['url']))).toBe(project.path('größe 数/mein projekt/auth.ts'))
    expect(messageOf(await load(inner, 'größe 数/mein projekt/broken.ts'))).toBe('broken.ts:2:7: here')
  })
})

describe('a file that does not load says where', () => {
  const rows: { name: string; files: Record<string, string>; expected: RegExp | string }[] = [
    {
      name: 'a syntax error',
      files: { 'auth.ts': 'export const a = 1\nconst = 2\n' },
      expected: 'auth.ts:2:7: Expected identifier but found "="',
    },
    {
      name: 'three missing files',
      files: { 'auth.ts': `import './a.js'\nimport './b.js'\nimport './c.js'` },
      expected: 'auth.ts:1:8: Cannot find "./a.js". (and 2 more errors)',
    },
    {
      name: 'the first line of a file that asks for import.meta',
      files: { 'auth.ts': 'const ü = import.meta.url; const = 2' },
      expected: 'auth.ts:1:34: Expected identifier but found "="',
    },
    {
      name: 'a throw at load',
      files: { 'auth.ts': `const big = 1\n\nthrow new TypeError('no good')` },
      expected: 'auth.ts:3:7: TypeError: no good',
    },
    {
      name: 'a throw in the first line of a file that asks for import.meta',
      files: { 'auth.ts': `const url = import.meta.url; throw new Error('no good')` },
      expected: 'auth.ts:1:36: no good',
    },
    {
      name: 'a throw in an imported file',
      files: {
        'auth.ts': `import { f } from './src/f.js'\nexport const auth = f()`,
        'src/f.ts': `interface A { a: string }\nexport function f(): A {\n  throw new Error('deep')\n}`,
      },
      expected: 'src/f.ts:3:9: deep',
    },
    {
      name: 'a throw after a top-level await',
      files: { 'auth.ts': `await Promise.resolve()\nnull.x` },
      expected: /^auth\.ts:2:\d+: TypeError: Cannot read properties of null/,
    },
    { name: 'a thrown string', files: { 'auth.ts': `throw 'oops'` }, expected: 'auth.ts: threw "oops"' },
    {
      name: 'a missing file',
      files: { 'auth.ts': `\nimport { x } from './missing.js'\nexport const auth = x` },
      expected: 'auth.ts:2:19: Cannot find "./missing.js".',
    },
    {
      name: 'an alias that leads nowhere',
      files: {
        'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
        'auth.ts': `import { x } from '@/missing'\nexport const auth = x`,
      },
      expected:
        'auth.ts:1:19: Cannot find "@/missing": no package "@/missing" is installed, and no path in tsconfig.json leads to a file.',
    },
    {
      name: 'a package that is not installed',
      files: {
        'src/a.ts': `import { z } from 'zod/mini'\nexport const a = z`,
        'auth.ts': `export { a } from './src/a.js'`,
      },
      expected: /^src\/a\.ts:1:19: Cannot find "zod\/mini": no package "zod" is installed/,
    },
    {
      name: "LangGraph's Auth without its package",
      files: { 'auth.ts': `import { Auth } from '@langchain/langgraph-sdk/auth'\nexport const auth = new Auth()` },
      expected:
        'auth.ts:1:22: Cannot find "@langchain/langgraph-sdk/auth". Run `npm install @langchain/langgraph-sdk`, or import Auth from "authkit", which needs no installation.',
    },
    {
      name: 'a subpath that a package does not export',
      files: { ...packageFiles('dep', ''), 'auth.ts': `import { x } from 'dep/inner'\nexport const auth = x` },
      expected: 'auth.ts:1:19: Cannot find "dep/inner": the package "dep" is installed, but has no such export.',
    },
    {
      name: 'a file that Node could not load either',
      files: { 'auth.ts': `import text from './notes.txt'\nexport const auth = text`, 'notes.txt': '' },
      expected: /notes\.txt is neither TypeScript, JavaScript nor JSON\.$/,
    },
    {
      name: 'a subpath of authkit',
      files: { 'auth.ts': `import { x } from 'authkit/inner'\nexport const auth = x` },
      expected: 'auth.ts:1:19: "authkit/inner" does not exist: import from "authkit" itself.',
    },
    {
      name: 'a name that a file does not export',
      files: {
        'auth.ts': `import { nope } from './other.js'\nexport const auth = nope`,
        'other.ts': 'export const other = 1',
      },
      expected: /^auth\.ts:1:10: No matching export in "other\.ts" for import "nope"$/,
    },
    {
      name: 'a name that a package does not export',
      files: {
        ...packageFiles('dep', ''),
        'auth.ts': `// first line\nimport { nope } from 'dep'\nexport const auth = nope`,
      },
      expected: /^auth\.ts:2:\d+: SyntaxError: .*'dep' does not provide an export named 'nope'/,
    },
  ]

  for (const { name, files, expected } of rows) {
    test(name, async ({ project }) => {
      await project.write(files)
      const message = messageOf(await load(project))
      if (typeof expected === 'string') expect(message).toBe(expected)
      else expect(message).toMatch(expected)
    })
  }

  test('and a client is told what was thrown, but not what it said', async ({ project }) => {
    const secret = 'postgres://app:hunter2@db/prod'
    for (const [thrown, detail] of [
      [`new TypeError('${secret}')`, /^auth\.ts:2:7: TypeError was thrown while the file loaded\. The terminal/],
      [`'${secret}'`, /^auth\.ts: A value of type string was thrown while the file loaded\./],
      [
        `Object.assign(new Error('x'), { name: '${secret}' })`,
        /^auth\.ts:2:\d+: Error was thrown while the file loaded\./,
      ],
    ] as const) {
      await project.write({ 'auth.ts': `\nthrow ${thrown}` })
      const result = await load(project)
      if (result.kind === 'loaded') throw new Error('The file loaded.')
      expect(result.error.message).toContain(secret)
      expect(result.error.detail).toMatch(detail)
      expect(result.error.detail).not.toContain('hunter2')
    }
    await project.write({ 'auth.ts': '\nconst = 1' })
    const result = await load(project)
    if (result.kind === 'loaded') throw new Error('The file loaded.')
    expect(result.error.detail).toBe('auth.ts:2:7: Expected identifier but found "="')
    expect(result.error.detail).toBe(result.error.message)
  })

  test('a top-level await that never ends', async ({ project }) => {
    await project.write({ 'auth.ts': 'await new Promise(() => {})' })
    expect(messageOf(await load(project, 'auth.ts', { timeoutMs: 50 }))).toBe(
      'auth.ts: Still loading after 0.05 s: does a top-level await never end?',
    )
  })
})

// Compiled, and in a process of its own: vitest and tsx map stack traces too.
test('a stack trace from a loaded file names the source', async ({ project }) => {
  await project.write({
    'auth.ts': `interface Long { a: string }\n\nexport function fail(): Long {\n  throw new Error('at run time')\n}`,
    'tool/run.mjs': `
      import { createModuleLoader } from './bundle.mjs'
      const [root, entry] = process.argv.slice(2)
      const loader = createModuleLoader({ root, entry, authkitEntry: '', code: 'auth_file_broken' })
      const { namespace } = await loader.load()
      try { namespace.fail() } catch (error) { console.log(error.stack) }
      await loader.close()`,
  })
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), project.path('tool/node_modules'))
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/project/bundle.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile: project.path('tool/bundle.mjs'),
  })
  const run = [project.path('tool/run.mjs'), project.root, project.path('auth.ts')]
  const { stdout } = await promisify(execFile)(process.execPath, run)
  expect(stdout).toMatch(/at (?:Module\.)?fail \(.*auth\.ts:4:9\)/)
})
