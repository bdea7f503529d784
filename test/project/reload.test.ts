import { writeFileSync } from 'node:fs'
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { ProjectState } from '../../src/project/project.js'
import { authFile, packageFiles, test, userOf } from './temp-project.js'

function problemOf(state: ProjectState) {
  if (state.kind === 'ready') throw new Error('The project is ready.')
  return { code: state.error.code, message: state.error.message }
}

describe('opening', () => {
  test('auth.ts without node_modules and without langgraph.json', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const { state } = await project.open()
    expect(await userOf(state)).toBe('alice')
    expect(state).toMatchObject({ authFile: project.path('auth.ts'), config: { file: undefined } })
  })

  test('the placeholder tokens of "authkit" work, because this is dev', async ({ project }) => {
    await project.write({
      'auth.ts': `import { Auth, placeholderTokens } from 'authkit'\nexport const auth = new Auth().authenticate(placeholderTokens({ 'a-token': 'alice' }))`,
    })
    const { state } = await project.open()
    if (state.kind === 'broken') throw state.error
    const request = new Request('http://localhost/', { headers: { authorization: 'Bearer a-token' } })
    expect(await state.rules?.authenticate?.(request)).toMatchObject({ identity: 'alice' })
    expect(state.authenticate).toBe(state.rules?.authenticate)
  })

  test('--no-auth loads no auth file, not even a broken one', async ({ project }) => {
    await project.write({ 'auth.ts': 'const = nonsense' })
    const { state } = await project.open({ authRequired: false })
    expect(state).toMatchObject({ kind: 'ready', rules: undefined, authFile: undefined })
  })

  test('--no-auth does without an auth file', async ({ project }) => {
    const { state } = await project.open({ authRequired: false })
    expect(state).toMatchObject({ kind: 'ready', rules: undefined, config: { auth: undefined } })
  })

  const closed: { name: string; files: Record<string, string>; code: string; message: RegExp }[] = [
    { name: 'nothing', files: {}, code: 'auth_file_not_found', message: /^There is no auth\.ts here/ },
    {
      name: 'a langgraph.json that names no auth file, beside an auth.ts',
      files: { 'langgraph.json': '{}', 'auth.ts': authFile('alice') },
      code: 'auth_file_not_found',
      message: /^langgraph\.json names no auth file/,
    },
    {
      name: 'no such export',
      files: { 'auth.ts': 'export const other = 1, more = 2' },
      code: 'auth_export_invalid',
      message: /^auth\.ts: There is no export "auth"; it exports more, other\.$/,
    },
    {
      name: 'an export that is no Auth',
      files: { 'auth.ts': 'export const auth = {}' },
      code: 'auth_export_invalid',
      message: /^auth\.ts: The exported value is not an Auth object/,
    },
    {
      name: 'no authenticate',
      files: { 'auth.ts': `import { Auth } from 'authkit'\nexport const auth = new Auth()` },
      code: 'auth_no_authenticate',
      message: /^auth\.ts: The Auth object has no authenticate/,
    },
    {
      name: 'a misspelt event in an imported file',
      files: {
        'auth.ts': authFile('alice', `import { handlers } from './src/handlers.js'`).replace(
          `.on('threads'`,
          `.on(handlers`,
        ),
        'src/handlers.ts': `\nexport const handlers = 'thread:read' as never`,
      },
      code: 'auth_unknown_event',
      message: /^src\/handlers\.ts:2:25: \.on\("thread:read"\) never runs: .*"threads:read"/,
    },
    {
      name: 'a compile error',
      files: { 'auth.ts': '\n  const = 1' },
      code: 'auth_file_broken',
      message: /^auth\.ts:2:9: Expected identifier/,
    },
    {
      name: 'a wrong langgraph.json',
      files: { 'langgraph.json': '{\n  "auht": {}\n}', 'auth.ts': authFile('alice') },
      code: 'config_invalid',
      message: /^langgraph\.json:2:3: auht is not a key/,
    },
  ]
  for (const { name, files, code, message } of closed) {
    test(`is closed over ${name}`, async ({ project }) => {
      await project.write(files)
      const problem = problemOf((await project.open()).state)
      expect(problem.code).toBe(code)
      expect(problem.message).toMatch(message)
    })
  }
})

