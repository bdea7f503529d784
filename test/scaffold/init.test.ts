import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import Init from '../../src/commands/init.js'
import { applyPlan } from '../../src/scaffold/apply-plan.js'
import { planInit } from '../../src/scaffold/plan.js'
import { adaptTemplate, listTemplates, templateNamed } from '../../src/scaffold/templates.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const templates = join(repository, 'templates')
const ownerOnly = await readFile(join(templates, 'owner-only.ts'), 'utf8')

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'authkit-init-'))
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

type Files = Record<string, string>

async function given(files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

/** Every file below the root, temporary ones included. */
async function found(): Promise<Files> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const contents = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  return Object.fromEntries(paths.map((path, index) => [path.slice(root.length + 1), contents[index] as string]))
}

async function init(options: { template?: string; force?: boolean } = {}) {
  const plan = await planInit(root, { templates, template: 'owner-only', ...options })
  await applyPlan(plan)
  return plan.steps.map(({ action, path }) => `${action} ${path}`)
}

const CONFIG_ADDED = '"auth": {\n    "path": "./auth.ts:auth"\n  }'

describe('what init does', () => {
  it.each<{
    name: string
    before: Files
    options?: { template?: string; force?: boolean }
    steps: string[]
    after: Files
  }>([
    {
      name: 'an empty folder',
      before: {},
      steps: ['create auth.ts', 'create langgraph.json', 'create .gitignore'],
      after: {
        'auth.ts': ownerOnly,
        'langgraph.json': `{\n  "node_version": "22",\n  ${CONFIG_ADDED}\n}\n`,
        '.gitignore': '.authkit/\n',
      },
    },
    {
      name: 'a project with comments, tabs and CRLF',
      before: {
        'langgraph.json': '// ours\r\n{\r\n\t"graphs": {"a":   "./a.ts:g"}, // keep\r\n\t"env": ".env"\r\n}\r\n',
        '.gitignore': 'node_modules\r\ndist',
      },
      steps: ['create auth.ts', 'update langgraph.json', 'update .gitignore'],
      after: {
        'auth.ts': ownerOnly,
        'langgraph.json':
          '// ours\r\n{\r\n\t"graphs": {"a":   "./a.ts:g"}, // keep\r\n\t"env": ".env",\r\n\t"auth": {\r\n\t\t"path": "./auth.ts:auth"\r\n\t}\r\n}\r\n',
        '.gitignore': 'node_modules\r\ndist\r\n.authkit/\r\n',
      },
    },
    {
      name: 'an auth.path whose file is missing: it is written there, under the name that is asked for',
      before: { 'langgraph.json': '{"auth":{"path":"./src/security/auth.ts:rules"}}', '.gitignore': '.authkit' },
      steps: ['create src/security/auth.ts', 'keep langgraph.json', 'keep .gitignore'],
      after: {
        'src/security/auth.ts': ownerOnly.replace('export const auth =', 'export const rules ='),
        'langgraph.json': '{"auth":{"path":"./src/security/auth.ts:rules"}}',
        '.gitignore': '.authkit',
      },
    },
    {
      name: 'an auth.path without an export name: the default export, as in LangGraph',
      before: { 'langgraph.json': '{"auth":{"path":"auth.mts"}}', '.gitignore': '.*' },
      steps: ['create auth.mts', 'keep langgraph.json', 'keep .gitignore'],
      after: {
        'auth.mts': ownerOnly.replace('export const auth =', 'export default'),
        'langgraph.json': '{"auth":{"path":"auth.mts"}}',
        '.gitignore': '.*',
      },
    },
    {
      name: 'an auth.ts that is the template, with the line ends of a Windows checkout',
      before: { 'auth.ts': ownerOnly.replaceAll('\n', '\r\n') },
      steps: ['keep auth.ts', 'create langgraph.json', 'create .gitignore'],
      after: {
        'auth.ts': ownerOnly.replaceAll('\n', '\r\n'),
        'langgraph.json': `{\n  "node_version": "22",\n  ${CONFIG_ADDED}\n}\n`,
        '.gitignore': '.authkit/\n',
      },
    },
    {
      name: '--force: an auth.ts that differs is replaced',
      before: { 'auth.ts': 'mine', 'langgraph.json': '{"auth":{"path":"./auth.ts:auth"}}', '.gitignore': '*' },
      options: { force: true },
      steps: ['replace auth.ts', 'keep langgraph.json', 'keep .gitignore'],
      after: { 'auth.ts': ownerOnly, 'langgraph.json': '{"auth":{"path":"./auth.ts:auth"}}', '.gitignore': '*' },
    },
    {
      name: '--force: an auth.path that no template can stand at is changed, its file is left alone',
      before: {
        'auth.py': 'mine',
        'langgraph.json': '{\n  "auth": {"path": "./auth.py:auth"} // c\n}',
        '.gitignore': '*',
      },
      options: { force: true },
      steps: ['create auth.ts', 'update langgraph.json', 'keep .gitignore'],
      after: {
        'auth.py': 'mine',
        'auth.ts': ownerOnly,
        'langgraph.json': '{\n  "auth": {"path": "./auth.ts:auth"} // c\n}',
        '.gitignore': '*',
      },
    },
  ])('$name', async ({ before, options, steps, after }) => {
    await given(before)
    expect(await init(options)).toEqual(steps)
    expect(await found()).toEqual(after)
  })

  it.each(['dependencies', 'devDependencies'])('imports from the SDK where package.json has it in %s', async (list) => {
    await given({ 'package.json': JSON.stringify({ [list]: { '@langchain/langgraph-sdk': '*' } }) })
    await init()
    const { 'auth.ts': text = '' } = await found()
    expect(text.match(/^import .*$/gm)).toEqual([
      "import { Auth, HTTPException } from '@langchain/langgraph-sdk/auth'",
      "import { placeholderTokens } from 'authkit'",
    ])
  })

  it.each([
    ['{"name":"x"}'],
    ['{"dependencies":{"@langchain/langgraph":"*"},"scripts":{"@langchain/langgraph-sdk":"x"}}'],
    ['\uFEFF{"dependencies":null}'],
    ['null'],
  ])('imports from authkit with the package.json %s', async (text) => {
    await given({ 'package.json': text })
    await init()
    expect((await found())['auth.ts']).toBe(ownerOnly)
  })
})

