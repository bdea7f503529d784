import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Auth } from '../../src/engine/auth.js'
import { HTTPException } from '../../src/engine/http-exception.js'
import { openLogins } from '../../src/login/logins.js'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js'
import { type Keyring, withKeyring } from '../support/keyring.js'
import { open as openServer } from '../support/server.js'
import { planted, profileOf } from './support/logins.js'
import { type Machine, machineOf } from './support/machine.js'

let provider: IdentityProvider
let folder: string
beforeAll(async () => {
  provider = await startIdentityProvider()
  folder = mkdtempSync(join(tmpdir(), 'authkit-commands-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await provider.close()
})

async function whose(token: string): Promise<string | undefined> {
  const response = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
  return response.ok ? ((await response.json()) as { sub: string }).sub : undefined
}

const onMachine = (name: string, test: (machine: Machine, keyring: Keyring) => Promise<void>) =>
  withKeyring(name, (keyring) => test(machineOf(provider, keyring.environment), keyring))

/** Lines as their columns. */
const columnsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))

describe('somebody who is signed in', () => {
  onMachine('is shown by whoami', async ({ authkit, signIn }) => {
    const [, bob] = [await signIn('alice'), await signIn('bob')]
    const who = await authkit('whoami')
    expect(who).toMatchObject({ code: 0, stderr: '' })
    expect(columnsOf(who.stdout)).toEqual([
      ['alice \\x1b[31m (alice)', 'profile alice, the default'],
      ['email', 'alice@example.com'],
      ['issuer', provider.issuer],
      ['client', 'cli'],
      ['scopes', 'openid profile email offline_access'],
      ['tokens', 'Secret Service'],
      ['session', 'the access token ends in 59 minutes'],
    ])
    expect(JSON.parse((await authkit('whoami', 'bob', '--json')).stdout)).toMatchObject({
      profile: 'bob',
      default: false,
      user: { subject: 'bob' },
      issuer: provider.issuer,
      store: { kind: 'keychain', title: 'Secret Service' },
      expiresAt: new Date(bob.expiresAt ?? 0).toISOString(),
      state: 'valid',
    })
    await signIn('carol', { endsIn: -60 })
    expect((await authkit('whoami', 'carol')).stdout).toMatch(
      /ended 1 minute ago; the next command that needs one renews it/,
    )
  })

  onMachine('has a token that is printed alone', async ({ authkit, signIn }, keyring) => {
    const { accessToken, expiresAt } = await signIn('alice')
    expect(await authkit('token')).toEqual({ code: 0, stdout: `${accessToken}\n`, stderr: '' })
    expect(JSON.parse((await authkit('token', 'alice', '--json')).stdout)).toEqual({
      token: accessToken,
      profile: 'alice',
      expiresAt: new Date(expiresAt ?? 0).toISOString(),
    })
    await signIn('bob', { endsIn: -10 })
    const renewed = await authkit('token', 'bob')
    expect(renewed).toMatchObject({ code: 0, stderr: '' })
    expect(await whose(renewed.stdout.trim())).toBe('bob')
    expect((await keyring.secrets())['bob']).toContain(renewed.stdout.trim())
  })

  onMachine('has profiles that can be listed, chosen, renamed and removed', async ({ authkit, signIn }) => {
    const [, bob] = [await signIn('alice'), await signIn('bob')]
    expect(columnsOf((await authkit('profiles')).stdout)).toEqual([
      ['alice', 'alice \\x1b[31m', provider.issuer, 'keychain', 'default'],
      ['bob', 'bob \\x1b[31m', provider.issuer, 'keychain'],
    ])
    expect((await authkit('profiles use', 'bob')).stdout).toBe('  bob is the default\n')
    expect((await authkit('profiles rename', 'bob', 'work')).stdout).toBe('  bob is work now\n')
    expect(await authkit('token')).toEqual({ code: 0, stdout: `${bob.accessToken}\n`, stderr: '' })
    expect(await authkit('profiles remove', 'work')).toMatchObject({ code: 0 })
    expect(JSON.parse((await authkit('profiles', '--json')).stdout)).toMatchObject({
      default: 'alice',
      profiles: [
        { name: 'alice', store: 'keychain', user: { subject: 'alice' }, signedInAt: expect.stringMatching(/Z$/) },
      ],
    })
    expect(await whose(bob.accessToken)).toBe('bob')
    const unknown = await authkit('token', 'work')
    expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/There are alice/) })
  })

  onMachine('is signed out here and at the provider', async ({ authkit, signIn }, keyring) => {
    const [alice, bob] = [await signIn('alice'), await signIn('bob')]
    const out = await authkit('logout', 'alice')
    expect(out).toEqual({ code: 0, stdout: '  signed out of alice   the provider took back its tokens\n', stderr: '' })
    expect(await whose(alice.accessToken)).toBeUndefined()
    expect(await whose(bob.accessToken)).toBe('bob')
    expect(Object.keys(await keyring.secrets())).toEqual(['bob'])
    expect(await authkit('whoami', 'alice')).toMatchObject({ code: 2 })
    expect(await authkit('logout', '--all')).toMatchObject({ code: 0 })
    expect(await keyring.secrets()).toEqual({})
    expect(await authkit('whoami')).toMatchObject({ code: 1, stderr: expect.stringContaining('Run `authkit login`.') })
    expect(await authkit('logout', '--all')).toMatchObject({ code: 0, stdout: '  nobody is signed in\n' })
    expect(await authkit('logout', 'alice', '--all')).toMatchObject({ code: 2 })
  })

  onMachine('is signed out here where the provider is away, and told what that means', async (machine, keyring) => {
    const profile = profileOf('alice', { issuer: 'http://127.0.0.1:1' })
    const tokens = {
      accessToken: planted('access'),
      refreshToken: planted('refresh'),
      issuedAt: Date.now(),
      scopes: [],
    }
    await openLogins({ environment: machine.environment }).save({ profile, secrets: { tokens } }, 'keychain')
    const out = await machine.authkit('logout')
    expect(out).toMatchObject({ code: 0, stdout: '  signed out of alice   on this machine only\n' })
    expect(out.stderr).toMatch(/The tokens of alice live there until they end\.$/m)
    expect(await keyring.secrets()).toEqual({})
  })

  onMachine('is told when the session is over', async ({ authkit, environment }) => {
    const tokens = { accessToken: planted('access'), issuedAt: 0, expiresAt: Date.now() - 7_200_500, scopes: [] }
    await openLogins({ environment }).save({ profile: profileOf('alice'), secrets: { tokens } }, 'keychain')
    expect(await authkit('token', 'alice')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /The session of profile alice has expired\.\n.*Run `authkit login --profile alice`/,
      ),
    })
    const who = await authkit('whoami')
    expect(who).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/expired 2 hours ago: run authkit login --profile alice/),
    })
    expect(JSON.parse((await authkit('token', '--json')).stdout)).toMatchObject({ error: { code: 'login_expired' } })
  })

  onMachine('has a token that can be looked at', async ({ authkit, authkitWith, signIn }) => {
    const { accessToken, idToken = '' } = await signIn('alice')
    const opaque = await authkit('token inspect')
    expect(opaque).toMatchObject({ code: 3, stdout: expect.stringMatching(/profile alice +no JWT/) })
    expect(opaque.stdout).not.toContain(accessToken)
    // That of this provider is opaque; its ID token is a JWT, for the application.
    const given = { AUTHKIT_TOKEN: idToken }
    const good = await authkitWith(given, 'token inspect', '--audience', 'cli')
    expect(good.stdout.match(/^ {2}(good|bad|unknown) +\w+/gm)?.map((line) => line.trim().split(/ +/))).toEqual([
      ['good', 'signature'],
      ['good', 'time'],
      ['good', 'issuer'],
      ['good', 'audience'],
    ])
    expect(good).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('"sub": "alice"') })
    expect(good.stdout).not.toContain(idToken.split('.')[2])
    expect(await authkitWith(given, 'token inspect', '--audience', 'api')).toMatchObject({ code: 1 })
    const forged = { AUTHKIT_TOKEN: `${idToken.slice(0, -4)}AAAA` }
    const bad = await authkitWith(forged, 'token inspect', '--audience', 'cli', '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({
      source: 'AUTHKIT_TOKEN',
      checks: [{ name: 'signature', verdict: 'bad' }, {}, {}, {}],
    })
  })

  onMachine('can be somebody of a command', async ({ authkit, authkitWith, signIn }) => {
    const { accessToken } = await signIn('alice')
    await signIn('bob', { endsIn: -10 })
    const auth = new Auth()
      .authenticate(async (request) => {
        const user = await whose(request.headers.get('authorization')?.replace(/^Bearer /, '') ?? '')
        if (user === undefined) throw new HTTPException(401, { message: 'Unauthorized' })
        return { identity: user, permissions: [] }
      })
      .on('*', ({ user, value }) => {
        if ('metadata' in value) value.metadata = { ...(value.metadata as object), owner: user.identity }
        return { owner: user.identity }
      })
    const server = await openServer({ auth })
    try {
      const given = ['--url', server.url, '--only', 'thread.read', '--json']
      const played = await authkit('test-isolation', ...given, '--alice', '@alice', '--bob', '@bob')
      expect(played, played.stdout).toMatchObject({ code: 0 })
      expect(JSON.parse(played.stdout)).toMatchObject({ actors: { alice: 'alice', bob: 'bob' } })
      for (const refused of [
        await authkit('test-isolation', ...given, '--alice', accessToken, '--bob', '@bob'),
        await authkitWith(
          { AUTHKIT_ALICE_TOKEN: accessToken },
          'test-isolation',
          ...given,
          '--alice',
          '@alice',
          '--bob',
          '@bob',
        ),
        await authkit('coverage', '--json', '--alice', accessToken),
      ]) {
        expect(refused.code).toBe(2)
        expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'usage' } })
        expect(refused.stdout + refused.stderr).not.toContain(accessToken)
      }
    } finally {
      await server.close()
    }
  })
})

