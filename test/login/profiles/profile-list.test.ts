import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assertFree,
  defaultOf,
  type ListedProfile,
  openProfileList,
  type Profiles,
  profileLike,
  profileNamed,
  withoutProfile,
  withProfile,
  withRenamed,
} from '../../../src/login/profiles/profile-list.js'
import { assertProfileName, isProfileName } from '../../../src/login/profiles/profile-name.js'
import { parseProfiles, serializeProfiles } from '../../../src/login/profiles/profiles-json.js'
import { test } from '../support/home.js'
import { profileOf } from '../support/logins.js'

const listed = (name: string, given: Partial<ListedProfile> = {}): ListedProfile => ({
  ...profileOf(name),
  store: 'keychain',
  ...given,
})
const listOf = (...names: string[]): Profiles =>
  names.reduce((list, name) => withProfile(list, listed(name)), { profiles: [] } as Profiles)
const namesOf = ({ profiles }: Profiles) => profiles.map(({ name }) => name)

describe('the list of profiles', () => {
  test('is empty where there is none, and made for its owner alone', async ({ home }) => {
    const list = openProfileList(home)
    expect(await list.read()).toEqual({ profiles: [] })
    await list.change((all) => withProfile(all, listed('bob')))
    await list.change((all) => withProfile(all, listed('alice', { store: 'file' })))
    expect(await openProfileList(home).read()).toEqual({
      default: 'bob',
      profiles: [listed('alice', { store: 'file' }), listed('bob')],
    })
    expect((await readdir(home)).sort()).toEqual(['locks', 'profiles.json'])
    if (process.platform === 'win32') return
    const modes = await Promise.all(
      [home, join(home, 'profiles.json')].map(async (path) => (await stat(path)).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600])
  })

  test('loses nothing when many change it at once', async ({ home }) => {
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`)
    await Promise.all(names.map((name) => openProfileList(home).change((all) => withProfile(all, listed(name)))))
    await Promise.all(names.slice(10).map((name) => openProfileList(home).change((all) => withoutProfile(all, name))))
    expect(namesOf(await openProfileList(home).read())).toEqual(names.slice(0, 10).sort())
  })

  test('is as it was where a change fails', async ({ home }) => {
    const list = openProfileList(home)
    await list.change((all) => withProfile(all, listed('alice')))
    const before = await readFile(join(home, 'profiles.json'))
    await expect(
      list.change(() => {
        throw new Error('Boo!')
      }),
    ).rejects.toThrow('Boo!')
    expect(await readFile(join(home, 'profiles.json'))).toEqual(before)
    await list.change((all) => withProfile(all, listed('bob')))
  })

  const whole = JSON.parse(serializeProfiles(listOf('alice')))
  const alice = whole.profiles.alice
  test.for<[string, string, RegExp]>([
    ['cut off', '{"version":1,', /it is no JSON/],
    ['empty', '', /it is no JSON/],
    ['no object', '[]', /it is no list of profiles/],
    ['of another version', JSON.stringify({ ...whole, version: 2 }), /it\.version is not what it should be/],
    ['without profiles', '{"version":1}', /it\.profiles is not/],
    ['with a default that is no text', JSON.stringify({ ...whole, default: 7 }), /it\.default is not/],
    ['with a bad name', JSON.stringify({ ...whole, profiles: { '../x': alice } }), /the name of a profile is not/],
    ['with the name of the prototype', '{"version":1,"profiles":{"__proto__":{}}}', /the name of a profile is not/],
    [
      'with a bad store',
      JSON.stringify({ ...whole, profiles: { alice: { ...alice, store: 'plain' } } }),
      /alice\.store is not/,
    ],
    [
      'without a user',
      JSON.stringify({ ...whole, profiles: { alice: { ...alice, user: {} } } }),
      /alice\.user\.subject is not/,
    ],
    [
      'with scopes that are no list',
      JSON.stringify({ ...whole, profiles: { alice: { ...alice, scopes: 'a b' } } }),
      /alice\.scopes is not/,
    ],
    ['with a profile that is null', JSON.stringify({ ...whole, profiles: { alice: null } }), /alice is not/],
  ])('that is %s is an error, and stays as it is', async ([, text, message], { home }) => {
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'profiles.json'), text)
    const list = openProfileList(home)
    for (const use of [() => list.read(), () => list.change((all) => withProfile(all, listed('bob')))]) {
      const error = (await use().catch((error: unknown) => error)) as Error
      expect(error).toMatchObject({ code: 'profiles_unreadable', spec: { exit: 1 } })
      expect(error.message).toMatch(message)
      expect(error.message).toContain(join(home, 'profiles.json'))
    }
    expect(await readFile(join(home, 'profiles.json'), 'utf8')).toBe(text)
  })

  test('in a place that is no folder is an error', async ({ home }) => {
    await writeFile(home, '')
    await expect(openProfileList(home).read()).rejects.toMatchObject({ code: 'profiles_unreadable' })
    await expect(openProfileList(home).change((all) => all)).rejects.toMatchObject({ code: 'not_writable' })
  })
})

describe('changes to the list', () => {
  const name = fc.constantFrom('alice', 'bob', 'carol', 'default')
  type Step = readonly ['add' | 'remove', string] | readonly ['rename', string, string]
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(fc.constantFrom('add', 'remove'), name),
    fc.tuple(fc.constant('rename'), name, name),
  )

  it('keep it sorted, without doubles, with a default that is there, and survive the file', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let list: Profiles = { profiles: [] }
        const there = new Map<string, number>()
        for (const [index, [what, one, to]] of steps.entries()) {
          if (what === 'add') {
            list = withProfile(list, listed(one, { signedInAt: index }))
            there.set(one, index)
          } else if (what === 'remove') {
            list = withoutProfile(list, one)
            there.delete(one)
          } else if (to !== undefined && there.has(one) && !there.has(to)) {
            const wasDefault = defaultOf(list)?.name === one
            list = withRenamed(list, one, { ...profileNamed(list, one), name: to })
            there.set(to, there.get(one) ?? -1)
            there.delete(one)
            if (wasDefault) expect(defaultOf(list)?.name).toBe(to)
          }
          expect(namesOf(list)).toEqual([...there.keys()].sort())
          for (const { name, signedInAt } of list.profiles) expect(signedInAt).toBe(there.get(name))
          if (list.default !== undefined) expect(there.has(list.default)).toBe(true)
          expect(parseProfiles(serializeProfiles(list), 'x')).toEqual(list)
        }
      }),
    )
  })

  it('leave the default alone when others come and go', () => {
    const list = listOf('bob', 'alice', 'carol')
    expect(defaultOf(list)?.name).toBe('bob')
    expect(defaultOf(withoutProfile(list, 'alice'))?.name).toBe('bob')
    expect(defaultOf(withoutProfile(list, 'bob'))).toBeUndefined()
    expect(defaultOf(withoutProfile(withoutProfile(list, 'bob'), 'alice'))?.name).toBe('carol')
    expect(defaultOf(withProfile(withoutProfile(list, 'bob'), listed('dave')))?.name).toBe('dave')
    expect(defaultOf({ default: 'gone', profiles: [listed('alice')] })?.name).toBe('alice')
  })
})

describe('a profile is found', () => {
  it.each<[string, Profiles, string | undefined, string]>([
    ['by its name', listOf('alice', 'bob'), 'bob', 'bob'],
    ['as the default', listOf('alice', 'bob'), undefined, 'alice'],
    ['as the only one', { profiles: [listed('bob')] }, undefined, 'bob'],
  ])('%s', (_, list, name, found) => {
    expect(profileNamed(list, name).name).toBe(found)
  })

  it.each<[string, Profiles, string | undefined, string, RegExp]>([
    ['nobody is signed in', { profiles: [] }, undefined, 'not_signed_in', /authkit login/],
    ['nobody is signed in, and one is named', { profiles: [] }, 'alice', 'not_signed_in', /authkit login/],
    ['its name is misspelt', listOf('alice', 'bob'), 'alcie', 'profile_unknown', /^Did you mean alice\?$/],
    [
      'its name is unknown',
      listOf('alice', 'bob'),
      'eyJhbGciOiJub25lIn0.e30.',
      'profile_unknown',
      /^There are alice, bob\.$/,
    ],
    [
      'there is no default',
      { profiles: [listed('alice'), listed('bob')] },
      undefined,
      'profile_unknown',
      /authkit profiles use/,
    ],
  ])('not, where %s', (_, list, name, code, hint) => {
    const find = () => profileNamed(list, name)
    expect(find).toThrow(expect.objectContaining({ code, hint: expect.stringMatching(hint) }))
    expect(find).not.toThrow(/eyJ/)
  })

  it('only under its exact name, and a new one differs in more than case', () => {
    const list = listOf('Alice')
    expect(profileLike(list, 'Alice')?.name).toBe('Alice')
    expect(profileLike(list, 'bob')).toBeUndefined()
    expect(() => profileLike(list, 'alice')).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(() => assertFree(list, 'ALICE')).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(() => assertFree(list, 'Alice')).toThrow(expect.objectContaining({ code: 'usage' }))
    assertFree(list, 'bob')
  })
})

describe('the name of a profile', () => {
  it.each(['default', 'alice', 'A', '0', 'a.b-c_d', 'x'.repeat(64)])('can be %s', (name) => {
    expect(isProfileName(name)).toBe(true)
    assertProfileName(name)
  })

  it.each([
    '',
    '.',
    '..',
    '.probe',
    '-x',
    '_x',
    'a/b',
    'a\\b',
    'a b',
    'a#a.1',
    'a@b',
    'ä',
    'a\n',
    'x'.repeat(65),
    'a:b',
  ])('cannot be %j', (name) => {
    expect(isProfileName(name)).toBe(false)
    expect(() => assertProfileName(name)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
