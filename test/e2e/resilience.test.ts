import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from '@langchain/langgraph-sdk'
import Database from 'better-sqlite3'
import { describe, expect, it, type TestContext } from 'vitest'
import { inTempFolder, type Serving, serve } from './processes.js'

const FILES: Readonly<Record<string, string>> = {
  'langgraph.json': JSON.stringify({
    graphs: { agent: './agent.ts:graph', thrower: './thrower.ts:graph', spinner: './spinner.ts:graph' },
    auth: { path: './auth.ts:auth' },
    env: '.env',
  }),
  '.env': 'NAME=one\n',
  'auth.ts': `
import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(placeholderTokens({ 'user1-token': 'user1' }))
  .on('*', ({ user }) => ({ owner: user.identity }))
  .on(['threads:create', 'threads:create_run', 'crons:create'], ({ user, value }) => {
    value.metadata = { ...value.metadata, owner: user.identity }
  })
  .on('store', () => true)
`,
  // Notes which runs have begun and which have ended, in files, because nothing else outlives a process that is killed.
  'agent.ts': `
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Annotation, START, StateGraph } from '@langchain/langgraph'
const State = Annotation.Root({
  name: Annotation<string>, ticks: Annotation<number>, gate: Annotation<string>, big: Annotation<string>, said: Annotation<string>,
})
export const graph = new StateGraph(State)
  .addNode('work', async ({ name, ticks = 0, gate }, config) => {
    appendFileSync('began', name + '\\n')
    for (let tick = 0; tick < ticks; tick++) {
      config.writer?.({ tick })
      await setTimeout(50)
    }
    while (gate && !existsSync(gate)) await setTimeout(20)
    appendFileSync('ended', name + '\\n')
    return { said: process.env['NAME'] + ' ' + name }
  })
  .addEdge(START, 'work')
`,
  'thrower.ts': `
import { Annotation, START, StateGraph } from '@langchain/langgraph'
const THROWN = {
  'a string': 'just text',
  undefined: undefined,
  'a frozen object': Object.freeze({ reason: 'frozen' }),
  'a frozen error': Object.freeze(new Error('frozen')),
  'an error without a message': Object.assign(new Error(), { name: undefined, message: undefined }),
  'an object that no JSON can hold': { toJSON: () => { throw new Error('no JSON') } },
}
export const graph = new StateGraph(Annotation.Root({ what: Annotation<string> }))
  .addNode('throw', async ({ what }) => { throw THROWN[what] })
  .addEdge(START, 'throw')
`,
  'spinner.ts': `
import { Annotation, START, StateGraph } from '@langchain/langgraph'
export const graph = new StateGraph(Annotation.Root({ ms: Annotation<number> }))
  .addNode('spin', ({ ms }) => {
    const end = performance.now() + ms
    while (performance.now() < end);
    return {}
  })
  .addEdge(START, 'spin')
`,
}

interface Started extends Serving {
  readonly client: Client
  readonly pid: number
}

/** A project with graphs that note what they do. */
interface Project {
  readonly folder: string
  start(...args: string[]): Promise<Started>
  /** The lines of a file that graphs write. */
  lines(file: string): string[]
}

async function inProject(work: (project: Project) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    const running = new Set<Serving>()
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    for (const [file, content] of Object.entries(FILES)) writeFileSync(join(folder, file), content)
    try {
      await work({
        folder,
        async start(...args) {
          const readyFile = join(folder, 'ready.json')
          // A process that was killed could not remove it.
          rmSync(readyFile, { force: true })
          const server = await serve(folder, ...args)
          running.add(server)
          const { pid } = JSON.parse(readFileSync(readyFile, 'utf8')) as { pid: number }
          const client = new Client({
            apiUrl: server.url,
            apiKey: null,
            defaultHeaders: { authorization: 'Bearer user1-token' },
            callerOptions: { maxRetries: 0 },
          })
          return {
            ...server,
            client,
            pid,
            stop(signal) {
              running.delete(server)
              return server.stop(signal)
            },
          }
        },
        lines(file) {
          const path = join(folder, file)
          return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
        },
      })
    } finally {
      for (const server of running) await server.stop('SIGKILL')
    }
  })
}

