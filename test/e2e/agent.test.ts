import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client, type Command, type StreamMode } from '@langchain/langgraph-sdk'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Serving, serve } from './processes.js'

/** What the agent keeps in its state. */
type State = Readonly<{ messages: readonly Readonly<{ id: string; type: string; content: string }>[] }>

let folder: string
let server: Serving
let alice: Client<State>
let bob: Client<State>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'authkit-agent-'))
  cpSync(resolve('test/e2e/agent-project'), folder, { recursive: true })
  for (const name of ['@langchain/langgraph', '@langchain/core', 'zod']) copyPackage(name, join(folder, 'node_modules'))
  // This copy, and no other, says that it was loaded.
  const mark = '\n;(globalThis.copiesOfLangGraph ??= []).push(import.meta.url)\n'
  appendFileSync(join(folder, 'node_modules/@langchain/langgraph/dist/index.js'), mark)
  server = await serve(folder)
  alice = client('user1-token')
  bob = client('user2-token')
})

afterAll(async () => {
  expect(await server?.stop()).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

/** A package with all that it needs, as an installation of the project's own would put it there. */
function copyPackage(name: string, target: string): void {
  if (existsSync(join(target, name))) return
  const from = resolve('node_modules', name)
  const filter = (path: string) => !/\.(map|cjs|d\.c?ts)$/.test(path)
  cpSync(from, join(target, name), { recursive: true, filter })
  const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Record<string, object>
  for (const needed of Object.keys(dependencies)) copyPackage(needed, target)
}

function client(token: string): Client<State> {
  return new Client<State>({
    apiUrl: server.url,
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${token}` },
    callerOptions: { maxRetries: 0 },
  })
}

/** What is looked at again until it is so. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 })

const say = (content: string) => ({ input: { messages: [{ role: 'user', content }] } })

async function threadOf(user: Client<State>): Promise<string> {
  return (await user.threads.create()).thread_id
}

/** Says something to the agent, and returns what it answered in the end. */
async function ask(user: Client<State>, thread: string, content: string): Promise<string | undefined> {
  return lastOf(await user.runs.wait(thread, 'agent', say(content)))
}

const lastOf = (state: unknown) => (state as State).messages.at(-1)?.content
const contents = ({ messages }: State) => messages.map(({ content }) => content)

interface Told {
  readonly event: string
  readonly data: unknown
}

async function toldBy(stream: AsyncIterable<unknown>): Promise<Told[]> {
  const told: Told[] = []
  for await (const part of stream) told.push(part as Told)
  return told
}

/** What was told in one mode, at the top and in the graphs below. */
const inMode = (told: readonly Told[], mode: string) => told.filter(({ event }) => event.split('|')[0] === mode)

async function edited<T>(file: string, edit: (source: string) => string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, file)
  const source = readFileSync(path, 'utf8')
  const other = edit(source)
  expect(other).not.toBe(source)
  writeFileSync(path, other)
  try {
    return await work()
  } finally {
    writeFileSync(path, source)
  }
}

/** Starts a run that goes on until the file is there. */
async function startWaiting(user: Client<State>, thread: string, file: string) {
  const run = await user.runs.create(thread, 'agent', say(`wait ${file}`))
  const nodes = async () => (await user.threads.getState(thread)).next
  await eventually(nodes).toEqual(['tools'])
  return {
    async end() {
      writeFileSync(join(folder, file), '')
      return lastOf(await user.runs.join(thread, run.run_id))
    },
  }
}

describe('a small real agent', () => {
  it('runs on the LangGraph of its own folder, as whoever asks', async () => {
    const greet = async (user: Client<State>) => await user.runs.wait(null, 'greeter', { input: {} })
    const copies = [pathToFileURL(join(folder, 'node_modules/@langchain/langgraph/dist/index.js')).href]
    expect(await Promise.all([greet(alice), greet(bob)])).toEqual([
      { greeting: 'Hello Alice', copies },
      { greeting: 'Hello Bob', copies },
    ])
  })

  it('streams what it thinks, word by word, in every mode that is asked for', async () => {
    const streamMode: StreamMode[] = ['messages-tuple', 'values', 'updates', 'custom']
    const told = await toldBy(alice.runs.stream(await threadOf(alice), 'agent', { ...say('hi there'), streamMode }))
    const words = inMode(told, 'messages').map(({ data }) => (data as [{ content: string }])[0].content)
    expect(words).toEqual(['Marvin ', '(first ', 'edition) ', 'to ', 'user1: ', 'hi ', 'there'])
    expect(inMode(told, 'updates').map(({ data }) => Object.keys(data as object))).toEqual([['think']])
    expect(lastOf(inMode(told, 'values').at(-1)?.data)).toBe('Marvin (first edition) to user1: hi there')
  })

  it('streams each message as it grows', async () => {
    const options = { ...say('hi there'), streamMode: ['messages'] satisfies StreamMode[] }
    const told = await toldBy(alice.runs.stream(await threadOf(alice), 'agent', options))
    const partial = told.filter(({ event }) => event === 'messages/partial')
    const grown = partial.map(({ data }) => (data as State['messages'])[0]?.content)
    expect(grown.slice(0, 2)).toEqual(['Marvin ', 'Marvin (first '])
    expect(grown.at(-1)).toBe('Marvin (first edition) to user1: hi there')
    expect(told.filter(({ event }) => event === 'messages/metadata')).not.toEqual([])
  })

  it('streams what the graph within it does, under the name of its node', async () => {
    const streamMode: StreamMode[] = ['messages-tuple', 'updates', 'custom']
    const options = { ...say('report on cats'), streamMode, streamSubgraphs: true }
    const told = await toldBy(alice.runs.stream(await threadOf(alice), 'agent', options))
    const [custom] = inMode(told, 'custom')
    expect(custom).toMatchObject({
      event: expect.stringMatching(/^custom\|research:[-\w]+$/),
      data: { progress: 'outline' },
    })
    expect(
      inMode(told, 'updates').map(({ event, data }) => [event.split(':')[0], ...Object.keys(data as object)]),
    ).toEqual([
      ['updates|research', 'outline'],
      ['updates|research', 'draft'],
      ['updates', 'research'],
    ])
    expect(inMode(told, 'messages').length).toBeGreaterThan(4)
  })

  it.each([
    ['sends', true, 'mail to tom@example.com', 1],
    ['does not send', false, 'it was refused', 0],
  ])('asks a person, and %s the mail', async (_, approved, said, sent) => {
    const outbox = join(folder, 'outbox')
    rmSync(outbox, { force: true })
    const thread = await threadOf(alice)
    const told = await toldBy(
      alice.runs.stream(thread, 'agent', { ...say('mail tom@example.com'), streamMode: 'updates' }),
    )
    const question = { value: { question: 'Send mail to tom@example.com?' } }
    expect(told.at(-1)?.data).toMatchObject({ __interrupt__: [question] })
    const { status, interrupts } = await alice.threads.get(thread)
    expect([status, ...Object.values(interrupts)]).toMatchObject(['interrupted', [question]])
    expect(existsSync(outbox)).toBe(false)

    const command: Command = { resume: { approved } }
    const byBob = bob.runs.wait(thread, 'agent', { command: { resume: { approved: true } } })
    await expect(byBob).rejects.toMatchObject({ status: 404 })
    const state = await alice.runs.wait(thread, 'agent', { command })
    expect(lastOf(state)).toBe(`Marvin (first edition) to user1: ${said}`)
    expect((await alice.threads.get(thread)).status).toBe('idle')
    expect(existsSync(outbox) ? readFileSync(outbox, 'utf8') : '').toBe('tom@example.com\n'.repeat(sent))
  })

  it('goes back in time, and on from there; what came after is kept', async () => {
    const thread = await threadOf(alice)
    await ask(alice, thread, 'one')
    await ask(alice, thread, 'two')
    const history = await alice.threads.getHistory(thread, { limit: 100 })
    expect(history.map(({ next }) => next.join())).toEqual(['', 'think', '__start__', '', 'think', '__start__'])
    const [two, , , one] = history
    expect(contents(two?.values as State)).toHaveLength(4)

    const checkpoint = one?.checkpoint
    if (!checkpoint) throw new Error('There is no checkpoint to go back to.')
    const other = (await alice.runs.wait(thread, 'agent', { ...say('three'), checkpoint })) as unknown as State
    const prefix = 'Marvin (first edition) to user1:'
    expect(contents(other)).toEqual(['one', `${prefix} one`, 'three', `${prefix} three`])

    const state = await alice.threads.getState(thread)
    expect(contents(state.values)).toEqual(contents(other))
    const kept = await alice.threads.getState(thread, two?.checkpoint)
    expect(contents(kept.values).at(-1)).toBe(`${prefix} two`)
    const forked = await alice.threads.getHistory(thread, { limit: 100 })
    expect(forked.find(({ next }) => next[0] === '__start__')?.parent_checkpoint?.checkpoint_id).toBe(
      checkpoint.checkpoint_id,
    )
  })

  it('goes on from a state that was edited by hand', async () => {
    const thread = await threadOf(alice)
    await ask(alice, thread, 'one')
    const asked = await alice.threads.getHistory(thread, { limit: 100 })
    const before = asked.find(({ next }) => next[0] === 'think')
    const [question] = before?.values.messages ?? []
    const checkpointId = String(before?.checkpoint.checkpoint_id)
    const values = { messages: [{ ...question, content: 'won' }] }
    const { configurable } = (await alice.threads.updateState(thread, { values, checkpointId })) as {
      configurable: { checkpoint_id: string }
    }
    const state = await alice.runs.wait(thread, 'agent', { input: null, checkpointId: configurable.checkpoint_id })
    expect(contents(state as unknown as State)).toEqual(['won', 'Marvin (first edition) to user1: won'])
  })

  it('remembers for each user, and finds by meaning', async () => {
    const [hers, his] = [await threadOf(alice), await threadOf(bob)]
    await ask(alice, hers, 'remember the cat is called Tom')
    await ask(alice, hers, 'remember tea comes at five')
    await ask(bob, his, 'remember it will rain')
    expect(await ask(alice, hers, 'recall which pets')).toMatch(/: the cat is called Tom$/)
    expect(await ask(bob, his, 'recall which pets')).toMatch(/: it will rain$/)

    const { items } = await alice.store.searchItems(['user1', 'memories'], { query: 'something to eat' })
    expect(items.map(({ value }) => value['text'])).toEqual(['tea comes at five', 'the cat is called Tom'])
    expect(items[0]?.score).toBeGreaterThan(items[1]?.score ?? 0)
    const key = 'the-cat-is-called-Tom'
    expect(await alice.store.getItem(['user1', 'memories'], key)).toMatchObject({ key })
    await expect(bob.store.getItem(['user1', 'memories'], key)).rejects.toMatchObject({ status: 403 })
    await expect(bob.store.searchItems(['user1'])).rejects.toMatchObject({ status: 403 })
    expect((await bob.store.searchItems(['user2'])).items.map(({ value }) => value['text'])).toEqual(['it will rain'])
  })

  it('comes by itself at its time, as whoever asked for it', async () => {
    const thread = await threadOf(alice)
    const schedule = '0 9 * * MON'
    const made = await alice.crons.createForThread(thread, 'agent', { ...say('remember the sun'), schedule })
    const found = await alice.crons.search()
    expect(found.map(({ cron_id, user_id }) => [cron_id, user_id])).toEqual([[made.cron_id, 'user1']])
    expect(await bob.crons.search()).toEqual([])
    await expect(bob.crons.update(made.cron_id, { enabled: false })).rejects.toMatchObject({ status: 404 })

    const monday = Date.parse(String(found[0]?.next_run_date))
    expect(new Date(monday).toISOString()).toMatch(/T09:00:00\.000Z$/)
    const moved = await alice.crons.update(made.cron_id, { schedule: '30 9 * * MON' })
    expect(Date.parse(String(moved.next_run_date))).toBe(monday + 30 * 60_000)

    const minute = await alice.crons.create('agent', { ...say('remember the storm'), schedule: '0 0 1 1 *' })
    bringForward(made.cron_id)
    // A change of any cron has the server look at the clock.
    await alice.crons.update(minute.cron_id, { enabled: false })
    await eventually(async () => (await alice.threads.getState(thread)).values.messages?.at(-1)?.content).toMatch(
      /to user1: remembered the sun$/,
    )
    expect(await alice.store.getItem(['user1', 'memories'], 'the-sun')).toMatchObject({ value: { text: 'the sun' } })
    expect(await alice.runs.list(thread)).toHaveLength(1)

    await expect(bob.crons.delete(made.cron_id)).rejects.toMatchObject({ status: 404 })
    for (const { cron_id } of [made, minute]) await alice.crons.delete(cron_id)
    expect(await alice.crons.search()).toEqual([])
  })

  it('hides from Bob what Alice and her agent talk about', async () => {
    const thread = await threadOf(alice)
    await ask(alice, thread, 'a secret')
    const [run] = await alice.runs.list(thread)
    for (const attempt of [
      () => bob.threads.get(thread),
      () => bob.threads.getState(thread),
      () => bob.threads.getHistory(thread),
      () => bob.runs.list(thread),
      () => bob.runs.join(thread, String(run?.run_id)),
      () => bob.runs.wait(thread, 'agent', say('hello?')),
      () => bob.crons.createForThread(thread, 'agent', { ...say('hello?'), schedule: '0 9 * * MON' }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ status: 404 })
    }
    expect(await alice.runs.list(thread)).toHaveLength(1)
  })

  it('is drawn with the graph within it, and described', async () => {
    const { assistant_id } = await alice.assistants.create({ graphId: 'agent' })
    const { nodes } = await alice.assistants.getGraph(assistant_id, { xray: true })
    const ids = nodes.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['think', 'approve', 'tools', 'research:outline', 'research:draft']))
    const { input_schema } = await alice.assistants.getSchemas(assistant_id)
    expect(input_schema).toMatchObject({ properties: { messages: { type: 'array' } } })
    expect(Object.keys(await alice.assistants.getSubgraphs(assistant_id))).toEqual(['research'])
    await expect(bob.assistants.getGraph(assistant_id)).rejects.toMatchObject({ status: 404 })
  })
})

/** Lets the time of a cron come now. */
function bringForward(cronId: string): void {
  const database = new Database(join(folder, '.authkit', 'dev.db'))
  const now = new Date().toISOString()
  const { changes } = database.prepare('update crons set next_run_date = ? where cron_id = ?').run(now, cronId)
  database.close()
  expect(changes).toBe(1)
}

describe('an edit while a run is in flight', () => {
  it('of the graph: that run ends as it began, the next one is new', async () => {
    const [before, after] = [await threadOf(alice), await threadOf(alice)]
    const waiting = await startWaiting(alice, before, 'graph-gate')
    await edited(
      'agent.ts',
      (source) => source.replace('first edition', 'second edition'),
      async () => {
        expect(await ask(alice, after, 'hi')).toBe('Marvin (second edition) to user1: hi')
        expect(await waiting.end()).toBe('Marvin (first edition) to user1: graph-gate is there')
        expect(await ask(alice, before, 'hi')).toBe('Marvin (second edition) to user1: hi')
      },
    )
    expect(await ask(alice, after, 'hi')).toBe('Marvin (first edition) to user1: hi')
  })

  it('of a file that the graph imports: the same', async () => {
    const thread = await threadOf(alice)
    await edited(
      'model.ts',
      (source) => source.replaceAll(`\${speaker}: `, `\${speaker} again: `),
      async () => expect(await ask(alice, thread, 'hi')).toBe('Marvin (first edition) to user1 again: hi'),
    )
  })

  it('of .env: the next run sees it', async () => {
    const thread = await threadOf(alice)
    await edited(
      '.env',
      () => 'AGENT_NAME=Eddie\n',
      async () => {
        await server.printed(/reloaded \.env/)
        expect(await ask(alice, thread, 'hi')).toBe('Eddie (first edition) to user1: hi')
      },
    )
    await server.printed(/reloaded \.env[\s\S]*reloaded \.env/)
  })

  it('of auth.ts: that run ends, its thread stays readable, the next is refused', async () => {
    const thread = await threadOf(alice)
    const waiting = await startWaiting(alice, thread, 'auth-gate')
    await edited(
      'auth.ts',
      (source) => source.replace(`DOOR = 'open'`, `DOOR = 'shut'`),
      async () => {
        await server.printed(/reloaded auth\.ts/)
        await expect(ask(alice, thread, 'hi')).rejects.toMatchObject({ status: 403 })
        expect(await waiting.end()).toMatch(/: auth-gate is there$/)
      },
    )
    await server.printed(/reloaded auth\.ts[\s\S]*reloaded auth\.ts/)
    expect(await ask(alice, thread, 'hi')).toMatch(/: hi$/)
  })

  it('that breaks the graph: its runs fail and say where, the other graph and the run in flight go on', async () => {
    const [thread, other] = [await threadOf(alice), await threadOf(alice)]
    const waiting = await startWaiting(alice, thread, 'syntax-gate')
    await edited(
      'agent.ts',
      (source) => source.replace('.compile()', '.compile('),
      async () => {
        await expect(ask(alice, other, 'hi')).rejects.toThrow(/^graph_broken: agent\.ts:\d+:\d+: /)
        await server.printed(/agent\.ts:\d+:\d+: /)
        expect((await alice.threads.get(other)).status).toBe('error')
        expect(await bob.runs.wait(null, 'greeter', { input: {} })).toMatchObject({ greeting: 'Hello Bob' })
        expect(await waiting.end()).toMatch(/: syntax-gate is there$/)
      },
    )
    expect(await ask(alice, other, 'hi')).toBe('Marvin (first edition) to user1: hi')
    expect((await alice.threads.get(other)).status).toBe('idle')
  })
})