describe('an edit reloads', () => {
  test('auth.ts, once a save, thirty times in a row', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('user0') })
    const opened = await project.open()
    for (let turn = 1; turn <= 30; turn++) {
      await project.write({ 'auth.ts': authFile(`user${turn}`) })
      const { state, file } = await opened.next()
      expect([await userOf(state), file]).toEqual([`user${turn}`, 'auth.ts'])
    }
    expect(opened.reloads).toHaveLength(30)
  })

  test('auth.ts saved by rename, thirty times in a row', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('user0') })
    const opened = await project.open()
    for (let turn = 1; turn <= 30; turn++) {
      await project.write({ '.auth.ts.swp': authFile(`user${turn}`) })
      await rename(project.path('.auth.ts.swp'), project.path('auth.ts'))
      expect(await userOf((await opened.next()).state)).toBe(`user${turn}`)
    }
    expect(opened.reloads).toHaveLength(30)
  })

  test('a backup and a new file, as vim writes', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await rename(project.path('auth.ts'), project.path('auth.ts~'))
    await project.write({ 'auth.ts': authFile('bob') })
    await rm(project.path('auth.ts~'))
    expect(await userOf((await opened.next()).state)).toBe('bob')
    expect(opened.reloads).toHaveLength(1)
  })

  test('two writes for one save are one reload', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': '' })
    await project.write({ 'auth.ts': authFile('bob') })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await project.write({ 'auth.ts': authFile('carol') })
    expect(await userOf((await opened.next()).state)).toBe('carol')
    expect(opened.reloads).toHaveLength(2)
  })

  test('an edit right after opening', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    const written = project.write({ 'auth.ts': authFile('bob') })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await written
  })

  test('not a touch', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice'), 'other.ts': '' })
    const opened = await project.open()
    await utimes(project.path('auth.ts'), new Date(), new Date())
    await project.write({ 'auth.ts': authFile('alice'), 'other.ts': 'not imported' })
    await settled()
    await project.write({ 'auth.ts': authFile('bob') })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    expect(opened.reloads).toHaveLength(1)
  })

  test('what auth.ts imports, from then on when it imports it', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice'), 'src/deep/name.ts': `export const name: string = 'bob'` })
    const opened = await project.open()
    const importing = authFile('x', `import { name } from './src/deep/name.js'`).replace(`'x'`, 'name')
    await project.write({ 'auth.ts': importing })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await project.write({ 'src/deep/name.ts': `export const name = 'carol'` })
    const { state, file } = await opened.next()
    expect([await userOf(state), file]).toEqual(['carol', 'src/deep/name.ts'])
  })

  test('tsconfig.json, when it appears and when it changes', async ({ project }) => {
    await project.write({
      'auth.ts': authFile('x', `import { name } from '@/name'`).replace(`'x'`, 'name'),
      'a/name.ts': `export const name = 'from a'`,
      'b/name.ts': `export const name = 'from b'`,
    })
    const opened = await project.open()
    expect(problemOf(opened.state).message).toMatch(/^auth\.ts:2:22: Cannot find "@\/name"/)
    const aliasTo = (folder: string) => JSON.stringify({ compilerOptions: { paths: { '@/*': [`./${folder}/*`] } } })
    await project.write({ 'tsconfig.json': aliasTo('a') })
    expect(await userOf((await opened.next()).state)).toBe('from a')
    await project.write({ 'tsconfig.json': aliasTo('b') })
    expect(await userOf((await opened.next()).state)).toBe('from b')
  })

  test('langgraph.json: another auth file; and its loss brings back no file that it did not name', async ({
    project,
  }) => {
    await project.write({
      'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }',
      'auth.ts': authFile('alice'),
      'src/other.ts': authFile('bob').replace('const auth', 'const mine'),
    })
    const opened = await project.open()
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./src/other.ts:mine" } }' })
    const first = await opened.next()
    expect([await userOf(first.state), first.file]).toEqual(['bob', 'langgraph.json'])
    await project.write({ 'src/other.ts': authFile('carol').replace('const auth', 'const mine') })
    expect(await userOf((await opened.next()).state)).toBe('carol')
    await rm(project.path('langgraph.json'))
    expect(problemOf((await opened.next()).state)).toEqual({
      code: 'config_invalid',
      message: 'langgraph.json is gone.',
    })
    await project.write({ 'auth.ts': authFile('dave') })
    await settled()
    expect(problemOf(opened.state).message).toBe('langgraph.json is gone.')
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./src/other.ts:mine" } }' })
    expect(await userOf((await opened.next()).state)).toBe('carol')
  })

  test('a langgraph.json that comes later is missed when it goes', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice'), 'other.ts': authFile('bob') })
    const opened = await project.open()
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./other.ts:auth" } }' })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await rm(project.path('langgraph.json'))
    expect(problemOf((await opened.next()).state).message).toBe('langgraph.json is gone.')
  })

  test('.env: set, changed, removed, and second to the real environment', async ({ project }) => {
    const environment: NodeJS.ProcessEnv = { REAL: 'real' }
    await project.write({ 'auth.ts': authFile('alice'), '.env': 'REAL=file\nA=1\nB=2' })
    const opened = await project.open({ environment })
    expect(environment).toEqual({ REAL: 'real', A: '1', B: '2' })
    await project.write({ '.env': 'REAL=file\nA=one' })
    expect((await opened.next()).file).toBe('.env')
    expect(environment).toEqual({ REAL: 'real', A: 'one' })
    await rm(project.path('.env'))
    await opened.next()
    expect(environment).toEqual({ REAL: 'real' })
  })

  test('.env is there when auth.ts loads, and again when it changes', async ({ project }) => {
    await project.write({
      'auth.ts': `import { Auth } from 'authkit'\nconst name = process.env['AUTHKIT_TEST_NAME'] ?? 'nobody'\nexport const auth = new Auth().authenticate(() => name)`,
      '.env': 'AUTHKIT_TEST_NAME=alice',
    })
    const opened = await project.open({ environment: process.env })
    expect(await userOf(opened.state)).toBe('alice')
    await project.write({ '.env': 'AUTHKIT_TEST_NAME=bob' })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await opened.close()
    expect(process.env['AUTHKIT_TEST_NAME']).toBeUndefined()
  })

  test('in a root that is a symbolic link, through an auth.ts that is one', async ({ project }) => {
    await project.write({ 'real/shared/rules.ts': authFile('alice') })
    await symlink(project.path('real'), project.path('link'))
    await symlink(project.path('real/shared/rules.ts'), project.path('real/auth.ts'))
    const opened = await project.open({}, project.path('link'))
    expect(await userOf(opened.state)).toBe('alice')
    await project.write({ 'real/shared/rules.ts': authFile('bob') })
    expect(await userOf((await opened.next()).state)).toBe('bob')
    await project.write({ 'real/other.ts': authFile('carol') })
    await symlink(project.path('real/other.ts'), project.path('real/next'))
    await rename(project.path('real/next'), project.path('real/auth.ts'))
    expect(await userOf((await opened.next()).state)).toBe('carol')
  })

  test('in a folder with spaces and letters of any language', async ({ project }) => {
    await project.write({ 'größe 数/auth.ts': authFile('alice') })
    const opened = await project.open({}, project.path('größe 数'))
    await project.write({ 'größe 数/auth.ts': authFile('bob') })
    expect(await userOf((await opened.next()).state)).toBe('bob')
  })
})

