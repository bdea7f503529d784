import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { BROWSER_EXPECTED, launchBrowser } from '../support/browser.js'
import { sleep } from '../support/client.js'
import { type Keyring, withKeyring } from '../support/keyring.js'
import { type Finished, inTempFolder, runWith, type Serving, serve } from './processes.js'

const authkit = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** A project made by `authkit init --template oidc`, served by `authkit dev`, with a person at a browser. */
interface Machine {
  readonly server: Serving
  readonly browser: Browser
  readonly folder: string
  readonly keyring: Keyring
  /** Everything that a person got to see, apart from the tokens that they asked for. */
  readonly seen: string[]
  /** What must not be among it: the codes of callbacks, and later the tokens. */
  readonly secrets: string[]
  authkit(...args: string[]): Promise<Finished>
  start(...args: string[]): Started
}

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  output(): string
  /** Resolves with what it found in the output. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
}

function onMachine(name: string, test: (machine: Machine) => Promise<void>): void {
  if (!BROWSER_EXPECTED) {
    it.skip(`${name} (needs a browser: apt-get install chromium)`)
    return
  }
  withKeyring(name, (keyring) =>
    inTempFolder(async (folder) => {
      const opener = join(folder, 'opener')
      writeFileSync(
        opener,
        `#!/bin/sh\nprintf '%s' "$1" > "${folder}/opened.new" && mv "${folder}/opened.new" "${folder}/opened"\n`,
      )
      chmodSync(opener, 0o755)
      const env = {
        ...keyring.environment,
        BROWSER: opener,
        NO_COLOR: '1',
        AUTHKIT_HOME: undefined,
        AUTHKIT_TOKEN: undefined,
      }
      const seen: string[] = []
      const run = async (...args: string[]) => {
        const finished = await runWith({ cwd: folder, env }, ...args)
        if (args[0] !== 'token') seen.push(finished.stdout, finished.stderr)
        return finished
      }
      const start = (...args: string[]) => started(spawn(process.execPath, [authkit, ...args], { cwd: folder, env }))
      expect(await run('init', '--template', 'oidc')).toMatchObject({ code: 0 })
      const server = await serve(folder)
      const browser = await launchBrowser()
      try {
        await test({ server, browser, folder, keyring, seen, secrets: [], authkit: run, start })
      } finally {
        await browser.close()
        await server.stop()
      }
    }),
  )
}

function started(child: ChildProcess): Started {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += chunk
    })
  }
  return {
    child,
    ended: once(child, 'close').then(([code]) => code as number | null),
    output: () => text,
    async printed(pattern) {
      for (;;) {
        const found = pattern.exec(text)
        if (found) return found
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${text}`)
        await sleep(30)
      }
    },
  }
}

/** The arguments of every process at this moment. */
const processes = () => execFileSync('ps', ['-eo', 'args', '-ww'], { encoding: 'utf8' })

