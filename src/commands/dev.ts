import { existsSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { paragraphs } from '../cli/paragraphs.js'
import type { DevEvent } from '../dev/events.js'
import { prepareDev } from '../dev/prepare.js'
import { guardProcess } from '../dev/process-guard.js'
import { devJson } from '../dev/report-json.js'
import { devText } from '../dev/report-text.js'
import { announceServer } from '../dev/server-file.js'

export default class Dev extends BaseCommand {
  static override summary = 'Serve your project locally, with auth.ts enforced and reloaded as you edit.'

  static override description =
    paragraphs`Serves the LangGraph Platform API on SQLite and runs auth.ts for every request, so the official
LangGraph clients work against it. Edits of auth.ts, of what it imports, of langgraph.json and of .env take effect in
milliseconds. While auth.ts is broken, every request gets 503.

Without langgraph.json, ./auth.ts:auth is served with a built-in graph named "agent" that echoes.`

  static override examples = [
    { description: 'Serve this folder', command: '<%= config.bin %> <%= command.id %>' },
    { description: 'Another folder, any free port', command: '<%= config.bin %> <%= command.id %> my-agent --port 0' },
    { description: 'Refuse what no handler covers', command: '<%= config.bin %> <%= command.id %> --strict' },
    {
      description: 'For scripts: one JSON line an event, and a file that says when it is ready',
      command: '<%= config.bin %> <%= command.id %> --json --ready-file ready.json',
    },
  ]

  static override args = {
    dir: Args.string({ ignoreStdin: true, default: '.', description: 'the folder of the project' }),
  }

  static override flags = {
    port: Flags.integer({
      char: 'p',
      min: 0,
      max: 65_535,
      env: 'AUTHKIT_PORT',
      helpGroup: 'SERVER',
      description: '0 takes any free one (default: 2024, or the next free one)',
    }),
    host: Flags.string({
      default: '127.0.0.1',
      env: 'AUTHKIT_HOST',
      helpGroup: 'SERVER',
      description: 'the address to listen on; anything but loopback lets other machines in',
    }),
    db: Flags.string({
      env: 'AUTHKIT_DB',
      helpGroup: 'SERVER',
      description: 'the database file, or :memory: (default: .authkit/dev.db)',
    }),
    jobs: Flags.integer({
      min: 1,
      max: 1000,
      default: 10,
      helpGroup: 'SERVER',
      description: 'how many runs go at once',
    }),
    'run-timeout': Flags.integer({
      min: 1,
      max: 2_147_483,
      helpGroup: 'SERVER',
      helpValue: 'SECONDS',
      description: 'how long a run may take (default: BG_JOB_TIMEOUT_SECS, or 3600)',
    }),
    config: Flags.string({ char: 'c', helpGroup: 'SERVER', description: 'langgraph.json under another name or path' }),
    strict: Flags.boolean({
      default: false,
      helpGroup: 'AUTH',
      description: 'refuse the events that no handler covers',
    }),
    studio: Flags.boolean({
      helpGroup: 'AUTH',
      description: 'let the header `x-auth-scheme: langsmith` stand for LangGraph Studio; anyone can send it',
    }),
    'no-auth': Flags.boolean({ default: false, helpGroup: 'AUTH', description: 'serve without any authentication' }),
    issuer: Flags.boolean({
      allowNo: true,
      helpGroup: 'AUTH',
      description: 'serve a local OpenID provider that signs in any user without a password (default: on loopback)',
    }),
    open: Flags.boolean({ default: false, helpGroup: 'OUTPUT', description: 'open the API docs in the browser' }),
    quiet: Flags.boolean({ char: 'q', default: false, helpGroup: 'OUTPUT', description: 'no line for each request' }),
    json: Flags.boolean({ default: false, helpGroup: 'OUTPUT', description: 'one JSON line an event, on stdout' }),
    'ready-file': Flags.string({
      helpGroup: 'OUTPUT',
      description: 'write {"pid","url"} to this file once the server answers; it is removed at the end',
    }),
  }

  async run(): Promise<void> {
    prepareDev()
    // Before anyone can know that this process is there, and wants it to end.
    const signal = untilSignal()
    const [{ args, flags }, { startDev }] = await Promise.all([this.parse(Dev), import('../dev/start-dev.js')])
    const style = this.style()
    const show = (event: DevEvent) => {
      if (event.kind === 'request' && flags.quiet) return
      const text = flags.json ? devJson(event) : devText(event, style)
      if (text !== undefined) process.stdout.write(`${text}\n`)
    }

    const readyFile = flags['ready-file'] && resolve(flags['ready-file'])
    let written = false
    const removeReadyFile = () => {
      // Once: by then, another server may have written its own.
      if (readyFile && written) rmSync(readyFile, { force: true })
      written = false
    }
    guardProcess({
      onProblem: (problem) => show({ kind: 'problem', time: new Date(), ...problem }),
      onFatal: (line) => {
        removeReadyFile()
        if (flags.json) process.stdout.write(`${JSON.stringify({ error: { code: 'internal', message: line } })}\n`)
        else process.stderr.write(`Error: ${line}\n`)
        process.exit(1)
      },
    })

    const server = await startDev({
      root: resolve(args.dir),
      configFile: flags.config,
      port: flags.port,
      host: flags.host,
      database: flags.db,
      jobs: flags.jobs,
      runTimeoutSeconds: flags['run-timeout'],
      noAuth: flags['no-auth'],
      strict: flags.strict,
      studio: flags.studio,
      issuer: flags.issuer,
      authkitEntry: authkitEntry(),
      version: this.config.version,
      onEvent: show,
    })

    const withdraw = announceServer(resolve(args.dir), { pid: process.pid, url: server.url })
    // However the process ends: the watchdog of the event loop may end it too.
    process.once('exit', removeReadyFile)
    process.once('exit', withdraw)
    if (readyFile) {
      await writeReadyFile(readyFile, { pid: process.pid, url: server.url })
      written = true
    }
    if (flags.open) await this.open(`${server.url}/docs`)

    await signal
    removeReadyFile()
    withdraw()
    await server.close()
    // Everything of ours is closed. What is left is a timer of the watcher, or what the project's own code keeps running:
    // a pool of connections must not keep the process.
    process.stdout.write('', () => process.exit())
  }

  override jsonEnabled(): boolean {
    return this.argv.includes('--json')
  }

  private async open(url: string): Promise<void> {
    const { default: open } = await import('open')
    const browser = await open(url)
    browser.once('error', () => this.logToStderr(`No browser could be opened; the page is ${url}`))
  }
}

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
        resolve()
      })
    }
  })
}

/** Whoever waits for the file must never read half of it. */
async function writeReadyFile(path: string, content: { pid: number; url: string }): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content)}\n`)
  await rename(`${path}.new`, path)
}

/** The module that `import "authkit"` means in dev: built beside this file, or the source itself. */
function authkitEntry(): string {
  const built = fileURLToPath(new URL('../authkit-in-dev.js', import.meta.url))
  return existsSync(built) ? built : fileURLToPath(new URL('../authkit-in-dev.ts', import.meta.url))
}
