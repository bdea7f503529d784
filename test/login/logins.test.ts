import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { AuthkitError } from '../../src/errors/authkit-error.js'
import type { Profile, Revocation, TokenSet } from '../../src/login/login.js'
import { type Logins, type LoginsOptions, openLogins } from '../../src/login/logins.js'
import type { StoreKind } from '../../src/login/store/token-store.js'
import { test as base } from './support/home.js'
import { type MemoryStore, memoryStore, NOW, profileOf, secretsOf, tokensOf } from './support/logins.js'

interface World {
  readonly stores: Record<StoreKind, MemoryStore>
  readonly asked: string[]
  readonly revoked: string[]
  /** Another process. */
  open(given?: Partial<LoginsOptions>): Logins
}

const test = base.extend<{ world: World }>({
  world: async ({ home }, use) => {
    const stores = { keychain: memoryStore(), file: memoryStore('file') }
    const asked: string[] = []
    const revoked: string[] = []
    const options: LoginsOptions = {
      environment: {},
      home,
      stores,
      now: () => NOW,
      random: () => 0,
      waitMs: 5000,
      refresh: async ({ name }, { tokens }) => {
        asked.push(`${name} ${tokens.refreshToken}`)
        await new Promise((resolve) => setTimeout(resolve, 30))
        return tokensOf()
      },
      revoke: async (_, { tokens }) => {
        revoked.push(tokens.accessToken)
        return 'revoked'
      },
    }
    await use({ stores, asked, revoked, open: (given) => openLogins({ ...options, ...given }) })
  },
})

const over: Partial<TokenSet> = { issuedAt: NOW - 7_200_000, expiresAt: NOW - 3_600_000 }
const login = (name: string, tokens: Partial<TokenSet> = {}, profile: Partial<Profile> = {}) => ({
  profile: profileOf(name, profile),
  secrets: secretsOf(tokens),
})