describe('a second time', () => {
  const projects: Record<string, Files> = {
    'an empty folder': {},
    'a project': { 'langgraph.json': '{\n\t"graphs": {}, // c\n}\n', '.gitignore': 'x\r\n', 'package.json': '{}' },
    'a project with the SDK': { 'package.json': '{"dependencies":{"@langchain/langgraph-sdk":"1"}}' },
    'another auth.path': { 'langgraph.json': '{"auth":{"path":"./src/auth.ts:auth"}}' },
  }

  it.each(Object.keys(projects))('%s stays as it is, to the byte and to the time of change', async (name) => {
    await given(projects[name] ?? {})
    await init()
    const files = await found()
    const times = () => Promise.all(Object.keys(files).map(async (path) => (await stat(join(root, path))).mtimeMs))
    const before = await times()
    for (const options of [{}, { force: true }]) {
      expect((await init(options)).every((step) => step.startsWith('keep '))).toBe(true)
      expect(await found()).toEqual(files)
      expect(await times()).toEqual(before)
    }
  })

  it('stays as it is when the project has got the SDK meanwhile', async () => {
    await init()
    await given({ 'package.json': '{"dependencies":{"@langchain/langgraph-sdk":"1"}}' })
    expect(await init()).toEqual(['keep auth.ts', 'keep langgraph.json', 'keep .gitignore'])
  })
})

