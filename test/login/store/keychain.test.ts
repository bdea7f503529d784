import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AuthkitError } from '../../../src/errors/authkit-error.js'
import { openKeychain } from '../../../src/login/store/keychain.js'
import { keychainError } from '../../../src/login/store/keychain-error.js'
import { type FailureReason, KeychainFailure, startKeychainProcess } from '../../../src/login/store/keychain-process.js'
import type { StoredLogin, TokenStore } from '../../../src/login/store/token-store.js'
import { startKeyring, withKeyring } from '../../support/keyring.js'
import { planted, profileOf, secretsOf } from '../support/logins.js'

function loginOf(name: string, accessToken = planted('access')): StoredLogin {
  return { profile: profileOf(name), secrets: secretsOf({ accessToken }) }
}

/** Every way to use a store, for what has to hold of all. */
const USES: readonly [string, (store: TokenStore) => Promise<unknown>][] = [
  ['read', (store) => store.read('alice')],
  ['write', (store) => store.write('alice', loginOf('alice'))],
  ['remove', (store) => store.remove('alice')],
  ['assertWritable', (store) => store.assertWritable()],
]

async function expectUnavailable(store: TokenStore, message: RegExp): Promise<void> {
  for (const [name, use] of USES) {
    const error = await use(store).then(
      () => `${name} did not fail`,
      (error: unknown) => error,
    )
    expect(error, name).toBeInstanceOf(AuthkitError)
    expect(error, name).toMatchObject({
      code: 'keychain_unavailable',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/--token-store file.*AUTHKIT_TOKEN_KEY.*openssl rand -base64 32.*AUTHKIT_TOKEN\./),
    })
  }
}

describe('the keychain', () => {
  withKeyring('keeps one entry a profile, under the service authkit', async ({ environment, secrets }) => {
    const store = openKeychain({ environment })
    const [alice, bob] = [loginOf('alice'), loginOf('bob')]
    await store.assertWritable()
    await store.write('alice', alice)
    await store.write('bob', bob)
    expect(await store.read('alice')).toEqual(alice)
    expect(await openKeychain({ environment }).read('bob')).toEqual(bob)
    const kept = await secrets()
    expect(Object.keys(kept).sort()).toEqual(['alice', 'bob'])
    expect(kept['alice']).toContain(alice.secrets.tokens.accessToken)
    await store.write('alice', bob)
    expect(await store.read('alice')).toEqual(bob)
    await store.remove('alice')
    expect(await store.read('alice')).toBeUndefined()
    await store.remove('alice')
    expect(Object.keys(await secrets())).toEqual(['bob'])
  })

  withKeyring('keeps what is long in several entries, and any text', async ({ environment, secrets }) => {
    const store = openKeychain({ environment, limit: 300 })
    const long = loginOf('alice', `${planted('access')}${'x'.repeat(2000)}`)
    const named = { ...long, profile: profileOf('alice', { user: { subject: '1', name: 'Ålice 愛麗絲 \u0000 🗝️' } }) }
    await store.write('alice', named)
    expect(await store.read('alice')).toEqual(named)
    const kept = await secrets()
    expect(Object.keys(kept).length).toBeGreaterThan(7)
    expect(Math.max(...Object.values(kept).map((secret) => Buffer.byteLength(secret)))).toBeLessThanOrEqual(300)
    await store.remove('alice')
    expect(await secrets()).toEqual({})
  })

  withKeyring('keeps the profiles of another home apart', async ({ environment, secrets }) => {
    const [one, other] = [openKeychain({ environment }), openKeychain({ environment, suffix: '@/other' })]
    const [mine, theirs] = [loginOf('alice'), loginOf('alice')]
    await one.write('alice', mine)
    await other.write('alice', theirs)
    expect(await one.read('alice')).toEqual(mine)
    expect(Object.keys(await secrets()).sort()).toEqual(['alice', 'alice@/other'])
    await other.remove('alice')
    expect(await one.read('alice')).toEqual(mine)
  })

  withKeyring('that is locked is an error, and not an empty one', async (keyring) => {
    const store = openKeychain({ environment: keyring.environment })
    const alice = loginOf('alice')
    await store.write('alice', alice)
    await keyring.lock()
    await expectUnavailable(store, /^The keychain is locked\.$/)
    await keyring.unlock()
    expect(await store.read('alice')).toEqual(alice)
  })

  withKeyring('that holds something else says so, and quotes nothing', async ({ environment }) => {
    const calls = startKeychainProcess({ service: 'authkit', environment, callMs: 3000 })
    await calls.set('alice', '{"version":1,"planted":"hunter2"}')
    const error = await openKeychain({ environment })
      .read('alice')
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'tokens_unreadable' })
    expect(String((error as Error).stack)).not.toContain('hunter2')
  })

  withKeyring('whose daemon ends in between is gone, and comes back', async (keyring) => {
    const store = openKeychain({ environment: keyring.environment })
    const alice = loginOf('alice')
    await store.write('alice', alice)
    await keyring.stopDaemon()
    await expectUnavailable(store, /^No keychain runs in this D-Bus session\.$/)
    await keyring.unlock()
    expect(await store.read('alice')).toEqual(alice)
    await keyring.stopBus()
    await expectUnavailable(store, /^There is no D-Bus session here/)
  })

  withKeyring('whose daemon hangs is given up after a while', async (keyring) => {
    await openKeychain({ environment: keyring.environment }).write('alice', loginOf('alice'))
    keyring.freezeDaemon()
    await expectUnavailable(
      openKeychain({ environment: keyring.environment, callMs: 700 }),
      /^The keychain did not answer within 0\.7 s\.$/,
    )
  })
})

