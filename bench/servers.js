import { spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openClient } from './http.js'
import { sleep } from './stats.js'

const FIXTURE = fileURLToPath(new URL('fixture', import.meta.url))
const START_MS = 60_000

/** How each server is started: as its users do, but by its own file, so that npx is in nobody's figures, and quietly. */
const KINDS = {
  authkit: ({ authkit, port }) => ({
    args: [join(authkit, 'bin/run.js'), 'dev', '--port', `${port}`, '--quiet'],
    env: {},
  }),
  peer: ({ peer, port }) => ({
    args: [
      join(peer, 'node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs'),
      ...['dev', '--no-browser', '--host', '127.0.0.1', '--port', `${port}`],
    ],
    env: { LOG_LEVEL: 'error', LANGGRAPH_CLI_NO_ANALYTICS: '1', LANGSMITH_TRACING: 'false' },
  }),
}

/**
 * Starts servers on projects of their own, side by side in one folder, and ends all of them.
 *
 * @param where `{ authkit, peer, work }`: the checkout to measure, the folder that the peer is installed in, and a folder
 *   inside it for the projects, so that both servers load the very same packages.
 */
export function openServers(where) {
  const running = new Set()
  const killAll = () => {
    for (const { child } of running) killGroup(child, 'SIGKILL')
  }
  process.on('exit', killAll)

  /** A project as nobody has served it yet. */
  function newProject(name) {
    const folder = join(where.work, name)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    cpSync(FIXTURE, folder, { recursive: true })
    return folder
  }

  /** Resolves when the server has answered a request of user1. `startMs` says how long that took. */
  async function start(kind, folder, { extraArgs = [] } = {}) {
    const port = await freePort()
    const { args, env } = KINDS[kind]({ ...where, port })
    const url = `http://127.0.0.1:${port}`
    const log = openSync(join(folder, 'server.log'), 'a')
    const client = openClient(url, { timeoutMs: 5000 })
    const begun = performance.now()
    const child = spawn(process.execPath, [...args, ...extraArgs], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    })
    closeSync(log)
    const entry = { child }
    running.add(entry)
    try {
      while ((await client.ask('POST', '/threads/search', { body: {} })).status !== 200) {
        if (child.exitCode !== null || performance.now() - begun > START_MS) {
          throw new Error(`${kind} did not start:\n${readFileSync(join(folder, 'server.log'), 'utf8').slice(-2000)}`)
        }
        await sleep(2)
      }
    } catch (error) {
      await stop()
      throw error
    }
    const startMs = performance.now() - begun
    client.close()

    return { kind, url, folder, startMs, memory: () => memoryOf(child.pid), cpuMs: () => cpuOf(child.pid), stop }

    async function stop() {
      running.delete(entry)
      const ended = new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()))
      killGroup(child, 'SIGTERM')
      await Promise.race([ended, sleep(5000)])
      // What is left of the group: children that outlived their parent.
      killGroup(child, 'SIGKILL')
    }
  }

  return {
    newProject,
    start,
    /** One of each, on new projects. */
    async startPair(name) {
      const authkit = await start('authkit', newProject(`${name}-authkit`))
      const peer = await start('peer', newProject(`${name}-peer`))
      return {
        authkit,
        peer,
        async stop() {
          await Promise.all([authkit.stop(), peer.stop()])
        },
      }
    },
    close() {
      killAll()
      process.off('exit', killAll)
    },
  }
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

/**
 * Resident memory of a process group, in MB. `rss` is what `ps` shows, summed: pages that processes share count once for
 * each. `pss` counts a shared page once in all; the kernel reckons it out.
 */
function memoryOf(group) {
  const all = inGroup(group, (pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const megabytes = (name) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) / 1024
    return { rss: megabytes('Rss'), pss: megabytes('Pss') }
  })
  const sum = (field) => all.reduce((total, one) => total + one[field], 0)
  return { processes: all.length, rss: sum('rss'), pss: sum('pss') }
}

/** The processor time that a process group has used until now. Unlike the clock, it does not depend on who else is busy. */
function cpuOf(group) {
  const nanoseconds = inGroup(group, (pid) =>
    readdirSync(`/proc/${pid}/task`).reduce((total, thread) => {
      const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      return total + Number(ran)
    }, 0),
  )
  return nanoseconds.reduce((total, one) => total + one, 0) / 1e6
}

function inGroup(group, read) {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)
      return Number(afterName.split(' ')[2]) === group ? [read(pid)] : []
    } catch {
      return [] // it ended between the listing and the reading
    }
  })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