/** What is looked at again until it is so. The first run of a process loads LangGraph, which may take its time. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 })

/** Input under a name. All of it, because a thread keeps what the run before was told. */
const named = (name: string, more: object = {}) => ({ input: { name, ticks: 0, gate: '', ...more } })

async function say(client: Client, name: string): Promise<string | undefined> {
  const { said } = (await client.runs.wait(null, 'agent', named(name))) as { said?: string }
  return said
}

/** Lets the time of a cron come, in so many milliseconds. */
function comesIn(ms: number, folder: string, cronId: string): void {
  const database = new Database(join(folder, '.authkit', 'dev.db'))
  const at = new Date(Date.now() + ms).toISOString()
  database.prepare('update crons set next_run_date = ? where cron_id = ?').run(at, cronId)
  database.close()
}

describe('a process that ends with work to do', () => {
  it.each([
    ['SIGKILL', 'error', 'error'],
    ['SIGTERM', 'interrupted', 'interrupted'],
  ] as const)(
    'by %s: what ran is %s, what waited runs once, in its order',
    async (signal, ofRun, ofThread) =>
      inProject(async ({ start, lines }) => {
        const first = await start('--jobs', '1')
        const { threads, runs } = first.client
        const [busy, other] = [(await threads.create()).thread_id, (await threads.create()).thread_id]
        const running = await runs.create(busy, 'agent', named('running', { gate: 'never' }))
        await eventually(() => lines('began')).toEqual(['running'])
        await runs.create(busy, 'agent', named('next'))
        for (const name of ['a', 'b', 'c']) await runs.create(other, 'agent', named(name))
        const later = await runs.create(other, 'agent', { ...named('later'), afterSeconds: 3600 })
        await first.stop(signal)

        // The one that runs now is stopped as well.
        const second = await start('--jobs', '1')
        await eventually(() => lines('ended').length).toBe(4)
        const { client } = second
        expect(lines('ended').filter((name) => name !== 'next')).toEqual(['a', 'b', 'c'])
        expect(lines('began').sort()).toEqual(['a', 'b', 'c', 'next', 'running'])
        expect((await client.runs.get(busy, running.run_id)).status).toBe(ofRun)
        expect((await client.runs.get(other, later.run_id)).status).toBe('pending')
        await eventually(async () => (await client.threads.get(busy)).status).toBe('idle')

        const lost = (await client.threads.create()).thread_id
        await client.runs.create(lost, 'agent', named('lost', { gate: 'never' }))
        await eventually(() => lines('began')).toContain('lost')
        await second.stop(signal)
        const third = await start()
        const thread = await third.client.threads.get(lost)
        expect(thread.status).toBe(ofThread)
        expect(thread).toMatchObject(ofThread === 'error' ? { error: { error: 'ServerStopped' } } : { error: null })
        expect(lines('began').filter((name) => name === 'lost')).toHaveLength(1)
        expect(await say(third.client, 'well')).toBe('one well')
        expect(await third.stop()).toBe(0)
      }),
    60_000,
  )

  it.runIf(process.platform !== 'win32')(
    'only sleeps: streams go on, and what came due meanwhile comes once',
    async () =>
      inProject(async ({ folder, start, lines }) => {
        const { client, pid, output } = await start()
        const threadId = (await client.threads.create()).thread_id
        const ticks: unknown[] = []
        let slept = false
        const options = { ...named('streamed', { ticks: 60 }), streamMode: 'custom' as const }
        for await (const { event, data } of client.runs.stream(threadId, 'agent', options)) {
          if (event === 'custom') ticks.push(data)
          expect(event).not.toBe('error')
          if (ticks.length < 5 || slept) continue
          slept = true
          const cron = await client.crons.create('agent', { ...named('cron'), schedule: '0 0 1 1 *' })
          comesIn(2000, folder, cron.cron_id)
          // A cron that is new has the server look at the clock.
          await client.crons.create('agent', { ...named('other'), schedule: '0 0 1 1 *' })
          await client.runs.create(null, 'agent', { ...named('delayed'), afterSeconds: 2 })
          process.kill(pid, 'SIGSTOP')
          await setTimeout(6500)
          expect(lines('ended')).toEqual([])
          process.kill(pid, 'SIGCONT')
        }
        expect(ticks).toEqual(Array.from({ length: 60 }, (_, tick) => ({ tick })))
        await eventually(() => lines('ended').sort()).toEqual(['cron', 'delayed', 'streamed'])
        await setTimeout(500)
        expect(lines('began').sort()).toEqual(['cron', 'delayed', 'streamed'])
        expect((await client.threads.get(threadId)).status).toBe('idle')
        expect(output()).not.toMatch(/nothing has been answered|problem/)
      }),
    60_000,
  )
})

