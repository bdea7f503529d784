import { readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { createStyle } from '../../src/cli/style.js'
import type { DevEvent } from '../../src/dev/events.js'
import { devText } from '../../src/dev/report-text.js'
import { type DevOptions, type DevServer, startDev } from '../../src/dev/start-dev.js'
import { isLoopback } from '../../src/server/start.js'
import { type TempProject, test } from '../project/temp-project.js'
import { AUTHKIT_ENTRY } from '../support/authkit-entry.js'

const AUTH = `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(placeholderTokens({ 'a-token': 'a' }))
  .on('*', ({ user }) => ({ owner: user.identity }))
`
const STUDIO = '{ "auth": { "path": "./auth.ts:auth", "disable_studio_auth": false } }'
const NO_STUDIO = '{ "auth": { "path": "./auth.ts:auth" } }'
const STUDIO_HEADER = { 'x-auth-scheme': 'langsmith' }

interface Dev extends DevServer {
  readonly events: readonly DevEvent[]
  /** Resolves with the first event of the kind that no call has returned yet. */
  next<K extends DevEvent['kind']>(kind: K): Promise<Extract<DevEvent, { kind: K }>>
  post(path: string, headers?: Record<string, string>, body?: unknown): Promise<{ status: number; text: string }>
}

async function inDev(project: TempProject, options: Partial<DevOptions>, work: (dev: Dev) => Promise<void>) {
  const events: DevEvent[] = []
  const returned = new Set<DevEvent>()
  const server = await startDev({
    root: project.root,
    port: 0,
    database: ':memory:',
    authkitEntry: AUTHKIT_ENTRY,
    version: '0.0.0-test',
    onEvent: (event) => events.push(event),
    ...options,
  })
  const find = (kind: string) => events.find((event) => event.kind === kind && !returned.has(event))
  try {
    await work({
      ...server,
      events,
      async next(kind) {
        while (!find(kind)) await new Promise((resolve) => setTimeout(resolve, 5))
        const event = find(kind) as DevEvent
        returned.add(event)
        return event as never
      },
      async post(path, headers = {}, body) {
        const answer = await fetch(server.url + path, {
          method: 'POST',
          headers,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        return { status: answer.status, text: await answer.text() }
      },
    })
  } finally {
    await server.close()
  }
}

describe('Studio', () => {
  test('turned on by an edit of langgraph.json is warned of, once', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH, 'langgraph.json': NO_STUDIO })
    await inDev(project, {}, async (dev) => {
      expect((await dev.next('ready')).warnings).toEqual([])
      expect((await dev.post('/threads/count', STUDIO_HEADER)).status).toBe(401)
      await project.write({ 'langgraph.json': STUDIO })
      const { warnings, newWarnings } = await dev.next('reloaded')
      expect(newWarnings).toEqual([expect.stringContaining('The Studio header is ON')])
      expect(warnings).toEqual(newWarnings)
      expect((await dev.post('/threads/count', STUDIO_HEADER)).status).toBe(200)

      // Broken and mended: what was said holds on, and is not said again.
      for (const [file, content] of [
        ['auth.ts', `${AUTH}const = 1\n`],
        ['auth.ts', AUTH],
        ['langgraph.json', '{'],
        ['langgraph.json', STUDIO],
      ] as const) {
        await project.write({ [file]: content })
        expect(await dev.next('reloaded')).toMatchObject({ warnings, newWarnings: [] })
      }
      await project.write({ 'langgraph.json': NO_STUDIO })
      expect(await dev.next('reloaded')).toMatchObject({ warnings: [], newWarnings: [] })
      expect((await dev.post('/threads/count', STUDIO_HEADER)).status).toBe(401)
    })
  })

  test('is refused as a flag where other machines can come in', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    const starting = inDev(project, { host: '0.0.0.0', studio: true }, async () => {})
    await expect(starting).rejects.toMatchObject({ code: 'usage', spec: { exit: 2 } })
  })

  test('is ignored there when langgraph.json asks for it, and said to be', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH, 'langgraph.json': STUDIO })
    await inDev(project, { host: '0.0.0.0' }, async (dev) => {
      const { warnings } = await dev.next('ready')
      expect(warnings.join('\n')).toContain('auth.disable_studio_auth: false is ignored on 0.0.0.0')
      expect(warnings.join('\n')).not.toContain('header is ON')
      expect((await dev.post('/threads/count', STUDIO_HEADER)).status).toBe(401)
    })
  })
})