describe('a broken file closes the door until it is mended', () => {
  const breaks: { name: string; broken: string; code: string; message: RegExp }[] = [
    { name: 'does not compile', broken: 'const = 1', code: 'auth_file_broken', message: /^auth\.ts:1:7: / },
    { name: 'throws', broken: '\nthrow new Error("x")', code: 'auth_file_broken', message: /^auth\.ts:2:7: x$/ },
    { name: 'exports no Auth', broken: 'export {}', code: 'auth_export_invalid', message: /^auth\.ts: / },
  ]
  for (const { name, broken, code, message } of breaks) {
    test(`${name}`, async ({ project }) => {
      await project.write({ 'auth.ts': authFile('alice') })
      const opened = await project.open()
      await project.write({ 'auth.ts': broken })
      const { state } = await opened.next()
      expect(problemOf(state)).toEqual({ code, message: expect.stringMatching(message) })
      expect(opened.state).toBe(state)
      await project.write({ 'auth.ts': authFile('bob') })
      expect(await userOf((await opened.next()).state)).toBe('bob')
      expect(opened.reloads).toHaveLength(2)
    })
  }

  test('deleted, and created again', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    for (const name of ['bob', 'carol', 'dave']) {
      await rm(project.path('auth.ts'))
      expect(problemOf((await opened.next()).state).code).toBe('auth_file_not_found')
      await project.write({ 'auth.ts': authFile(name) })
      expect(await userOf((await opened.next()).state)).toBe(name)
    }
  })

  test('the whole folder deleted, and created again', async ({ project }) => {
    const config = '{ "auth": { "path": "./src/auth/auth.ts:auth" } }'
    await project.write({ 'langgraph.json': config, 'src/auth/auth.ts': authFile('alice') })
    const opened = await project.open()
    for (const name of ['bob', 'carol']) {
      await rm(project.path('src'), { recursive: true })
      expect(problemOf((await opened.next()).state)).toEqual({
        code: 'auth_file_not_found',
        message: 'auth.path names src/auth/auth.ts, which does not exist.',
      })
      await mkdir(project.path('src'))
      await settled()
      await project.write({ 'src/auth/auth.ts': authFile(name) })
      expect(await userOf((await opened.next()).state)).toBe(name)
    }
  })

  test('an import that is created later, in a folder that is too', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({
      'auth.ts': authFile('x', `import { name } from './src/deep/name.js'`).replace(`'x'`, 'name'),
    })
    expect(problemOf((await opened.next()).state).message).toBe('auth.ts:2:22: Cannot find "./src/deep/name.js".')
    await project.write({ 'src/unrelated.ts': '' })
    await settled()
    await project.write({ 'src/deep/name.ts': `export const name = 'bob'` })
    const { state, file } = await opened.next()
    expect([await userOf(state), file]).toEqual(['bob', expect.stringMatching(/^src/)])
    expect(opened.reloads).toHaveLength(2)
  })

  test('an import that is created the moment it is missed', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    const stop = opened.onReload(() => {
      stop()
      writeFileSync(project.path('late.ts'), `export const name = 'bob'`)
    })
    await project.write({ 'auth.ts': authFile('x', `import { name } from './late.js'`).replace(`'x'`, 'name') })
    expect(problemOf((await opened.next()).state).code).toBe('auth_file_broken')
    expect(await userOf((await opened.next()).state)).toBe('bob')
  })

  test('a package that is installed later', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('x', `import { name } from '@acme/names'`).replace(`'x'`, 'name') })
    const opened = await project.open()
    expect(problemOf(opened.state).message).toMatch(/no package "@acme\/names" is installed/)
    await project.write(packageFiles('@acme/names', `export const name = 'bob'`))
    expect(await userOf((await opened.next()).state)).toBe('bob')
  })

  test('a file that broke in an import is mended in that import', async ({ project }) => {
    await project.write({
      'auth.ts': authFile('x', `import { name } from './name.js'`).replace(`'x'`, 'name'),
      'name.ts': `export const name = 'alice'`,
    })
    const opened = await project.open()
    await project.write({ 'name.ts': 'export const name = ' })
    expect(problemOf((await opened.next()).state).message).toMatch(/^name\.ts:1:21: /)
    await project.write({ 'name.ts': `export const name = 'bob'` })
    expect(await userOf((await opened.next()).state)).toBe('bob')
  })

  test('langgraph.json broken and mended, while the variables of .env stay', async ({ project }) => {
    const environment: NodeJS.ProcessEnv = {}
    await project.write({
      'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }',
      'auth.ts': authFile('alice'),
      '.env': 'A=1',
    })
    const opened = await project.open({ environment })
    await project.write({ 'langgraph.json': '{ "auth": ' })
    expect(problemOf((await opened.next()).state)).toEqual({
      code: 'config_invalid',
      message: expect.stringMatching(/^langgraph\.json:1:\d+: Not valid JSON/),
    })
    expect(environment).toEqual({ A: '1' })
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }' })
    expect(await userOf((await opened.next()).state)).toBe('alice')
  })
})