describe('the token in AUTHKIT_TOKEN', () => {
  onMachine(
    'is used where no profile is named, and nothing is done to it',
    async ({ authkitWith, signIn }, keyring) => {
      const { accessToken } = await signIn('alice')
      const given = { AUTHKIT_TOKEN: planted('given') }
      expect(await authkitWith(given, 'token')).toEqual({ code: 0, stdout: `${given.AUTHKIT_TOKEN}\n`, stderr: '' })
      expect((await authkitWith(given, 'token', 'alice')).stdout).toBe(`${accessToken}\n`)
      const who = await authkitWith(given, 'whoami')
      expect(who.stdout).toMatch(/by the token in AUTHKIT_TOKEN, as it says itself: nobody has verified it/)
      expect(who.stdout + who.stderr).not.toContain(given.AUTHKIT_TOKEN)
      expect((await authkitWith(given, 'profiles use', 'alice')).stderr).toMatch(
        /AUTHKIT_TOKEN is set, and comes before it/,
      )
      const out = await authkitWith(given, 'logout')
      expect(out.stdout).toMatch(/signed out of alice/)
      expect(out.stderr).toMatch(/AUTHKIT_TOKEN is set, and goes on being used/)
      expect(await keyring.secrets()).toEqual({})
    },
  )
})

