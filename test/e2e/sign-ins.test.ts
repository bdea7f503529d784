import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planted } from '../login/support/logins.js'
import { machineOf } from '../login/support/machine.js'
import { sleep } from '../support/client.js'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js'
import { withKeyring } from '../support/keyring.js'
import { type Finished, runWith } from './processes.js'

let provider: IdentityProvider
let folder: string
beforeAll(async () => {
  provider = await startIdentityProvider()
  folder = mkdtempSync(join(tmpdir(), 'authkit-sign-ins-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await provider.close()
})

describe('the built command', () => {
  withKeyring('renews once, however many processes ask at once', async ({ environment, secrets }) => {
    await machineOf(provider, environment).signIn('alice', { endsIn: -10 })
    const already = provider.asked('token')
    const all = await Promise.all(Array.from({ length: 10 }, () => runWith({ env: environment }, 'token', 'alice')))
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']))
    const [token, ...others] = new Set(all.map(({ stdout }) => stdout.trim()))
    expect(others).toEqual([])
    expect(provider.asked('token') - already).toBe(1)
    const me = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(me.status).toBe(200)
    expect((await secrets())['alice']).toContain(token)
  })

  withKeyring('shows no secret where none is asked for: not in output, files or process arguments', async (keyring) => {
    const { environment } = keyring
    const { signIn } = machineOf(provider, { ...environment, AUTHKIT_TOKEN_KEY: randomBytes(32).toString('base64') })
    const clientSecret = planted('client-secret')
    const [alice, bob] = [
      await signIn('alice', { clientSecret, endsIn: 120 }),
      await signIn('bob', { store: 'file', endsIn: -10 }),
    ]
    const given = planted('given')
    const secret = [
      clientSecret,
      given,
      ...[alice, bob].flatMap((one) => [one.accessToken, one.refreshToken, one.idToken]),
    ]
    const watch = watchProcesses(secret as string[])
    const printed: Finished[] = []
    const authkit = async (env: NodeJS.ProcessEnv, ...args: string[]) => {
      printed.push(await runWith({ env: { ...environment, ...env }, input: alice.idToken ?? '' }, ...args))
    }
    for (const args of [['whoami'], ['whoami', '--json'], ['profiles', '--json'], ['token', 'inspect', '-', '--json']])
      await authkit({}, ...args)
    // The key of the file is missing.
    await authkit({}, 'token', 'bob', '--json')
    await authkit({ AUTHKIT_TOKEN: given }, 'whoami')
    await authkit({ AUTHKIT_TOKEN: `Bearer ${given}` }, 'token')
    await authkit({ AUTHKIT_TOKEN: given }, 'token', 'inspect')
    await authkit({}, 'profiles', 'rename', 'alice', 'work')
    await authkit({}, 'logout', '--all', '--json')
    expect(printed.map(({ code }) => code)).toEqual([0, 0, 0, 3, 2, 0, 2, 3, 0, 1])
    const home = join(environment['XDG_CONFIG_HOME'] ?? '', 'authkit')
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) =>
      statSync(join(home, file)).isFile(),
    )
    expect(files).toContain('profiles.json')
    const seen = [
      ...printed.map(({ stdout, stderr }) => stdout + stderr),
      ...files.map((file) => readFileSync(join(home, file), 'latin1')),
    ].join('\n')
    for (const text of secret) expect(seen).not.toContain(text)
    const arguments_ = await watch.stop()
    expect(arguments_.looked).toBeGreaterThan(10)
    expect(arguments_.found).toEqual([])
    expect(await keyring.secrets()).toEqual({})
  })

  it('gives up a keychain that hangs after three seconds', async () => {
    const environment = {
      AUTHKIT_HOME: join(folder, 'hangs'),
      AUTHKIT_TOKEN_KEY: randomBytes(32).toString('base64'),
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus`,
    }
    await machineOf(provider, environment).signIn('alice', { store: 'file' })
    const list = join(folder, 'hangs', 'profiles.json')
    writeFileSync(list, readFileSync(list, 'utf8').replace('"file"', '"keychain"'))
    const bus = createServer((socket) => socket.on('error', () => undefined)).listen(join(folder, 'bus'))
    await once(bus, 'listening')
    try {
      const startedAt = performance.now()
      const hung = await runWith({ env: environment }, 'token')
      expect(performance.now() - startedAt).toBeGreaterThan(3000)
      expect(hung).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/did not answer within 3 s/) })
    } finally {
      bus.close()
    }
  })
})

/** Looks again and again at the arguments of all processes of this machine, where it has a /proc. */
function watchProcesses(secrets: readonly string[]): { stop(): Promise<{ looked: number; found: string[] }> } {
  const found: string[] = []
  let looked = 0
  let watching = process.platform === 'linux'
  const work = (async () => {
    while (watching) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const line = argumentsOf(pid)
        if (secrets.some((secret) => line.includes(secret))) found.push(line.slice(0, 80))
      }
      looked += 1
      await sleep(20)
    }
  })()
  return {
    async stop() {
      const linux = watching
      watching = false
      await work
      return { looked: linux ? looked : Number.POSITIVE_INFINITY, found }
    },
  }
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