describe('while a reload runs', () => {
  const slow = (name: string, ms: number) => authFile(name, `await new Promise((done) => setTimeout(done, ${ms}))`)
  const hanging = (name: string) => authFile(name, 'await new Promise(() => {})')

  test('the old rules stand until the new ones are known', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    const rulesOfAlice = opened.state
    await project.write({ 'auth.ts': slow('bob', 400) })
    await settled()
    expect(opened.state).toBe(rulesOfAlice)
    expect(await userOf((await opened.next()).state)).toBe('bob')
    expect(await userOf(rulesOfAlice)).toBe('alice')
    expect(opened.reloads).toHaveLength(1)
  })

  test('an edit does not wait for the load before it, which comes to nothing', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    for (const name of ['bob', 'carol', 'dave']) {
      await project.write({ 'auth.ts': slow(name, 700) })
      await settled()
    }
    const saved = performance.now()
    await project.write({ 'auth.ts': authFile('erin') })
    const { state, ms, file } = await opened.next()
    expect([await userOf(state), file]).toEqual(['erin', 'auth.ts'])
    expect(performance.now() - saved).toBeLessThan(400)
    expect(ms).toBeLessThan(400)
    await settled(800)
    expect(opened.reloads).toHaveLength(1)
  })

  test('what takes longer than a second closes the door until it is done', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': slow('bob', 1500) })
    const saved = performance.now()
    expect(problemOf((await opened.next()).state)).toEqual({
      code: 'auth_file_broken',
      message: 'auth.ts is still loading.',
    })
    expect(performance.now() - saved).toBeLessThan(1400)
    expect(await userOf((await opened.next()).state)).toBe('bob')
    expect(opened.reloads).toHaveLength(2)
  })

  test('an edit ends a load that would never end, before and after the door is closed', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': hanging('x') })
    await settled(200)
    // Back to what is in force: nothing to say, and no load that hangs on.
    await project.write({ 'auth.ts': authFile('alice') })
    await settled(1200)
    expect(await userOf(opened.state)).toBe('alice')

    for (const name of ['bob', 'carol']) {
      while (opened.state.kind === 'ready') {
        await project.write({ 'auth.ts': hanging('x') })
        await settled(1200)
      }
      const saved = performance.now()
      await project.write({ 'auth.ts': authFile(name) })
      while (opened.state.kind === 'broken') await settled(10)
      expect(performance.now() - saved).toBeLessThan(400)
      expect(await userOf(opened.state)).toBe(name)
    }
  })

  test('the file of another name ends it too', async ({ project }) => {
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./auth.ts:auth" } }', 'auth.ts': authFile('alice') })
    await project.write({ 'other.ts': authFile('bob') })
    const opened = await project.open()
    await project.write({ 'auth.ts': hanging('x') })
    await settled(200)
    await project.write({ 'langgraph.json': '{ "auth": { "path": "./other.ts:auth" } }' })
    expect(await userOf((await opened.next()).state)).toBe('bob')
  })

  test('a touch does not start it again', async ({ project }) => {
    const counted = slow('bob', 500).replace(
      'await',
      `globalThis.authkitLoads = (globalThis.authkitLoads ?? 0) + 1; await`,
    )
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': counted })
    for (let turn = 0; turn < 3; turn++) {
      await settled()
      await utimes(project.path('auth.ts'), new Date(), new Date())
    }
    expect(await userOf((await opened.next()).state)).toBe('bob')
    expect((globalThis as { authkitLoads?: number }).authkitLoads).toBe(1)
  })

  test('closing does not wait for a load that never ends', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': hanging('x') })
    await settled(200)
    const asked = performance.now()
    await opened.close()
    expect(performance.now() - asked).toBeLessThan(500)
    expect(opened.reloads).toHaveLength(0)
  })

  test('closing waits for it, and nothing reloads afterwards', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': authFile('bob') })
    await opened.close()
    const { length } = opened.reloads
    await project.write({ 'auth.ts': authFile('carol') })
    await settled(200)
    expect(opened.reloads).toHaveLength(length)
  })

  test('closing does not wait for the one that would come next', async ({ project }) => {
    await project.write({ 'auth.ts': authFile('alice') })
    const opened = await project.open()
    await project.write({ 'auth.ts': authFile('bob', 'await new Promise((done) => setTimeout(done, 300))') })
    await settled()
    await project.write({ 'auth.ts': authFile('carol') })
    await settled()
    await opened.close()
    expect(opened.reloads).toHaveLength(1)
  })
})