describe('sign-ins', () => {
  test('are saved and found by every process; the first one is the default', async ({ world: { open, stores } }) => {
    const [alice, bob] = [login('alice'), login('bob')]
    const logins = open()
    expect(await logins.prepare('alice', 'keychain')).toBeUndefined()
    expect(await logins.save(alice, 'keychain')).toEqual({ ...alice.profile, store: 'keychain' })
    await logins.save(bob, 'file')
    const later = open()
    expect((await later.list()).profiles.map(({ name, store }) => [name, store])).toEqual([
      ['alice', 'keychain'],
      ['bob', 'file'],
    ])
    expect(await later.open()).toMatchObject({ profile: { name: 'alice' }, login: alice, store: { title: 'memory' } })
    expect((await later.accessToken('bob')).token).toBe(bob.secrets.tokens.accessToken)
    expect(await later.prepare('bob', 'keychain')).toEqual({ ...bob.profile, store: 'file' })
    expect([...stores.keychain.kept.keys(), ...stores.file.kept.keys()]).toEqual(['alice', 'bob'])
    await later.setDefault('bob')
    expect((await open().open()).profile.name).toBe('bob')
  })

  test('are read once a process', async ({ world: { open, stores } }) => {
    await open().save(login('alice'), 'keychain')
    const logins = open()
    await Promise.all([logins.accessToken('alice'), logins.open('alice'), logins.accessToken()])
    await logins.accessToken('alice')
    expect(stores.keychain.reads()).toBe(1)
  })

  test('replace each other under one name, and leave nothing in the other store', async ({
    world: { open, stores },
  }) => {
    const logins = open()
    await logins.save(login('alice'), 'file')
    const again = login('alice', { accessToken: 'again' }, { user: { subject: 'another' } })
    await logins.save(again, 'keychain')
    expect(stores.file.kept.size).toBe(0)
    expect((await open().open('alice')).login).toEqual(again)
    expect((await open().list()).profiles).toEqual([{ ...again.profile, store: 'keychain' }])
    expect((await logins.accessToken('alice')).token).toBe('again')
  })

  test('are never one user in the list and another in the store, wherever saving ends', async ({
    world: { open, stores },
  }) => {
    const [alice, mallory] = [login('x'), login('x', {}, { user: { subject: 'mallory' } })]
    await open().save(alice, 'keychain')
    await open().save(login('other'), 'keychain')
    stores.keychain.beforeWrite = () => {
      throw new Error('killed')
    }
    await expect(open().save(mallory, 'keychain')).rejects.toThrow('killed')
    await expect(open().accessToken('x')).rejects.toMatchObject({ code: 'profile_unknown' })
    // The same user again is in no such danger, and stays.
    await expect(open().save(login('other'), 'keychain')).rejects.toThrow('killed')
    expect((await open().open('other')).profile.name).toBe('other')
  })

  test('that the list is behind with are told as the store has them', async ({ home, world: { open } }) => {
    await open().save(login('alice'), 'keychain')
    const path = join(home, 'profiles.json')
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('ALICE', 'Mallory'))
    expect((await open().open('alice')).profile.user.name).toBe('ALICE')
  })

  test('whose tokens are gone are signed out', async ({ world: { open, stores } }) => {
    await open().save(login('alice'), 'keychain')
    stores.keychain.kept.clear()
    for (const use of [() => open().open('alice'), () => open().accessToken('alice')])
      await expect(use()).rejects.toMatchObject({
        code: 'not_signed_in',
        message: 'Profile alice has no tokens in the memory.',
      })
    expect(await open().logout('alice')).toEqual({ profile: 'alice', revocation: 'nothing' })
    expect((await open().list()).profiles).toEqual([])
  })

  test('have names that some file systems can tell apart', async ({ world: { open } }) => {
    await open().save(login('alice'), 'keychain')
    for (const name of ['Alice', '../alice', ''])
      for (const use of [() => open().prepare(name, 'keychain'), () => open().save(login(name), 'keychain')])
        await expect(use()).rejects.toMatchObject({ code: 'usage' })
  })

  test('are not begun where they could not be stored', async ({ world: { open, stores } }) => {
    const broken = {
      ...stores.keychain,
      assertWritable: () => Promise.reject(new AuthkitError('keychain_unavailable', 'x')),
    }
    const logins = open({ stores: { ...stores, keychain: broken } })
    await expect(logins.prepare('alice', 'keychain')).rejects.toMatchObject({ code: 'keychain_unavailable' })
    await logins.prepare('alice', 'file')
  })
})

