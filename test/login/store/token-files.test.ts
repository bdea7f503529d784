import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTokenFiles } from '../../../src/login/store/token-files.js'
import type { StoredLogin } from '../../../src/login/store/token-store.js'
import { planted, profileOf, secretsOf } from '../support/logins.js'

const KEY = randomBytes(32).toString('base64')

let folder: string
let homes = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'authkit-files-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function newHome(): string {
  homes += 1
  return join(folder, `home-${homes}`)
}

function storeIn(home: string, key: string | undefined = KEY) {
  return openTokenFiles({ home, environment: key === undefined ? {} : { AUTHKIT_TOKEN_KEY: key } })
}

const alice: StoredLogin = { profile: profileOf('alice'), secrets: { ...secretsOf(), clientSecret: planted('secret') } }
const fileOf = (home: string, name = 'alice') => join(home, 'tokens', `profile-${name}.sealed`)

describe('an encrypted file', () => {
  it('keeps what it is given, sealed, for its owner alone', async () => {
    const home = newHome()
    const store = storeIn(home)
    expect(await store.read('alice')).toBeUndefined()
    await store.assertWritable()
    await store.write('alice', { ...alice, renewingSince: 5 })
    expect(await storeIn(home).read('alice')).toEqual({ ...alice, renewingSince: 5 })
    await store.write('alice', alice)
    expect(await store.read('alice')).toEqual(alice)
    expect(await readdir(join(home, 'tokens'))).toEqual(['profile-alice.sealed'])
    const content = await readFile(fileOf(home), 'latin1')
    for (const secret of [alice.secrets.clientSecret, alice.secrets.tokens.accessToken, 'alice', 'id.example.com', KEY])
      expect(content).not.toContain(secret)
    if (process.platform !== 'win32') {
      const modes = await Promise.all(
        [home, join(home, 'tokens'), fileOf(home)].map(async (path) => (await stat(path)).mode & 0o777),
      )
      expect(modes).toEqual([0o700, 0o700, 0o600])
    }
    await store.remove('alice')
    await store.remove('alice')
    expect(await store.read('alice')).toBeUndefined()
    expect(await readdir(join(home, 'tokens'))).toEqual([])
  })

  it.each<[string, string | undefined, RegExp]>([
    ['no key', undefined, /^AUTHKIT_TOKEN_KEY is not set/],
    ['an empty key', '', /^AUTHKIT_TOKEN_KEY is not set/],
    ['a short key', randomBytes(31).toString('base64'), /^AUTHKIT_TOKEN_KEY must hold 32 bytes/],
    ['a long key', randomBytes(33).toString('base64'), /^AUTHKIT_TOKEN_KEY must hold 32 bytes/],
    ['a password', 'hunter2 hunter2 hunter2 hunter2 hunter2 hun', /^AUTHKIT_TOKEN_KEY must hold 32 bytes/],
  ])('is neither written nor read with %s', async (_, key, message) => {
    const home = newHome()
    await storeIn(home).write('alice', alice)
    const before = await readFile(fileOf(home))
    const store = openTokenFiles({ home, environment: { AUTHKIT_TOKEN_KEY: key } })
    for (const use of [() => store.read('alice'), () => store.write('alice', alice), () => store.assertWritable()]) {
      const error = (await use().catch((error: unknown) => error)) as Error
      expect(error).toMatchObject({
        code: 'token_key_invalid',
        spec: { exit: 2 },
        hint: expect.stringMatching(/openssl rand -base64 32/),
      })
      expect(error.message).toMatch(message)
      expect(String(error.stack)).not.toContain('hunter2')
    }
    expect(await readFile(fileOf(home))).toEqual(before)
    // To forget it no key is needed.
    await store.remove('alice')
    expect(await readdir(join(home, 'tokens'))).toEqual([])
  })

  it.each<[string, (home: string) => Promise<unknown>]>([
    ['sealed under another key', (home) => storeIn(home, randomBytes(32).toString('base64')).write('alice', alice)],
    ['empty', (home) => writeFile(fileOf(home), '')],
    ['cut off', async (home) => writeFile(fileOf(home), (await readFile(fileOf(home))).subarray(0, -1))],
    ['longer', async (home) => writeFile(fileOf(home), Buffer.concat([await readFile(fileOf(home)), Buffer.of(0)]))],
    ['something else', (home) => writeFile(fileOf(home), JSON.stringify(alice))],
    [
      "another profile's",
      async (home) => {
        await storeIn(home).write('bob', alice)
        await copyFile(fileOf(home, 'bob'), fileOf(home))
      },
    ],
  ])('that is %s does not open', async (_, spoil) => {
    const home = newHome()
    await storeIn(home).write('alice', alice)
    await spoil(home)
    const error = (await storeIn(home)
      .read('alice')
      .catch((error: unknown) => error)) as Error
    expect(error).toMatchObject({ code: 'tokens_unreadable', spec: { exit: 1 } })
    expect(String(error.stack)).not.toMatch(/planted/)
    await storeIn(home).write('alice', alice)
    expect(await storeIn(home).read('alice')).toEqual(alice)
  })

  it('does not open with one bit changed, wherever', async () => {
    const home = newHome()
    await storeIn(home).write('alice', alice)
    const sealed = await readFile(fileOf(home))
    for (let index = 0; index < sealed.length; index += 7) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      await writeFile(fileOf(home), changed)
      await expect(storeIn(home).read('alice')).rejects.toMatchObject({ code: 'tokens_unreadable' })
    }
  })

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o660, 0o622, 0o601, 0o777])(
    'that others may use is refused, and what to do is said: %o',
    async (mode) => {
      const home = newHome()
      await storeIn(home).write('alice', alice)
      await chmod(fileOf(home), mode)
      await expect(storeIn(home).read('alice')).rejects.toMatchObject({
        code: 'tokens_exposed',
        message: expect.stringContaining(`0${mode.toString(8)}`),
        hint: expect.stringContaining('chmod 600'),
      })
      await storeIn(home).write('alice', alice)
      expect(await storeIn(home).read('alice')).toEqual(alice)
    },
  )

  it('takes no advice from what a crash left behind, or a link that somebody made', async () => {
    const home = newHome()
    await mkdir(join(home, 'tokens'), { recursive: true })
    await writeFile(join(home, 'elsewhere'), 'mine')
    await symlink(join(home, 'elsewhere'), `${fileOf(home)}.new`)
    await storeIn(home).write('alice', alice)
    expect(await readFile(join(home, 'elsewhere'), 'utf8')).toBe('mine')
    expect(await storeIn(home).read('alice')).toEqual(alice)
    await writeFile(`${fileOf(home)}.new`, 'half')
    await storeIn(home).remove('alice')
    expect(await readdir(join(home, 'tokens'))).toEqual([])
  })

  it('has a place for every name that a profile may have', async () => {
    const home = newHome()
    const names = ['default', 'con', 'NUL', 'a.b', '0', 'x'.repeat(64), 'a-b_c.']
    for (const name of names) await storeIn(home).write(name, { ...alice, profile: profileOf(name) })
    for (const name of names) expect((await storeIn(home).read(name))?.profile.name).toBe(name)
    expect(await readdir(join(home, 'tokens'))).toHaveLength(names.length)
  })

  it('that cannot be written says where', async () => {
    const home = newHome()
    await writeFile(home, 'a file')
    await expect(storeIn(home).write('alice', alice)).rejects.toMatchObject({
      code: 'not_writable',
      hint: expect.stringContaining('AUTHKIT_HOME'),
    })
  })
})