describe('a file of the project that is damaged', () => {
  it('langgraph.json: closes the door and says where; what runs ends, and what waits, waits', async () =>
    inProject(async ({ folder, start, lines }) => {
      const { client, printed } = await start('--jobs', '1')
      const thread = (await client.threads.create()).thread_id
      const running = await client.runs.create(thread, 'agent', named('running', { gate: 'gate' }))
      await client.runs.create(thread, 'agent', named('next'))
      await eventually(() => lines('began')).toEqual(['running'])

      const path = join(folder, 'langgraph.json')
      truncateSync(path, 20)
      await printed(/broken langgraph\.json/)
      const refused = { status: 503, text: expect.stringMatching(/langgraph\.json:1:\d+: Not valid JSON/) }
      await expect(client.threads.get(thread)).rejects.toMatchObject(refused)
      writeFileSync(join(folder, 'gate'), '')
      await eventually(() => lines('ended')).toContain('running')

      writeFileSync(path, String(FILES['langgraph.json']))
      await printed(/reloaded langgraph\.json/)
      expect((await client.runs.get(thread, running.run_id)).status).toBe('success')
      await eventually(() => lines('ended')).toEqual(['running', 'next'])
      expect(await say(client, 'well')).toBe('one well')
    }))

  it.each<[string, (path: string) => void, string | number]>([
    ['is gone', (path) => rmSync(path), 'undefined'],
    ['is full of zeros', (path) => writeFileSync(path, Buffer.alloc(100)), 'undefined'],
    ['holds a zero', (path) => writeFileSync(path, 'NAME=a\0b\n'), 'a'],
    ['has a line without an end', (path) => writeFileSync(path, 'OTHER="x\nNAME=two\n'), 'two'],
    [
      'is a folder',
      (path) => {
        rmSync(path)
        mkdirSync(path)
      },
      503,
    ],
  ])('.env %s: says so or goes on, and sees it when it is whole again', async (_, damage, expected) =>
    inProject(async ({ folder, start }) => {
      const { client, printed } = await start()
      const path = join(folder, '.env')
      const outcome = () => say(client, 'run').catch(({ status }: { status: number }) => status)
      expect(await outcome()).toBe('one run')
      damage(path)
      await eventually(outcome).toBe(typeof expected === 'number' ? expected : `${expected} run`)
      await printed(/(reloaded|broken) \.env/)

      rmSync(path, { recursive: true, force: true })
      writeFileSync(path, 'NAME=mended\n')
      await eventually(outcome).toBe('mended run')
    }),
  )
})

interface SmallDisk {
  readonly folder: string
  fill(): void
  free(): void
  remove(): void
}