describe('refuses, and writes nothing', () => {
  it.each<{
    name: string
    before: Files
    options?: { template?: string; force?: boolean }
    code: string
    message: RegExp
  }>([
    {
      name: 'an auth.ts that differs',
      before: { 'auth.ts': 'mine' },
      code: 'config_exists',
      message: /^auth\.ts exists/,
    },
    { name: 'an empty auth.ts', before: { 'auth.ts': '' }, code: 'config_exists', message: /^auth\.ts exists/ },
    {
      name: 'another template than last time',
      before: { 'auth.ts': ownerOnly },
      options: { template: 'permissions' },
      code: 'config_exists',
      message: /differs from the template permissions/,
    },
    {
      name: 'an auth file elsewhere that differs',
      before: { 'langgraph.json': '{"auth":{"path":"./src/auth.ts:auth"}}', 'src/auth.ts': 'mine' },
      code: 'config_exists',
      message: /^src\/auth\.ts exists/,
    },
    ...[
      './auth.py:auth',
      './auth.js:auth',
      '../auth.ts:auth',
      './a/../../auth.ts',
      '/etc/auth.ts:auth',
      './auth.d.ts:auth',
    ].map((path) => ({
      name: `auth.path ${path}`,
      before: { 'langgraph.json': JSON.stringify({ auth: { path } }) },
      code: 'config_exists',
      message: /as its auth file, which is not/,
    })),
    {
      name: 'an export that is no name',
      before: { 'langgraph.json': '{"auth":{"path":"./auth.ts:a b"}}' },
      code: 'config_exists',
      message: /name of an export/,
    },
    {
      name: 'a broken langgraph.json, even with --force',
      before: { 'langgraph.json': '{\n  "graphs": {\n' },
      options: { force: true },
      code: 'config_invalid',
      message: /^langgraph\.json:3:1: /,
    },
    {
      name: 'a broken package.json',
      before: { 'package.json': '{' },
      code: 'config_invalid',
      message: /^package\.json/,
    },
    {
      name: 'an unknown template',
      before: {},
      options: { template: 'nope' },
      code: 'usage',
      message: /owner-only, deny-by-default/,
    },
    {
      name: 'a path as template',
      before: {},
      options: { template: '../src/index' },
      code: 'usage',
      message: /no template/,
    },
    {
      name: 'a folder called auth.ts',
      before: { 'auth.ts/x': '' },
      code: 'config_exists',
      message: /auth\.ts is a folder/,
    },
    {
      name: 'a file where a folder has to be',
      before: { src: '', 'langgraph.json': '{"auth":{"path":"./src/auth.ts:auth"}}' },
      code: 'config_exists',
      message: /src\/auth\.ts can't be written/,
    },
  ])('$name', async ({ before, options, code, message }) => {
    await given(before)
    await expect(init(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await found()).toEqual(before)
  })

  it('text that is not UTF-8', async () => {
    await writeFile(join(root, '.gitignore'), Buffer.from([0x23, 0xe9, 0x0a]))
    await expect(init()).rejects.toMatchObject({ code: 'config_invalid' })
    expect(await readdir(root)).toEqual(['.gitignore'])
  })

  it('a link to nothing, which would otherwise be replaced', async () => {
    await symlink('elsewhere.ts', join(root, 'auth.ts'))
    await expect(init({ force: true })).rejects.toMatchObject({ code: 'config_exists' })
    expect((await lstat(join(root, 'auth.ts'))).isSymbolicLink()).toBe(true)
  })

  it.each([
    ['created', undefined, 'mine'],
    ['edited', '{}', '{"a":1}'],
  ])('a file that was %s after the plan was made', async (_, before, meanwhile) => {
    if (before) await given({ 'langgraph.json': before })
    const plan = await planInit(root, { templates, template: 'owner-only' })
    await given({ 'langgraph.json': meanwhile })
    await expect(applyPlan(plan)).rejects.toMatchObject({ code: 'config_exists' })
    expect(await found()).toEqual({ 'langgraph.json': meanwhile })
  })

  it('a file in the place of the folder', async () => {
    await given({ file: '' })
    for (const path of ['file', 'file/deeper']) {
      await expect(planInit(join(root, path), { templates, template: 'owner-only' })).rejects.toMatchObject({
        code: 'usage',
      })
    }
  })

  it('a folder that the system does not let us look at', async () => {
    const folder = join(root, 'x'.repeat(300))
    await expect(planInit(folder, { templates, template: 'owner-only' })).rejects.toMatchObject({
      code: 'not_writable',
    })
  })

  it('a target that the system refuses: what was begun is taken back', async () => {
    await given({ 'langgraph.json': '{}' })
    const { steps, ...plan } = await planInit(root, { templates, template: 'owner-only' })
    // The name is allowed, but not with the ending that it has while it is being written.
    const last = { action: 'create', path: 'x'.repeat(240), why: '', content: '', before: undefined } as const
    await expect(applyPlan({ ...plan, steps: [...steps, last] })).rejects.toMatchObject({
      code: 'not_writable',
      message: expect.stringContaining('(ENAMETOOLONG)'),
    })
    expect(await found()).toEqual({ 'langgraph.json': '{}' })
  })
})

describe('files keep what they are', () => {
  it('the mode of a file that is changed', async () => {
    await given({ 'langgraph.json': '{}' })
    await chmod(join(root, 'langgraph.json'), 0o640)
    await init()
    expect((await stat(join(root, 'langgraph.json'))).mode & 0o777).toBe(0o640)
  })

  it('a symbolic link, whose target is changed', async () => {
    await given({ 'shared/langgraph.json': '{}' })
    await symlink('shared/langgraph.json', join(root, 'langgraph.json'))
    await init()
    expect((await lstat(join(root, 'langgraph.json'))).isSymbolicLink()).toBe(true)
    expect((await found())['shared/langgraph.json']).toContain('./auth.ts:auth')
  })
})

describe('the templates', () => {
  it('are listed with the default first', async () => {
    const list = await listTemplates(templates)
    expect(list.map(({ name }) => name)).toEqual([
      'owner-only',
      'deny-by-default',
      'entra',
      'github',
      'keycloak',
      'oidc',
      'permissions',
      'shared-threads',
    ])
    for (const { description } of list) expect(description).toMatch(/^[A-Z].{30,110}[^.]$/)
  })

  it('that lost what init adapts are a bug, not a file', async () => {
    const template = await templateNamed('owner-only', templates)
    const adaptation = { fromSdk: false, exportName: 'auth' }
    for (const source of [
      template.source.replace("'authkit'", "'other'"),
      template.source.replace('export const', 'const'),
    ]) {
      expect(() => adaptTemplate({ ...template, source }, adaptation)).toThrow(
        expect.objectContaining({ code: 'internal' }),
      )
    }
  })
})

describe('the command', () => {
  async function run(...argv: string[]) {
    const output: string[] = []
    const keep = (...parts: unknown[]) => void output.push(parts.join(' '))
    vi.spyOn(console, 'log').mockImplementation(keep)
    vi.spyOn(console, 'error').mockImplementation(keep)
    const before = process.exitCode
    try {
      const result = await Init.run(argv, { root: repository })
      return { output: output.join('\n'), result, exit: process.exitCode ?? 0 }
    } finally {
      process.exitCode = before
      vi.restoreAllMocks()
    }
  }

  it('says what it did and what comes next', async () => {
    const { output, exit } = await run(root)
    expect(output.replaceAll(root, 'ROOT').replace(/cd \S+/, 'cd ROOT')).toBe(
      [
        '  created   auth.ts          each user sees only their own threads, assistants, crons and store items',
        '  created   langgraph.json   "auth": { "path": "./auth.ts:auth" }',
        '  created   .gitignore       .authkit/',
        '  next      cd ROOT && npx authkit dev',
      ].join('\n'),
    )
    expect(exit).toBe(0)
    const again = await run(root)
    expect(again.output.match(/^ {2}kept/gm)).toHaveLength(3)
  })

  it('makes the folder', async () => {
    await run(join(root, 'new/agent'), '--template', 'permissions', '--yes')
    expect(Object.keys(await found()).sort()).toEqual([
      'new/agent/.gitignore',
      'new/agent/auth.ts',
      'new/agent/langgraph.json',
    ])
  })

  it('--dry-run writes nothing and tells the plan', async () => {
    const { output } = await run(root, '--dry-run')
    expect(output).toMatch(/^ {2}create {4}auth\.ts/)
    expect(output).toMatch(/ {2}dry run {3}nothing was written$/)
    expect(await found()).toEqual({})
    await run(join(root, 'new'), '--dry-run')
    expect(await readdir(root)).toEqual([])
  })

  it('--list writes nothing and names every template', async () => {
    const { output, result } = await run(root, '--list')
    const { length } = await listTemplates(templates)
    expect(output.split('\n')).toHaveLength(length)
    expect(output).toMatch(/^ {2}owner-only {8}Each user sees only their own .+ \(default\)$/m)
    expect(result).toMatchObject({
      templates: [{ name: 'owner-only' }, ...Array.from({ length: length - 1 }, () => ({}))],
    })
    expect(await found()).toEqual({})
  })

  it('--json prints the plan that was carried out, without the contents', async () => {
    const { result, output } = await run(root, '--json')
    expect(result).toMatchObject({
      root,
      template: 'owner-only',
      dryRun: false,
      next: expect.stringContaining('authkit dev'),
    })
    expect(JSON.parse(output)).toEqual(result)
    expect((result as unknown as { steps: unknown[] }).steps[0]).toEqual({
      action: 'create',
      path: 'auth.ts',
      why: 'each user sees only their own threads, assistants, crons and store items',
    })
  })

  it.each([
    [['--template', 'nope'], 'usage', 2],
    [['--force', '-t', 'permissions'], undefined, 0],
    [[], 'config_exists', 2],
  ])('%j after an edit ends with %s and exit code %i', async (flags, code, exit) => {
    await given({ 'auth.ts': 'mine' })
    const { output, exit: got } = await run(root, ...flags)
    expect(got).toBe(exit)
    if (code) expect(output).toContain(`Code: ${code}`)
    else expect(output).toMatch(/^ {2}replaced {2}auth\.ts/)
  })

  it('asks for the template on a terminal, and nowhere else', async () => {
    const select = vi.fn<(options: unknown) => Promise<unknown>>(async () => 'shared-threads')
    vi.doMock('@clack/prompts', () => ({ select, isCancel: (answer: unknown) => typeof answer === 'symbol' }))
    const prototype = Init.prototype as unknown as { interactive(): boolean }
    const terminal = () => vi.spyOn(prototype, 'interactive').mockReturnValue(true)
    try {
      for (const flags of [['--yes'], ['-t', 'owner-only'], ['--json'], ['--list']]) {
        terminal()
        await run(root, '--dry-run', ...flags)
      }
      await run(root, '--dry-run')
      expect(select).not.toHaveBeenCalled()

      select.mockResolvedValueOnce(Symbol('cancel'))
      terminal()
      await expect(run(root)).rejects.toMatchObject({ oclif: { exit: 130 } })
      expect(await found()).toEqual({})

      terminal()
      await run(root)
      expect(select).toHaveBeenCalledTimes(2)
      expect((await found())['auth.ts']).toContain('readers')
    } finally {
      vi.doUnmock('@clack/prompts')
    }
  })
})
