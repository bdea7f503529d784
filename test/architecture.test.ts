import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Who may import whom inside src/. ARCHITECTURE.md explains the same table in words. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  seal: [],
  engine: ['errors'],
  providers: ['errors'],
  identity: ['errors', 'engine', 'providers'],
  issuer: ['errors', 'providers', 'seal'],
  login: ['cli', 'errors', 'providers', 'seal'],
  doctor: ['cli', 'errors', 'engine', 'identity', 'login', 'project', 'providers'],
  storage: ['errors', 'engine'],
  runtime: ['errors', 'engine', 'seal', 'storage'],
  server: ['errors', 'engine', 'storage', 'runtime'],
  project: ['errors', 'engine', 'providers'],
  scaffold: ['errors'],
  isolation: ['errors'],
  cli: ['errors'],
  dev: [
    'cli',
    'errors',
    'engine',
    'identity',
    'issuer',
    'project',
    'providers',
    'runtime',
    'seal',
    'server',
    'storage',
  ],
  testing: ['errors', 'engine', 'identity', 'dev', 'isolation', 'server'],
  commands: ['cli', 'errors', 'dev', 'doctor', 'isolation', 'login', 'project', 'providers', 'scaffold', 'testing'],
}

/** The two entries at the top of src/: what users import, and what that import means inside `authkit dev`. */
const ENTRIES_IMPORT = ['engine', 'identity']

/** Storage knows what a scope is made of, and nothing of how it came about. */
const STORAGE_KNOWS = ['filter', 'scope']

interface Import {
  readonly from: string
  readonly to: string
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
}

/** Imports of this project's own files, relative to src/. */
function importsOf(file: string): Import[] {
  const source = readFileSync(file, 'utf8')
  const specifiers = [...source.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] as string)
  return specifiers.map((specifier) => ({
    from: relative('src', file),
    to: relative('src', resolve(file, '..', specifier)),
  }))
}

const folders = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
const edges = filesOf('src').flatMap(importsOf)
const top = (path: string) => path.split('/')[0] as string

describe('architecture', () => {
  it('sees the imports', () => {
    expect(edges.length).toBeGreaterThan(200)
  })

  it('knows every folder', () => {
    expect(folders.sort()).toEqual(Object.keys(MAY_IMPORT).sort())
  })

  it.each(Object.entries(MAY_IMPORT))('%s imports only %j', (folder, allowed) => {
    const outside = edges.filter(({ from, to }) => top(from) === folder && top(to) !== folder)
    expect(outside.filter(({ to }) => !allowed.includes(top(to))).map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  it('keeps the library small', () => {
    const entries = edges.filter(({ from }) => !from.includes('/'))
    expect(entries.filter(({ to }) => !ENTRIES_IMPORT.includes(top(to)))).toEqual([])
  })

  it('lets storage see scopes and filters only', () => {
    const seen = edges.filter(({ from, to }) => top(from) === 'storage' && top(to) === 'engine')
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.filter(({ to }) => !STORAGE_KNOWS.some((name) => to === `engine/${name}.js`))).toEqual([])
  })

  it('lets only authorize make a scope from a decision', () => {
    const makers = filesOf('src').filter((file) => /\bscopeOf\(/.test(readFileSync(file, 'utf8')))
    expect(makers.map((file) => relative('src', file)).sort()).toEqual(['engine/engine.ts', 'engine/scope.ts'])
  })

  it('casts nothing to a scope', () => {
    const casts = filesOf('src').filter((file) => /\bas (unknown as )?Scope\b/.test(readFileSync(file, 'utf8')))
    expect(casts.map((file) => relative('src', file))).toEqual(['engine/scope.ts'])
  })

  it('has no cycles between folders', () => {
    const reach = (folder: string, seen = new Set<string>()): Set<string> => {
      for (const next of MAY_IMPORT[folder] ?? []) if (!seen.has(next)) reach(next, seen.add(next))
      return seen
    }
    expect(folders.filter((folder) => reach(folder).has(folder))).toEqual([])
  })
})
