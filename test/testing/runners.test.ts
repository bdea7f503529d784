import { spawn } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect } from 'vitest'
import { type TempProject, test } from '../project/temp-project.js'

/** The example of the docs, as it stands there. */
const EXAMPLE = /```ts\n(?<code>[^`]*await testIsolation\(server\)\n)```/.exec(
  readFileSync('docs/testing-library.md', 'utf8'),
)?.groups?.['code'] as string

const GOOD = readFileSync('templates/owner-only.ts', 'utf8')
const LEAKING = readFileSync('test/isolation/mistakes/forgot-a-handler.ts', 'utf8')

/** A project like a user's, with authkit as it is published. Run `npm run build` first. */
async function projectWith(project: TempProject, auth: string, files: Record<string, string>) {
  await mkdir(join(project.root, 'node_modules'))
  for (const name of ['authkit', 'vitest']) {
    const target = name === 'authkit' ? resolve('.') : resolve('node_modules', name)
    symlinkSync(target, join(project.root, 'node_modules', name))
  }
  await project.write({ 'package.json': '{ "type": "module" }', 'auth.ts': auth, ...files })
}

function run(project: TempProject, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST') && !name.startsWith('NODE_')),
  )
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, args, { cwd: project.root, env: { ...environment, NO_COLOR: '1', CI: '1' } })
    let output = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    child.once('error', reject)
    child.once('exit', (code) => done({ code, output }))
  })
}

const FEW = `{ only: ['thread.search', 'thread.read', 'store.get'] }`
const few = (code: string) => code.replace('testIsolation(server)', `testIsolation(server, ${FEW})`)

describe('vitest', { timeout: 120_000 }, () => {
  const vitest = (project: TempProject, ...args: string[]) =>
    run(project, resolve('node_modules/vitest/vitest.mjs'), 'run', '--reporter=verbose', ...args)

  test('runs the example of the docs: every check is a case, and a good auth.ts passes', async ({ project }) => {
    await projectWith(project, GOOD, { 'auth.test.ts': EXAMPLE })
    const { code, output } = await vitest(project)
    expect(output).toMatch(/✓ .*thread\.read: Bob can't read/)
    expect(Number(/Tests +(\d+) passed/.exec(output)?.[1])).toBeGreaterThan(60)
    expect(code).toBe(0)
  })

  test('fails the case of a leak, with the evidence, the fix and the cause, and no other', async ({ project }) => {
    await projectWith(project, LEAKING, { 'auth.test.ts': few(EXAMPLE) })
    const { code, output } = await vitest(project, '--globals')
    expect(output).toMatch(/Tests +1 failed \| 3 passed/)
    for (const part of [
      /saw +thread\.\w+/,
      /repeat +curl/,
      /fix +in auth\.ts/,
      /likely cause: No handler covers threads:search/,
    ])
      expect(output).toMatch(part)
    expect(output).not.toMatch(/Bearer user\d-token/)
    expect(code).toBe(1)
  })

  test('says once why the suite could not begin', async ({ project }) => {
    await projectWith(project, readFileSync('test/isolation/mistakes/never-stamps.ts', 'utf8'), {
      'auth.test.ts': few(EXAMPLE),
    })
    const { code, output } = await vitest(project)
    expect(output).toMatch(/Tests +1 failed \| 3 skipped/)
    expect(output).toMatch(/likely cause: auth\.ts filters by an owner that nothing stamps/)
    expect(code).toBe(1)
  })
})

describe('node:test', { timeout: 120_000 }, () => {
  test.for([
    ['a good auth.ts passes, and the process ends', GOOD, 0, 4, 0],
    ['a leak fails its case', LEAKING, 1, 3, 1],
  ] as const)('%s', async ([, auth, code, pass, fail], { project }) => {
    await projectWith(project, auth, { 'auth.test.js': few(EXAMPLE) })
    const ended = await run(project, '--test', '--test-reporter=tap', 'auth.test.js')
    expect(ended.output).toMatch(new RegExp(`# pass ${pass}\\n# fail ${fail}\\n`))
    if (fail > 0) expect(ended.output).toMatch(/likely cause: No handler covers threads:search/)
    expect(ended.code).toBe(code)
  })
})
