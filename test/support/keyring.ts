import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { it } from 'vitest'
import { sleep, until } from './client.js'

const run = promisify(execFile)

const NEEDED = ['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon', 'secret-tool']
const MISSING = NEEDED.filter((name) => !existsSync(`/usr/bin/${name}`))
const INSTALL = 'apt-get install dbus gnome-keyring libsecret-tools'

const LOGIN_KEYRING = '/org/freedesktop/secrets/collection/login'

/** A Secret Service of its own: a session bus, and gnome-keyring on it, with folders that nobody else uses. */
export interface Keyring {
  /** For processes that shall find it. Nothing of the real session is in it. */
  readonly environment: NodeJS.ProcessEnv
  /** What `secret-tool` finds under the service `authkit`, by account: the other way to see what was stored. */
  secrets(): Promise<Record<string, string>>
  lock(): Promise<void>
  unlock(): Promise<void>
  /** Ends gnome-keyring; the bus stays. */
  stopDaemon(): Promise<void>
  /** Stops it without ending it: it answers nobody. */
  freezeDaemon(): void
  stopBus(): Promise<void>
  stop(): Promise<void>
}

/** A test with a real Secret Service: skipped, saying what to install, where there is none; a failure in CI. */
export function withKeyring(name: string, test: (keyring: Keyring) => Promise<void>): void {
  if (MISSING.length > 0 && !process.env['CI']) {
    it.skip(`${name} (needs ${MISSING.join(', ')}: ${INSTALL})`)
    return
  }
  it(name, async () => {
    if (MISSING.length > 0) throw new Error(`There is no ${MISSING.join(', ')} on this machine: ${INSTALL}`)
    const keyring = await startKeyring()
    try {
      await test(keyring)
    } finally {
      await keyring.stop()
    }
  })
}

/** @param daemon Whether gnome-keyring shall run on the bus, with its keyring open. */
export async function startKeyring({ daemon = true }: { daemon?: boolean } = {}): Promise<Keyring> {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-keyring-'))
  const { bus, address } = await startBus(folder)
  const environment = environmentIn(folder, address)
  let keyring = daemon ? await startDaemon(environment) : undefined

  async function stopDaemon(): Promise<void> {
    if (keyring) await end(keyring)
    keyring = undefined
  }
  const call = (...given: string[]) => run('dbus-send', ['--session', '--print-reply', ...given], { env: environment })

  return {
    environment,
    async secrets() {
      const { stdout, stderr } = await run('secret-tool', ['search', '--all', '--unlock', 'service', 'authkit'], {
        env: environment,
      }).catch((error: { stdout: string; stderr: string }) => error)
      return secretsIn(stdout, stderr)
    },
    async lock() {
      const service = ['--dest=org.freedesktop.secrets', '/org/freedesktop/secrets']
      await call(...service, 'org.freedesktop.Secret.Service.Lock', `array:objpath:${LOGIN_KEYRING}`)
    },
    async unlock() {
      await stopDaemon()
      keyring = await startDaemon(environment)
    },
    stopDaemon,
    freezeDaemon: () => void keyring?.kill('SIGSTOP'),
    stopBus: () => end(bus),
    async stop() {
      await stopDaemon()
      await end(bus)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startBus(folder: string): Promise<{ bus: ChildProcess; address: string }> {
  const config = join(folder, 'bus.conf')
  // Nothing is started by being asked for: only what a test starts is there.
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=${folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
  )
  const bus = spawn('dbus-daemon', [`--config-file=${config}`, '--nofork', '--nopidfile'], { stdio: 'ignore' })
  await until(
    () => existsSync(join(folder, 'bus')),
    (there) => there,
    10_000,
  )
  return { bus, address: `unix:path=${folder}/bus` }
}

function environmentIn(folder: string, address: string): NodeJS.ProcessEnv {
  const places = { XDG_RUNTIME_DIR: 'run', XDG_DATA_HOME: 'data', XDG_CONFIG_HOME: 'config', XDG_CACHE_HOME: 'cache' }
  const folders = Object.entries(places).map(([name, place]) => [name, join(folder, place)] as const)
  for (const [, place] of folders) {
    mkdirSync(place, { recursive: true })
    chmodSync(place, 0o700)
  }
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...rest } = process.env
  return { ...rest, ...Object.fromEntries(folders), HOME: folder, DBUS_SESSION_BUS_ADDRESS: address }
}

async function startDaemon(environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const daemon = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], {
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  daemon.stdin.end('a password')
  const owner = [
    '--dest=org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus.GetNameOwner',
    'string:org.freedesktop.secrets',
  ]
  const asked = () =>
    run('dbus-send', ['--session', '--print-reply', ...owner], { env: environment }).then(
      () => true,
      () => false,
    )
  for (let tries = 0; !(await asked()); tries++) {
    if (tries > 200) throw new Error('gnome-keyring did not start.')
    await sleep(50)
  }
  return daemon
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** What `secret-tool search --all` prints: the secrets on stdout, whose they are on stderr, in the same order. */
function secretsIn(stdout: string, stderr: string): Record<string, string> {
  const secrets = [...stdout.matchAll(/^secret = (.*)$/gm)].map(([, secret]) => secret ?? '')
  const accounts = [...`${stdout}\n${stderr}`.matchAll(/^attribute\.account = (.*)$/gm)].map(
    ([, account]) => account ?? '',
  )
  return Object.fromEntries(accounts.map((account, index) => [account, secrets[index] ?? '']))
}