describe('an access token', () => {
  test('that is over is renewed once, however many ask, in one process and in several', async ({
    world: { open, asked },
  }) => {
    await open().save(login('alice', over), 'keychain')
    await open().save(login('bob', over), 'keychain')
    const processes = Array.from({ length: 8 }, () => open())
    const tokens = await Promise.all(
      processes.flatMap((logins) => [logins.accessToken('alice'), logins.accessToken('alice')]),
    )
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(asked).toHaveLength(1)
    await open().accessToken('bob')
    expect(asked).toHaveLength(2)
  })

  test('that is over is looked up for all who ask in one process together', async ({
    world: { open, asked, stores },
  }) => {
    await open().save(login('alice', over), 'keychain')
    const logins = open()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => logins.accessToken('alice')))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(asked).toHaveLength(1)
    // Once before the lock, and once behind it.
    expect(stores.keychain.reads()).toBe(2)
  })

  test('is that of AUTHKIT_TOKEN where no profile is named', async ({ world: { open } }) => {
    const logins = open({ environment: { AUTHKIT_TOKEN: ' given \n' } })
    expect(await logins.accessToken()).toEqual({ token: 'given' })
    await logins.save(login('alice', { accessToken: 'mine' }), 'keychain')
    expect(await logins.accessToken()).toEqual({ token: 'given' })
    expect((await logins.accessToken('alice')).token).toBe('mine')
    const refused = open({ environment: { AUTHKIT_TOKEN: 'Bearer planted' } }).accessToken()
    await expect(refused).rejects.toMatchObject({ code: 'usage' })
    await expect(refused).rejects.not.toThrow(/planted/)
    await expect(open({ environment: { AUTHKIT_TOKEN: '' } }).accessToken()).resolves.toMatchObject({ token: 'mine' })
  })

  test('still works while another process keeps the profile busy, if it does', async ({ world: { open } }) => {
    await open().save(login('alice', { issuedAt: NOW - 3_500_000, expiresAt: NOW + 100_000 }), 'keychain')
    await open().save(login('bob', over), 'keychain')
    const never = new Promise<TokenSet>(() => undefined)
    const stuck = open({ refresh: () => never })
    void stuck.accessToken('alice')
    void stuck.accessToken('bob')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const waiting = open({ waitMs: 100 })
    expect(await waiting.accessToken('alice')).toMatchObject({
      notice: expect.stringMatching(/busy with profile alice/),
    })
    await expect(waiting.accessToken('bob')).rejects.toMatchObject({ code: 'profile_busy', spec: { exit: 3 } })
  })

  test('of a profile that was signed out of meanwhile is not handed out', async ({ world: { open, stores } }) => {
    await open().save(login('alice', { issuedAt: NOW - 3_500_000, expiresAt: NOW + 100_000 }), 'keychain')
    const logins = open()
    await logins.open('alice')
    stores.keychain.kept.clear()
    await expect(logins.accessToken('alice')).rejects.toMatchObject({ code: 'not_signed_in' })
  })

  test('is renewed at the provider that gave it, whatever the list says', async ({ home, world: { open } }) => {
    await open().save(login('alice', over), 'keychain')
    const path = join(home, 'profiles.json')
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('id.example.com', 'evil.example'))
    const issuers: (string | undefined)[] = []
    const logins = open({
      refresh: async ({ issuer }) => {
        issuers.push(issuer)
        return tokensOf()
      },
    })
    await logins.accessToken('alice')
    expect(issuers).toEqual(['https://id.example.com'])
  })
})

describe('signing out', () => {
  test.for<[string, () => Promise<Revocation>, object]>([
    ['takes the tokens back first', async () => 'revoked', { revocation: 'revoked' }],
    ['says where a provider can do half of it', async () => 'partly', { revocation: 'partly' }],
    ['says where a provider cannot do so', async () => 'unsupported', { revocation: 'unsupported' }],
    [
      'forgets them where the provider is away',
      () => Promise.reject(new AuthkitError('provider_unavailable', 'It is away.')),
      { revocation: 'failed', problem: { code: 'provider_unavailable' } },
    ],
    [
      'forgets them whatever happens',
      () => Promise.reject(new TypeError('Boo!')),
      { revocation: 'failed', problem: { code: 'provider_unavailable' } },
    ],
  ])('%s', async ([, revoke, expected], { world: { open, stores } }) => {
    await open().save(login('alice'), 'keychain')
    await open().save(login('bob'), 'keychain')
    const logins = open({ revoke })
    await logins.open('alice')
    expect(await logins.logout('alice')).toMatchObject({ profile: 'alice', ...expected })
    expect([...stores.keychain.kept.keys()]).toEqual(['bob'])
    expect((await open().list()).profiles.map(({ name }) => name)).toEqual(['bob'])
    await expect(logins.accessToken('alice')).rejects.toMatchObject({ code: 'profile_unknown' })
  })

  test('is of the default where no profile is named, and never of AUTHKIT_TOKEN', async ({
    world: { open, revoked },
  }) => {
    const alice = login('alice')
    await open().save(alice, 'keychain')
    await open().save(login('bob'), 'keychain')
    const logins = open({ environment: { AUTHKIT_TOKEN: 'given' } })
    expect(await logins.logout()).toEqual({ profile: 'alice', revocation: 'revoked' })
    expect(revoked).toEqual([alice.secrets.tokens.accessToken])
  })

  test('changes nothing where the keychain is away', async ({ world: { open, stores, revoked } }) => {
    await open().save(login('alice'), 'keychain')
    const away = () => Promise.reject(new AuthkitError('keychain_unavailable', 'x'))
    const logins = open({ stores: { ...stores, keychain: { ...stores.keychain, read: away, remove: away } } })
    await expect(logins.logout('alice')).rejects.toMatchObject({ code: 'keychain_unavailable' })
    await expect(logins.remove('alice')).rejects.toMatchObject({ code: 'keychain_unavailable' })
    expect(revoked).toEqual([])
    expect((await open().open('alice')).profile.name).toBe('alice')
  })

  test('waits for a renewal, so that its tokens are taken back too', async ({ world: { open, stores, revoked } }) => {
    await open().save(login('alice', over), 'keychain')
    const [{ token }] = await Promise.all([
      open().accessToken('alice'),
      new Promise((resolve) => setTimeout(resolve, 10)).then(() => open().logout('alice')),
    ])
    expect(revoked).toEqual([token])
    expect(stores.keychain.kept.size).toBe(0)
  })
})