describe('where there is no keychain', () => {
  const nowhere = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }

  it('tokens can be kept in an encrypted file, which needs its key', async () => {
    const home = join(folder, 'file')
    const key = randomBytes(32).toString('base64')
    const { authkit, authkitWith, signIn } = machineOf(provider, {
      ...nowhere,
      AUTHKIT_HOME: home,
      AUTHKIT_TOKEN_KEY: key,
    })
    const { accessToken } = await signIn('alice', { store: 'file' })
    expect(await authkit('token')).toEqual({ code: 0, stdout: `${accessToken}\n`, stderr: '' })
    expect((await authkit('whoami')).stdout).toContain(`encrypted files in ${join(home, 'tokens')}`)
    const without = await authkitWith({ AUTHKIT_TOKEN_KEY: undefined }, 'token')
    expect(without).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/AUTHKIT_TOKEN_KEY is not set/),
    })
    const other = { AUTHKIT_TOKEN_KEY: randomBytes(32).toString('base64') }
    const wrong = await authkitWith(other, 'logout', '--all', '--json')
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/alice is still signed in: .*does not open/) })
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      loggedOut: [],
      failed: [{ profile: 'alice', error: { code: 'tokens_unreadable', hint: expect.any(String) } }],
    })
    expect((await authkit('logout')).stdout).toMatch(/the provider took back its tokens/)
    expect(await whose(accessToken)).toBeUndefined()
  })

  it('nothing is kept anywhere else, and the choices are said', async () => {
    const home = join(folder, 'none')
    const { signIn } = machineOf(provider, { ...nowhere, AUTHKIT_HOME: home })
    await expect(signIn('alice')).rejects.toMatchObject({ code: 'keychain_unavailable' })
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => statSync(join(home, file)).isFile())).toEqual([join('locks', 'profile-alice.lock')])
  })
})