/** A small disk of its own, which only root can have. Undefined elsewhere. */
function mountSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'authkit-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder)
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize))
      } catch (error) {
        // The server took some of it meanwhile: then it is full as well.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    free: () => rmSync(ballast),
    remove() {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

/** A server whose database lies on a small disk. Without one, the test is skipped. */
async function onSmallDisk(
  context: TestContext,
  work: (disk: SmallDisk, server: Started, project: Project) => Promise<void>,
): Promise<void> {
  const disk = mountSmallDisk()
  if (!disk) return context.skip('no small disk can be mounted here: that takes Linux, and root')
  const path = join(disk.folder, 'dev.db')
  try {
    await inProject(async (project) => work(disk, await project.start('--jobs', '1', '--db', path), project))
    const database = new Database(path, { readonly: true })
    expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
    database.close()
  } finally {
    disk.remove()
  }
}

describe('a disk that is full', () => {
  const big = 'x'.repeat(100_000)

  it(
    'refuses what can not be kept, and says why; what is kept can be read, and all goes on once there is room',
    async (context) =>
      onSmallDisk(context, async (disk, { client, url }) => {
        const { thread_id } = await client.threads.create({ metadata: { kept: 'yes' } })
        await client.store.putItem(['x'], 'kept', { text: 'kept' })
        disk.fill()

        const writes = {
          thread: () => client.threads.create({ metadata: { big } }),
          item: () => client.store.putItem(['x'], 'lost', { big }),
          run: () => client.runs.wait(null, 'agent', named('refused', { big })),
          cron: () => client.crons.create('agent', { ...named('refused', { big }), schedule: '0 0 1 1 *' }),
        }
        const outcomes = await Promise.all(
          Object.entries(writes).map(async ([name, write]) => [name, await write().catch((error: unknown) => error)]),
        )
        const full = { status: expect.toSatisfy((status) => status >= 500), text: expect.stringMatching(/full/i) }
        expect.soft(Object.fromEntries(outcomes)).toMatchObject({ thread: full, item: full, run: full, cron: full })

        expect((await client.threads.get(thread_id)).metadata).toMatchObject({ kept: 'yes' })
        expect((await client.store.getItem(['x'], 'kept'))?.value).toEqual({ text: 'kept' })
        expect(await client.threads.search({ metadata: { kept: 'yes' } })).toHaveLength(1)
        expect((await fetch(`${url}/ok`)).status).toBe(200)

        disk.free()
        expect(await say(client, 'well')).toBe('one well')
        expect(await client.store.getItem(['x'], 'lost')).toBeNull()
        expect(await client.threads.search()).toHaveLength(1)
      }),
    60_000,
  )

  it(
    'does not lose a run: what ran and what waited come to an end once there is room',
    async (context) =>
      onSmallDisk(context, async (disk, { client }, { folder, lines }) => {
        const { thread_id } = await client.threads.create()
        const running = await client.runs.create(thread_id, 'agent', named('running', { gate: 'gate' }))
        const next = await client.runs.create(thread_id, 'agent', named('next'))
        await eventually(() => lines('began')).toEqual(['running'])
        disk.fill()
        writeFileSync(join(folder, 'gate'), '')
        await eventually(() => lines('ended')).toEqual(['running'])
        await setTimeout(500)

        disk.free()
        const ended = async () => [
          (await client.runs.get(thread_id, running.run_id)).status,
          (await client.runs.get(thread_id, next.run_id)).status,
          (await client.threads.get(thread_id)).status,
        ]
        await eventually(ended).toEqual([expect.stringMatching(/error|success/), 'success', 'idle'])
        expect(lines('ended')).toEqual(['running', 'next'])
      }),
    60_000,
  )
})

describe('a graph that misbehaves', () => {
  it('throws anything: its run fails with a text, its thread is usable, others go on', async () =>
    inProject(async ({ start }) => {
      const { client } = await start()
      for (const what of [
        'a string',
        'undefined',
        'a frozen object',
        'a frozen error',
        'an error without a message',
        'an object that no JSON can hold',
      ]) {
        const thread = (await client.threads.create()).thread_id
        await expect(client.runs.wait(thread, 'thrower', { input: { what } }), what).rejects.toThrow(/^\w+: ./)
        const [run] = await client.runs.list(thread)
        const { status, error } = (await client.threads.get(thread)) as { status: string; error?: unknown }
        const texts = { error: expect.stringMatching(/./), message: expect.stringMatching(/./) }
        expect([what, run?.status, status, error]).toMatchObject([what, 'error', 'error', texts])
        expect(await client.runs.wait(thread, 'agent', named('after'))).toMatchObject({ said: 'one after' })
        expect((await client.threads.get(thread)).status).toBe('idle')
      }
    }))

  it('computes without end: the terminal says which, though nothing else is answered', async () =>
    inProject(async ({ start }) => {
      const { client, printed } = await start()
      const spun = client.runs.wait(null, 'spinner', { input: { ms: 7000 } })
      await printed(/authkit dev: nothing has been answered for 5 s: .* Running: spinner\./)
      await spun
      await printed('authkit dev: the server answers again.')
      expect(await say(client, 'well')).toBe('one well')
    }))
})
