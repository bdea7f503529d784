import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { readRootKey } from '../../src/dev/root-key.js'
import { test } from '../project/temp-project.js'

const KEY = randomBytes(32)
const BASE64 = KEY.toString('base64')

describe('the root key', () => {
  test('is made once, for its owner alone, and kept out of version control', async ({ project }) => {
    const read = () => readRootKey({ root: project.root, inMemory: false, environment: {} })
    const key = Buffer.from(await read())
    expect(key).toHaveLength(32)
    expect(key.equals(await read())).toBe(true)
    expect((await readdir(project.path('.authkit'))).sort()).toEqual(['.gitignore', 'root.key'])
    expect(await readFile(project.path('.authkit/.gitignore'), 'utf8')).toBe('*\n')
    if (process.platform === 'win32') return
    const modes = await Promise.all(
      ['.authkit', '.authkit/root.key'].map(async (name) => (await stat(project.path(name))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600])
  })

  test('is one, however many processes start at once', async ({ project }) => {
    for (let round = 0; round < 10; round++) {
      const root = project.path(`${round}`)
      const late = async (turns: number) => {
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
        return Buffer.from(await readRootKey({ root, inMemory: false, environment: {} })).toString('hex')
      }
      expect(new Set(await Promise.all(Array.from({ length: 20 }, (_, turns) => late(turns)))).size).toBe(1)
    }
  })

  test('of a database in memory is new each time, and no file', async ({ project }) => {
    const read = () => readRootKey({ root: project.root, inMemory: true, environment: {} })
    expect(Buffer.from(await read()).equals(await read())).toBe(false)
    expect(await readdir(project.root)).toEqual([])
  })

  test('comes from the environment, from a file it names, or from the project, in this order', async ({ project }) => {
    const other = randomBytes(32)
    await project.write({ 'env.key': ` ${other.toString('base64url')}\n` })
    const read = async (environment: NodeJS.ProcessEnv, inMemory = false) =>
      Buffer.from(await readRootKey({ root: project.root, inMemory, environment })).toString('base64')
    const file = { AUTHKIT_ROOT_KEY_FILE: project.path('env.key') }
    expect(await read({ AUTHKIT_ROOT_KEY: BASE64, ...file })).toBe(BASE64)
    expect(await read({ AUTHKIT_ROOT_KEY: BASE64 }, true)).toBe(BASE64)
    expect(await read(file)).toBe(other.toString('base64'))
    expect(await read({ AUTHKIT_ROOT_KEY: '', ...file })).toBe(other.toString('base64'))
    expect(await readdir(project.root)).toEqual(['env.key'])
    await writeFile(project.path('raw.key'), KEY)
    expect(await read({ AUTHKIT_ROOT_KEY_FILE: project.path('raw.key') })).toBe(BASE64)
  })

  test.for<[string, NodeJS.ProcessEnv, RegExp]>([
    ['too short', { AUTHKIT_ROOT_KEY: randomBytes(31).toString('base64') }, /^AUTHKIT_ROOT_KEY must hold 32 bytes/],
    ['too long', { AUTHKIT_ROOT_KEY: randomBytes(33).toString('base64') }, /^AUTHKIT_ROOT_KEY must hold 32 bytes/],
    ['no base64', { AUTHKIT_ROOT_KEY: 'hunter2 hunter2 hunter2 hunter2 hunter2 hunter' }, /^AUTHKIT_ROOT_KEY must/],
    ['in a file that is not there', { AUTHKIT_ROOT_KEY_FILE: 'none' }, /^AUTHKIT_ROOT_KEY_FILE cannot be read: ENOENT/],
    ['cut off in the file of the project', {}, /^\.authkit\/root\.key must hold 32 bytes/],
  ])('that is %s is refused, and not quoted', async ([, environment, message], { project }) => {
    await project.write({ '.authkit/root.key': 'aHVudGVyMg==' })
    const refused = readRootKey({ root: project.root, inMemory: false, environment })
    await expect(refused).rejects.toMatchObject({ code: 'root_key_invalid', spec: { exit: 2 } })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow(/hunter2|aHVudGVy/)
    expect(await readFile(project.path('.authkit/root.key'), 'utf8')).toBe('aHVudGVyMg==')
  })

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'that cannot be written is an error',
    async ({ project }) => {
      await chmod(project.root, 0o500)
      const refused = readRootKey({ root: project.root, inMemory: false, environment: {} })
      await expect(refused).rejects.toThrow(/cannot be written/)
      await chmod(project.root, 0o700)
    },
  )

  test('in a place that is no folder is an error', async ({ project }) => {
    await project.write({ '.authkit': '' })
    const refused = readRootKey({ root: project.root, inMemory: false, environment: {} })
    await expect(refused).rejects.toMatchObject({ code: 'root_key_invalid' })
  })
})
