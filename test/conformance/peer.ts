import { spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep } from '../support/client.js'

const PROJECT = fileURLToPath(new URL('project', import.meta.url))
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
/** It is plain JavaScript, and installs what the bench compares with too. */
const INSTALLER = new URL('../../bench/peer.js', import.meta.url).href
const START_MS = 90_000

export interface Peer {
  readonly url: string
  readonly versions: Readonly<Record<string, string>>
  stop(): Promise<void>
}

interface Installed {
  readonly folder: string
  readonly versions: Readonly<Record<string, string>>
}

export interface PeerOptions {
  /** An auth.ts in the place of the one of the project. It may import the authkit that was built here. */
  readonly auth?: string
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * LangGraph's own server, serving the same graphs under the same auth.ts. It is installed at the first use, which takes a
 * minute or two and needs the registry.
 */
export async function startPeer({ auth, environment = {} }: PeerOptions = {}): Promise<Peer> {
  const { installPeer } = (await import(INSTALLER)) as { installPeer(): Installed }
  const { folder, versions } = installPeer()
  // Inside the folder, so that the graphs load the packages that the server loads.
  const project = join(folder, `conformance-${process.pid}`)
  mkdirSync(project, { recursive: true })
  cpSync(PROJECT, project, { recursive: true })
  if (auth !== undefined) {
    writeFileSync(join(project, 'auth.ts'), auth)
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(REPOSITORY, join(project, 'node_modules/authkit'))
  }
  const port = await freePort()
  const logFile = join(project, 'server.log')
  const log = openSync(logFile, 'a')
  const child = spawn(
    process.execPath,
    [
      join(folder, 'node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs'),
      ...['dev', '--no-browser', '--no-reload', '--host', '127.0.0.1', '--port', `${port}`],
    ],
    {
      cwd: project,
      // A group of its own, so that what it starts ends with it.
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        ...environment,
        LOG_LEVEL: 'error',
        LANGGRAPH_CLI_NO_ANALYTICS: '1',
        LANGSMITH_TRACING: 'false',
        // It compiles the graphs to learn their types, which takes long on a busy machine.
        LANGGRAPH_SCHEMA_RESOLVE_TIMEOUT_MS: '150000',
      },
    },
  )
  closeSync(log)
  const end = () => signalGroup(child.pid, 'SIGKILL')
  process.once('exit', end)

  async function stop(): Promise<void> {
    process.off('exit', end)
    signalGroup(child.pid, 'SIGTERM')
    for (let waited = 0; child.exitCode === null && child.signalCode === null && waited < 5000; waited += 50) {
      await sleep(50)
    }
    end()
    rmSync(project, { recursive: true, force: true, maxRetries: 5 })
  }

  const url = `http://127.0.0.1:${port}`
  for (const begun = performance.now(); !(await answers(url)); await sleep(100)) {
    if (child.exitCode === null && performance.now() - begun < START_MS) continue
    const said = readFileSync(logFile, 'utf8').slice(-2000)
    await stop()
    throw new Error(`The peer did not start:\n${said}`)
  }
  return { url, versions, stop }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(`${url}/info`).catch(() => undefined)
  return response?.ok === true
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