describe('where there is no keychain', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['no bus', { DBUS_SESSION_BUS_ADDRESS: undefined }],
    ['a bus that is gone', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere/bus' }],
    ['an address that is none', { DBUS_SESSION_BUS_ADDRESS: 'nonsense' }],
    ['an empty address', { DBUS_SESSION_BUS_ADDRESS: '' }],
  ])('with %s, it says so', async (_, given) => {
    const { DISPLAY: __, XDG_RUNTIME_DIR: ___, ...rest } = process.env
    const store = openKeychain({ environment: { ...rest, XDG_RUNTIME_DIR: '/nowhere', ...given } })
    await expectUnavailable(store, /^There is no D-Bus session here, and without one no keychain\.$/)
  })

  it('with a bus and nothing on it, it says so', async () => {
    const keyring = await startKeyring({ daemon: false })
    try {
      const store = openKeychain({ environment: keyring.environment })
      await expectUnavailable(store, /^No keychain runs in this D-Bus session\.$/)
    } finally {
      await keyring.stop()
    }
  })

  it('with a bus that hangs, it waits three seconds, and the process can end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authkit-bus-'))
    const sockets: Socket[] = []
    const bus = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(join(folder, 'bus'))
    await once(bus, 'listening')
    try {
      const script = `
        import { openKeychain } from './src/login/store/keychain.ts'
        const store = openKeychain({ environment: process.env })
        const startedAt = performance.now()
        await store.read('alice').catch((error) => console.log(error.message, Math.round((performance.now() - startedAt) / 100)))
        process.exitCode = 7`
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus` },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', (chunk) => {
        output += chunk
      })
      const [code] = await once(child, 'close')
      const [, tenths] = /^The keychain did not answer within 3 s\. (\d+)$/m.exec(output) ?? []
      expect(output).toContain('The keychain did not answer within 3 s.')
      expect(Number(tenths)).toBeGreaterThanOrEqual(30)
      expect(code).toBe(7)
      expect(sockets).toHaveLength(1)
    } finally {
      for (const socket of sockets) socket.destroy()
      bus.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('what goes wrong with a keychain', () => {
  it.each<[FailureReason, string, NodeJS.Platform, RegExp, RegExp]>([
    ['not-installed', 'x', 'linux', /^The package keytar/, /^Install authkit again, with optional dependencies/],
    [
      'not-loadable',
      'Failed to load keytar native addon',
      'linux',
      /^libsecret/,
      /^Install it: `apt-get install libsecret/,
    ],
    ['not-loadable', 'Failed to load keytar native addon', 'win32', /^The package keytar/, /^Install authkit again/],
    [
      'refused',
      'Cannot autolaunch D-Bus without X11 $DISPLAY',
      'linux',
      /^There is no D-Bus session/,
      /dbus-run-session/,
    ],
    ['refused', 'Cannot create an item in a locked collection', 'linux', /^The keychain is locked/, /^Unlock it/],
    ['refused', 'The unlock prompt was dismissed', 'linux', /^The keychain is locked/, /^Unlock it/],
    ['refused', 'User interaction is not allowed.', 'darwin', /^The keychain is locked/, /^Unlock it/],
    [
      'refused',
      'Object does not exist at path “/org/freedesktop/secrets/collection/login”',
      'linux',
      /has no keyring/,
      /gnome-keyring-daemon --unlock/,
    ],
    [
      'refused',
      'The stub received bad data.\nMore',
      'win32',
      /^The keychain refused: The stub received bad data\.$/,
      /^Instead, keep/,
    ],
    [
      'no-answer',
      'The keychain did not answer within 3 s.',
      'darwin',
      /within 3 s/,
      /^It may be waiting for its password/,
    ],
    ['ended', 'The process ended.', 'linux', /could not be asked/, /^Instead, keep/],
  ])('%s: %s', (reason, says, platform, message, hint) => {
    const error = keychainError(new KeychainFailure(reason, says), platform)
    expect(error).toMatchObject({ code: 'keychain_unavailable', message: expect.stringMatching(message) })
    expect((error as AuthkitError).hint).toMatch(hint)
    expect((error as AuthkitError).hint).toMatch(/--token-store file/)
  })

  it('is left alone where it is a bug', () => {
    const bug = new TypeError('Boo!')
    expect(keychainError(bug, 'linux')).toBe(bug)
  })
})