/** The URL that the opener of the system was given. */
async function opened(folder: string, { child, output }: Started): Promise<string> {
  const file = join(folder, 'opened')
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${output()}`)
    await sleep(30)
  }
  const url = readFileSync(file, 'utf8')
  rmSync(file)
  return url
}

async function choose(page: Page, user: string): Promise<void> {
  await page.getByRole('button', { name: user }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
}

/** Signs in through the browser that the command opens. All sign-ins share one browser. */
async function throughBrowser(machine: Machine, page: Page, user: string, profile: string): Promise<void> {
  const login = machine.start('login', '--profile', profile)
  await page.goto(await opened(machine.folder, login))
  await choose(page, user)
  const card = page.getByRole('main')
  await card.getByText('You are signed in').waitFor()
  expect(await card.innerText()).toContain(`The terminal now acts as ${user}.`)
  machine.secrets.push(new URL(page.url()).searchParams.get('code') as string)
  machine.seen.push(await page.content(), processes())
  expect(await login.ended).toBe(0)
  machine.seen.push(login.output())
}

/** Signs in with a code, in the same browser as everybody else. */
async function byDevice(machine: Machine, page: Page, user: string, profile: string): Promise<void> {
  const login = machine.start('login', '--device', '--profile', profile)
  const [, code] = await login.printed(/enter the code +([A-Z]{4}-[A-Z]{4})/)
  const [, url] = await login.printed(/or go to +(\S+)/)
  await page.goto(url as string)
  expect(await page.getByLabel('Code').inputValue()).toBe(code)
  await page.getByRole('button', { name: 'Yes, go on' }).click()
  await choose(page, user)
  await page.getByText('You are signed in').waitFor()
  machine.seen.push(processes())
  expect(await login.ended).toBe(0)
  machine.seen.push(login.output())
}

/** Everything secret that the keychain holds, as `secret-tool` finds it. */
async function tokensIn(keyring: Keyring): Promise<string[]> {
  const entries = Object.values(await keyring.secrets()).join('\n')
  return [...entries.matchAll(/"(?:accessToken|refreshToken|idToken)":"([^"]+)"/g)].map(([, token]) => token as string)
}

describe('the whole way', () => {
  const flows = [
    ['through the browser', throughBrowser, ['thread.*', 'store.*']],
    ['by device code', byDevice, ['thread.read']],
  ] as const

  for (const [how, signIn, only] of flows) {
    onMachine(`signs Alice and Bob in ${how}, proves them isolated, and signs them out`, async (machine) => {
      const { server, keyring, browser, seen, secrets } = machine
      const page = await (await browser.newContext()).newPage()
      await signIn(machine, page, 'Alice', 'alice')
      await signIn(machine, page, 'Bob', 'bob')

      const who = await Promise.all(['alice', 'bob'].map((name) => machine.authkit('whoami', name, '--json')))
      expect(who.map(({ stdout }) => JSON.parse(stdout).user.subject)).toEqual(['user1', 'user2'])

      const checks = only.flatMap((pattern) => ['--only', pattern])
      const suite = await machine.authkit(
        'test-isolation',
        '--url',
        server.url,
        '--alice',
        '@alice',
        '--bob',
        '@bob',
        ...checks,
      )
      expect(suite).toMatchObject({ code: 0 })

      const token = (await machine.authkit('token', 'alice')).stdout.trim()
      const search = () =>
        fetch(`${server.url}/threads/search`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: '{}',
        })
      expect((await search()).status).toBe(200)
      secrets.push(token, ...(await tokensIn(keyring)))
      expect(secrets.length).toBeGreaterThan(6)

      expect(await machine.authkit('logout', '--all')).toMatchObject({ code: 0 })
      expect((await search()).status).toBe(401)
      expect(await keyring.secrets()).toEqual({})
      expect(await machine.authkit('token', 'alice')).not.toMatchObject({ code: 0 })

      const everything = [...seen, server.output()].join('\n')
      expect(secrets.filter((secret) => everything.includes(secret))).toEqual([])
    })
  }
})

describe('a sign-in that is not finished', () => {
  onMachine('ends with Ctrl-C, frees its port, and can begin again at once', async (machine) => {
    const { folder, browser, start } = machine
    const login = start('login', '--port', '47831')
    await opened(folder, login)
    login.child.kill('SIGINT')
    expect(await login.ended).toBe(130)
    expect(login.output()).toContain('login_interrupted')

    const page = await (await browser.newContext()).newPage()
    const again = start('login', '--port', '47831', '--json')
    await page.goto(await opened(folder, again))
    await choose(page, 'Alice')
    expect(await again.ended).toBe(0)
    expect(again.output()).toContain('"subject": "user1"')
  })

  onMachine('ends after --timeout with the exit code 3, in either flow', async ({ start }) => {
    for (const flow of ['--no-device', '--device']) {
      const login = start('login', flow, '--no-open', '--timeout', '1')
      expect(await login.ended).toBe(3)
      expect(login.output()).toContain('login_timed_out')
    }
  })

  onMachine('leaves a profile of somebody else as it is', async (machine) => {
    const { browser, folder, start, authkit: run } = machine
    const page = await (await browser.newContext()).newPage()
    await throughBrowser(machine, page, 'Alice', 'work')
    const login = start('login', '--profile', 'work')
    await page.goto(await opened(folder, login))
    await choose(page, 'Bob')
    await page.getByText('Sign-in did not work').waitFor()
    expect(await login.ended).toBe(1)
    expect(login.output()).toContain('login_other_user')
    expect(JSON.parse((await run('whoami', 'work', '--json')).stdout).user.subject).toBe('user1')
  })
})