describe('a profile', () => {
  test('is removed without asking the provider', async ({ world: { open, stores, revoked } }) => {
    await open().save(login('alice'), 'file')
    expect(await open().remove('alice')).toMatchObject({ name: 'alice', store: 'file' })
    expect([stores.file.kept.size, revoked, (await open().list()).profiles]).toEqual([0, [], []])
    await expect(open().remove('alice')).rejects.toMatchObject({ code: 'not_signed_in' })
  })

  test('is renamed with its tokens, and stays the default', async ({ world: { open, stores } }) => {
    const alice = login('alice', over)
    await open().save(alice, 'keychain')
    await open().save(login('bob'), 'keychain')
    expect(await open().rename('alice', 'work')).toMatchObject({ name: 'work', store: 'keychain' })
    expect([...stores.keychain.kept.keys()].sort()).toEqual(['bob', 'work'])
    expect(await open().open()).toMatchObject({ profile: { name: 'work' }, login: alice })
    await open().accessToken('work')
    for (const [from, to, code] of [
      ['work', 'bob', 'usage'],
      ['work', 'work', 'usage'],
      ['work', 'WORK', 'usage'],
      ['work', '../x', 'usage'],
      ['alice', 'x', 'profile_unknown'],
    ] as const)
      await expect(open().rename(from, to), `${from} to ${to}`).rejects.toMatchObject({ code })
  })

  test('is renamed both ways at once without a deadlock, once', async ({ world: { open } }) => {
    await open().save(login('a'), 'keychain')
    await open().save(login('b'), 'keychain')
    const renames = await Promise.allSettled([
      open().rename('a', 'c'),
      open().rename('b', 'c'),
      open().rename('a', 'd'),
    ])
    expect(renames.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1)
    const names = (await open().list()).profiles.map(({ name }) => name)
    expect(names).toHaveLength(2)
    for (const name of names) expect((await open().open(name)).profile.name).toBe(name)
  })

  test('is there under its old or its new name, wherever renaming ends', async ({ world: { open, stores } }) => {
    await open().save(login('alice'), 'keychain')
    const { keychain } = stores
    const dies = (where: 'write' | 'remove') => ({ ...keychain, [where]: () => Promise.reject(new Error('killed')) })
    for (const where of ['write', 'remove'] as const) {
      const logins = open({ stores: { ...stores, keychain: dies(where) } })
      await expect(logins.rename('alice', 'work')).rejects.toThrow('killed')
      const { profiles } = await open().list()
      expect(profiles).toHaveLength(1)
      expect((await open().open(profiles[0]?.name)).profile.user.subject).toBe('subject of alice')
    }
  })
})