describe('placeholder tokens', () => {
  test('are said to be public where other machines can come in, and only there', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    for (const [host, warned] of [
      ['0.0.0.0', true],
      ['127.0.0.1', false],
    ] as const) {
      await inDev(project, { host }, async (dev) => {
        const { warnings } = await dev.next('ready')
        expect(warnings.some((warning) => warning.includes('placeholder tokens of auth.ts are public'))).toBe(warned)
      })
    }
    await inDev(project, { host: '0.0.0.0', noAuth: true }, async (dev) => {
      expect((await dev.next('ready')).warnings.join('\n')).not.toContain('placeholder')
    })
  })
})

describe('what langgraph.json says about runs', () => {
  const A_TOKEN = { authorization: 'Bearer a-token' }
  const config = (rest: object) => JSON.stringify({ auth: { path: './auth.ts:auth' }, ...rest })

  test('holds from the edit on: where webhooks may go, and with what', async ({ project }) => {
    const received: (string | undefined)[] = []
    const receiver = createServer((request, response) => {
      received.push(request.headers['x-key'] as string | undefined)
      response.end()
    })
    await new Promise<void>((resolve) => {
      receiver.listen(0, '127.0.0.1', () => resolve())
    })
    const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
    const run = { assistant_id: 'agent', input: { messages: [] }, webhook }
    const headers = { 'x-key': `\${{ env.LG_WEBHOOK_TEST_KEY }}` }
    await project.write({ 'auth.ts': AUTH, 'langgraph.json': config({}) })
    await inDev(project, {}, async (dev) => {
      const refused = await dev.post('/runs/wait', A_TOKEN, run)
      expect([refused.status, JSON.parse(refused.text).detail]).toEqual([
        422,
        expect.stringContaining('disable_loopback'),
      ])

      const webhooks = { url: { disable_loopback: false }, headers }
      await project.write({ 'langgraph.json': config({ webhooks }) })
      expect((await dev.next('reloaded')).newWarnings).toEqual([
        'webhooks.headers.x-key is not sent: LG_WEBHOOK_TEST_KEY is not set, or is no line.',
      ])
      await project.write({ '.env': 'LG_WEBHOOK_TEST_KEY=one' })
      expect((await dev.next('reloaded')).warnings).toEqual([])
      expect((await dev.post('/runs/wait', A_TOKEN, run)).status).toBe(200)
      while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(received).toEqual(['one'])

      await project.write({ '.env': 'LG_WEBHOOK_TEST_KEY=two' })
      await dev.next('reloaded')
      await dev.post('/runs/wait', A_TOKEN, run)
      while (received.length === 1) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(received).toEqual(['one', 'two'])

      await project.write({ 'langgraph.json': config({ webhooks, http: { disable_webhooks: true } }) })
      await dev.next('reloaded')
      expect((await dev.post('/runs/wait', A_TOKEN, run)).text).toContain('disable_webhooks')
    })
    receiver.close()
  })

  test('every run is told of, with what its graph threw', async ({ project }) => {
    await project.write({
      'auth.ts': AUTH,
      'langgraph.json': config({ graphs: { broken: './broken.ts:graph' } }),
      'broken.ts': 'export const graph = null\nthrow new RangeError("it broke")\n',
    })
    await inDev(project, {}, async (dev) => {
      await dev.post('/runs/wait', A_TOKEN, { assistant_id: 'broken', input: {} })
      const { record } = await dev.next('run')
      expect(record).toMatchObject({ graphId: 'broken', status: 'error', thrown: { code: 'graph_broken' } })
      expect(devText({ kind: 'run', record }, createStyle(false))).toMatch(
        / {2}run {2}broken {2}\S+ {2}error {2}[\d.]+ ms\n {12}AuthkitError: broken\.ts:2:7: RangeError: it broke\n/,
      )
    })
  })

  test('a run may take as long as --run-timeout says', async ({ project }) => {
    await project.write({
      'auth.ts': AUTH,
      'langgraph.json': config({ graphs: { slow: './slow.ts:graph' }, env: { BG_JOB_TIMEOUT_SECS: '3000' } }),
      'slow.ts': `export const graph = () => new Promise(() => {})`,
    })
    await inDev(project, { runTimeoutSeconds: 1 }, async (dev) => {
      await dev.post('/runs/wait', A_TOKEN, { assistant_id: 'slow', input: {} })
      expect((await dev.next('run')).record).toMatchObject({ graphId: 'slow', status: 'timeout' })
    })
  })

  test('the root key lies beside the database, and a bad one stops the start', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    await inDev(project, {}, async () => expect(await readdir(project.root)).not.toContain('root.key'))
    await inDev(project, { database: undefined }, async () => {
      expect(await readdir(project.path('.authkit'))).toEqual(expect.arrayContaining(['dev.db', 'root.key']))
    })
    await project.write({ '.authkit/root.key': 'short' })
    await expect(inDev(project, { database: undefined }, async () => {})).rejects.toMatchObject({
      code: 'root_key_invalid',
    })
  })
})

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.evil.example', false],
  ['127.0.0.1.nip.io', false],
])('%s is loopback: %j', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('a database that fails at a reload is a problem, and the rules are new all the same', async ({ project }) => {
  await project.write({ 'auth.ts': AUTH })
  const database = project.path('data.db')
  await inDev(project, { database }, async (dev) => {
    const other = new Database(database)
    other.exec('ALTER TABLE assistants RENAME TO elsewhere')
    other.close()
    await project.write({ 'auth.ts': AUTH.replace('({ owner: user.identity })', 'user.identity !== "a"') })
    const { message, stack } = await dev.next('problem')
    expect(message).toMatch(/^The assistants of the graphs could not be written: SqliteError: no such table/)
    expect(stack).toMatch(/^at /)
    const { status } = await dev.post('/threads/count', { authorization: 'Bearer a-token' })
    expect(status).toBe(403)
  })
})

test('what auth.ts throws while it loads is for the terminal; where, is for everyone', async ({ project }) => {
  await project.write({ 'auth.ts': AUTH })
  await inDev(project, {}, async (dev) => {
    await project.write({ 'auth.ts': `${AUTH}throw new RangeError('postgres://app:hunter2@db/prod')\n` })
    const { rules } = await dev.next('reloaded')
    expect(rules).toMatchObject({ kind: 'broken', error: { message: expect.stringContaining('hunter2') } })
    const { status, text } = await dev.post('/threads/count')
    expect(status).toBe(503)
    expect(JSON.parse(text).detail).toMatch(/^auth\.ts:5:7: RangeError was thrown while the file loaded\./)
    expect(text).not.toContain('hunter2')

    await project.write({ 'auth.ts': `${AUTH}const = 1\n` })
    await dev.next('reloaded')
    expect(JSON.parse((await dev.post('/threads/count')).text).detail).toBe(
      'auth.ts:5:7: Expected identifier but found "="',
    )
  })
})

describe.skipIf(process.platform === 'win32')('who else on this machine may read', () => {
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

  test('nobody the database, wherever it lies, nor its journals', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH, 'data/keep.txt': '' })
    await inDev(project, { database: project.path('data/dev.db') }, async () => {
      for (const suffix of ['', '-wal', '-shm']) {
        expect(await modeOf(project.path(`data/dev.db${suffix}`))).toBe('600')
      }
    })
  })

  test('nobody .authkit, whoever makes it', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    await inDev(project, {}, async () => {
      expect(await modeOf(project.path('.authkit'))).toBe('700')
      expect(await modeOf(project.path('.authkit/build'))).toBe('700')
    })
  })

  test('a database that is there keeps its mode', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH, 'old.db': '' })
    const before = await modeOf(project.path('old.db'))
    await inDev(project, { database: project.path('old.db') }, async () => {
      expect(await modeOf(project.path('old.db'))).toBe(before)
    })
  })
})
