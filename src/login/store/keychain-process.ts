import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'

/** The operating system's keychain, as keytar has it. Each call ends in time, whatever the keychain does. */
export interface KeychainCalls {
  get(account: string): Promise<string | undefined>
  set(account: string, secret: string): Promise<void>
  /** @returns Whether there was one. */
  remove(account: string): Promise<boolean>
}

/** What kept a call from ending well. */
export class KeychainFailure extends Error {
  override readonly name = 'KeychainFailure'
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export type FailureReason = 'not-installed' | 'not-loadable' | 'no-answer' | 'ended' | 'refused'

export interface KeychainProcessOptions {
  readonly service: string
  /** Of the process: where the session bus is, for one. */
  readonly environment: NodeJS.ProcessEnv
  /** How long a call may take, in milliseconds. */
  readonly callMs: number
}

type Operation = 'getPassword' | 'setPassword' | 'deletePassword'

/** What the process answers. The first answer, to nobody's call, says whether keytar could be loaded. */
interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** How long the process may take to start, in milliseconds: that is the machine's speed, and not the keychain's. */
const START_MS = 15_000

/** How long it stays when nobody needs it. */
const IDLE_MS = 1000

// As text, so that it is the same from the sources and from the bundle. It ends itself the hard way: an exit waits for
// calls that hang. Ctrl-C is for the command, which may still have something to put away.
const PROCESS = `
process.on('SIGINT', () => {})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
const answer = (id) => [(value) => process.send({ id, value }), (error) => process.send({ id, error: String(error?.message) })]
const loaded = Promise.resolve().then(() => require(process.argv[1]))
loaded.then(() => {}).then(...answer(0))
process.on('message', ({ id, operation, given }) => loaded.then((keytar) => keytar[operation](...given)).then(...answer(id)))
`

/**
 * Calls keytar in a process of its own, which starts with the first call and is ended where one takes too long.
 *
 * keytar's calls can't be taken back, and Node.js waits for them before it ends: with a keychain that hangs, or that asks
 * for a password where nobody sees it, the command would hang too. And some answers of a keychain crash it.
 *
 * Every call fails with a {@link KeychainFailure}.
 */
export function startKeychainProcess({ service, environment, callMs }: KeychainProcessOptions): KeychainCalls {
  let running: Running | undefined

  async function call(operation: Operation, ...given: string[]): Promise<unknown> {
    if (!running || running.ended()) running = start(environment)
    const { loaded, ask, end } = running
    const late = (what: string) => () => end(new KeychainFailure('no-answer', what))
    await within(START_MS, loaded, late('The process that asks the keychain did not start in time.'))
    const answer = ask(operation, [service, ...given])
    return within(callMs, answer, late(`The keychain did not answer within ${callMs / 1000} s.`))
  }

  return {
    get: async (account) => ((await call('getPassword', account)) as string | null) ?? undefined,
    async set(account, secret) {
      await call('setPassword', account, secret)
    },
    remove: async (account) => (await call('deletePassword', account)) === true,
  }
}

/** The promise, and what to do where it takes longer. The timer keeps this process waiting: the other one does not. */
async function within<T>(ms: number, promise: Promise<T>, late: () => void): Promise<T> {
  const timer = setTimeout(late, ms)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

interface Running {
  readonly loaded: Promise<unknown>
  ask(operation: Operation, given: readonly string[]): Promise<unknown>
  end(failure: KeychainFailure): void
  ended(): boolean
}

function start(environment: NodeJS.ProcessEnv): Running {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (failure: KeychainFailure) => void }>()
  const child = spawnProcess(environment)
  let calls = 0
  let failure: KeychainFailure | undefined
  let idle: NodeJS.Timeout | undefined

  function end(why: KeychainFailure): void {
    failure ??= why
    clearTimeout(idle)
    child?.kill('SIGKILL')
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }

  function answered({ id, value, error }: Answer): void {
    const call = waiting.get(id)
    waiting.delete(id)
    if (error !== undefined) {
      const refused = new KeychainFailure(id === 0 ? 'not-loadable' : 'refused', error)
      call?.reject(refused)
      // libsecret remembers a keychain that is gone, so the next call begins anew.
      end(refused)
      return
    }
    call?.resolve(value)
    const bored = () => end(new KeychainFailure('ended', 'Nobody asked.'))
    if (waiting.size === 0) idle = setTimeout(bored, IDLE_MS).unref()
  }

  function wait(id: number): Promise<unknown> {
    clearTimeout(idle)
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }

  const loaded = wait(0)
  if (child) {
    child.on('message', (message) => answered(message as Answer))
    child.on('error', (error) => end(new KeychainFailure('ended', error.message)))
    child.on('exit', () => end(new KeychainFailure('ended', 'The process that asked the keychain ended.')))
    child.unref()
    child.channel?.unref()
  } else {
    end(new KeychainFailure('not-installed', 'The package keytar is not installed.'))
  }
  return {
    loaded,
    ask(operation, given) {
      if (failure) return Promise.reject(failure)
      calls += 1
      const answer = wait(calls)
      child?.send({ id: calls, operation, given })
      return answer
    },
    end,
    ended: () => failure !== undefined,
  }
}

/** Undefined where keytar is not installed: it is an optional dependency. */
function spawnProcess(environment: NodeJS.ProcessEnv): ChildProcess | undefined {
  let keytar: string
  try {
    keytar = createRequire(import.meta.url).resolve('keytar')
  } catch {
    return undefined
  }
  return spawn(process.execPath, ['-e', PROCESS, keytar], {
    // What is set for this process, such as a debugger's port, is not for that one.
    env: { ...environment, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  })
}
