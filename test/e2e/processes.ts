import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const authkit = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** The built command, as a user runs it. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const environment = {
  ...process.env,
  NO_COLOR: '1',
  AUTHKIT_PORT: undefined,
  AUTHKIT_DB: undefined,
  AUTHKIT_HOST: undefined,
}

export function run(cwd: string, ...args: string[]): Promise<Finished> {
  return runWith({ cwd }, ...args)
}

export interface RunOptions {
  readonly cwd?: string
  /** Besides that of this process, or in its place: undefined takes a variable away. */
  readonly env?: NodeJS.ProcessEnv
  /** What stands on stdin. */
  readonly input?: string
}

export async function runWith({ cwd, env, input }: RunOptions, ...args: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [authkit, ...args], {
    cwd,
    env: { ...environment, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined).end(input)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout(), stderr: stderr() }
}

export interface Serving {
  readonly url: string
  readonly output: () => string
  /** Resolves with everything printed so far, once it holds the text. */
  printed(text: string | RegExp): Promise<string>
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `authkit dev` on a free port and waits until it answers. */
export async function serve(cwd: string, ...args: string[]): Promise<Serving> {
  const readyFile = join(cwd, 'ready.json')
  const child = spawn(process.execPath, [authkit, 'dev', '--port', '0', '--ready-file', readyFile, ...args], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const output = () => stdout() + stderr()
  await until(() => existsSync(readyFile) || child.exitCode !== null, output)
  if (child.exitCode !== null) throw new Error(`authkit dev ended with ${child.exitCode}:\n${output()}`)
  const { url } = JSON.parse(readFileSync(readyFile, 'utf8')) as { url: string }
  return {
    url,
    output,
    async printed(text) {
      await until(() => (typeof text === 'string' ? output().includes(text) : text.test(output())), output)
      return output()
    },
    stop: (signal = 'SIGTERM') => stop(child, signal),
  }
}

/** A folder that is gone after the callback. */
export async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-e2e-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  child.kill(signal)
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

async function until(holds: () => boolean, output: () => string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`It did not happen within 20 s. Printed so far:\n${output()}`)
}