test('a listener that throws does not end the reloading', async ({ project }) => {
  await project.write({ 'auth.ts': authFile('alice') })
  const opened = await project.open()
  const warnings: Error[] = []
  const listen = (warning: Error) => warnings.push(warning)
  process.on('warning', listen)
  const stop = opened.onReload(() => {
    throw new Error('listener failed')
  })
  await project.write({ 'auth.ts': authFile('bob') })
  await opened.next()
  stop()
  await project.write({ 'auth.ts': authFile('carol') })
  expect(await userOf((await opened.next()).state)).toBe('carol')
  process.off('warning', listen)
  expect(warnings.map(({ message }) => message)).toEqual(['listener failed'])
})

test('a folder that does not exist is a broken project', async ({ project }) => {
  const { state } = await project.open({}, project.path('nowhere'))
  expect(problemOf(state)).toEqual({
    code: 'config_invalid',
    message: `There is no folder ${project.path('nowhere')}.`,
  })
})

test('without watching, an edit changes nothing', async ({ project }) => {
  await project.write({ 'auth.ts': authFile('alice') })
  const opened = await project.open({ watch: false })
  await writeFile(project.path('auth.ts'), authFile('bob'))
  await settled(200)
  expect(await userOf(opened.state)).toBe('alice')
})

/** Longer than the debounce: for edits that must not be joined, and to see that nothing happens. */
function settled(ms = 100): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
