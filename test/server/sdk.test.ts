import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemAssistantId } from '../../src/runtime/graphs/graph-registry.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const server = await serve({ graphs: testGraphs })
const hello = { messages: [{ role: 'human', content: 'hello' }] }
const ABSENT = '0197a9b4-6f5c-7000-8000-000000000000'

describe.each([
  ['1.15.0', (user: string) => new Client1(optionsFor(user))],
  ['2.0.0', (user: string) => new Client2(optionsFor(user)) as unknown as Client1],
])('the JavaScript client %s', (_, clientFor) => {
  const alice = clientFor('alice')
  const bob = clientFor('bob')

  beforeEach(async () => {
    for (const client of [alice, bob]) {
      for (const { thread_id } of await client.threads.search({ limit: 1000 })) {
        // The thread of a run that came without one may be gone by now.
        await client.threads.delete(thread_id).catch((error) => expect(error).toMatchObject({ status: 404 }))
      }
      for (const { assistant_id } of await client.assistants.search({ limit: 1000 })) {
        await client.assistants.delete(assistant_id)
      }
    }
  })

  it('plays the tutorial: Alice chats, Bob is refused, each sees one thread', async () => {
    const assistant = await alice.assistants.create({ graphId: 'agent', name: 'mine' })
    const thread = await alice.threads.create()
    const state = await alice.runs.wait(thread.thread_id, assistant.assistant_id, { input: hello })
    expect(contents(state)).toEqual(['hello', 'alice said: hello'])

    const refused = { status: 404 }
    await expect(bob.threads.get(thread.thread_id)).rejects.toMatchObject(refused)
    await expect(bob.threads.getState(thread.thread_id)).rejects.toMatchObject(refused)
    await expect(bob.runs.wait(thread.thread_id, 'agent', { input: hello })).rejects.toMatchObject(refused)
    await expect(bob.runs.wait(null, assistant.assistant_id, { input: hello })).rejects.toMatchObject(refused)
    const own = await bob.threads.create()
    expect(contents(await bob.runs.wait(own.thread_id, 'agent', { input: hello }))).toContain('bob said: hello')
    expect((await alice.threads.search()).map(({ thread_id }) => thread_id)).toEqual([thread.thread_id])
    expect((await bob.threads.search()).map(({ thread_id }) => thread_id)).toEqual([own.thread_id])
  })

  it('assistants: create, get, update, versions, latest, search, count, delete', async () => {
    const { assistants } = alice
    const made = await assistants.create({
      graphId: 'agent',
      name: 'One',
      description: 'first',
      metadata: { tier: 'gold' },
      config: { configurable: { model: 'small' }, tags: ['t'], recursion_limit: 7 },
    })
    expect(made).toMatchObject({ version: 1, metadata: { tier: 'gold', owner: 'alice' }, description: 'first' })
    expect(await assistants.get(made.assistant_id)).toEqual(made)
    await expect(assistants.create({ graphId: 'agent', assistantId: made.assistant_id })).rejects.toMatchObject({
      status: 409,
    })
    const same = await assistants.create({ graphId: 'agent', assistantId: made.assistant_id, ifExists: 'do_nothing' })
    expect(same).toEqual(made)
    await expect(
      bob.assistants.create({ graphId: 'agent', assistantId: made.assistant_id, ifExists: 'do_nothing' }),
    ).rejects.toMatchObject({ status: 409 })

    const second = await assistants.update(made.assistant_id, { name: 'Two', metadata: { more: 1 } })
    expect(second).toMatchObject({ version: 2, name: 'Two', metadata: { tier: 'gold', more: 1, owner: 'alice' } })
    const versions = await assistants.getVersions(made.assistant_id)
    expect(versions.map(({ version, name }) => [version, name])).toEqual([
      [2, 'Two'],
      [1, 'One'],
    ])
    expect(await assistants.setLatest(made.assistant_id, 1)).toMatchObject({ version: 1, name: 'One' })
    expect(await assistants.update(made.assistant_id, { name: 'Three' })).toMatchObject({ version: 3 })
    await expect(assistants.setLatest(made.assistant_id, 9)).rejects.toMatchObject({ status: 404 })

    await assistants.create({ graphId: 'agent', name: 'Zed' })
    expect((await assistants.search({ metadata: { tier: 'gold' } })).map(({ name }) => name)).toEqual(['Three'])
    expect((await assistants.search({ sortBy: 'name', sortOrder: 'asc' })).map(({ name }) => name)).toEqual([
      'Three',
      'Zed',
    ])
    expect(await assistants.search({ graphId: 'agent', select: ['name'], limit: 1 })).toEqual([{ name: 'Zed' }])
    await assistants.delete(made.assistant_id)
    await expect(assistants.get(made.assistant_id)).rejects.toMatchObject({ status: 404 })
    await expect(assistants.delete(made.assistant_id)).rejects.toMatchObject({ status: 404 })
    await expect(assistants.getVersions(made.assistant_id)).rejects.toMatchObject({ status: 404 })
    await expect(assistants.create({ graphId: 'nothing' })).rejects.toMatchObject({ status: 404 })
  })

  it('assistants: graph, schemas and subgraphs', async () => {
    const { assistant_id } = await alice.assistants.create({ graphId: 'nested' })
    const drawing = await alice.assistants.getGraph(assistant_id)
    expect(drawing.nodes.map(({ id }) => id)).toEqual(['__start__', 'child', 'line\nbreak', '__end__'])
    expect(drawing.edges).toContainEqual(expect.objectContaining({ source: '__start__', target: 'child' }))
    const deep = await alice.assistants.getGraph(assistant_id, { xray: true })
    expect(deep.nodes.length).toBeGreaterThan(drawing.nodes.length)
    expect(await alice.assistants.getSchemas(assistant_id)).toMatchObject({
      graph_id: 'nested',
      input_schema: { properties: { seen: {}, text: {} } },
    })
    expect(Object.keys(await alice.assistants.getSubgraphs(assistant_id))).toEqual(['child', 'line\nbreak'])
    expect(Object.keys(await alice.assistants.getSubgraphs(assistant_id, { namespace: 'child' }))).toEqual(['child'])
    for (const get of ['getGraph', 'getSchemas', 'getSubgraphs'] as const) {
      await expect(bob.assistants[get](assistant_id)).rejects.toMatchObject({ status: 404 })
    }
  })

  it('threads: create, get, update, copy, search, delete', async () => {
    const { threads } = alice
    const made = await threads.create({ metadata: { tag: 'x' } })
    expect(made).toMatchObject({ status: 'idle', values: null, interrupts: {}, metadata: { tag: 'x', owner: 'alice' } })
    expect(await threads.get(made.thread_id)).toEqual(made)
    const again = await threads.create({ threadId: made.thread_id, ifExists: 'do_nothing', metadata: { tag: 'y' } })
    expect(again).toEqual(made)
    await expect(threads.create({ threadId: made.thread_id })).rejects.toMatchObject({ status: 409 })
    await expect(bob.threads.create({ threadId: made.thread_id, ifExists: 'do_nothing' })).rejects.toMatchObject({
      status: 409,
    })

    expect(await threads.update(made.thread_id, { metadata: { more: true } })).toMatchObject({
      metadata: { tag: 'x', more: true, owner: 'alice' },
    })
    await alice.runs.wait(made.thread_id, 'agent', { input: hello })
    const copy = await threads.copy(made.thread_id)
    expect(copy).toMatchObject({ status: 'idle', metadata: { tag: 'x', owner: 'alice', thread_id: copy.thread_id } })
    expect(copy.thread_id).not.toBe(made.thread_id)
    expect(contents((await threads.getState(copy.thread_id)).values)).toEqual(['hello', 'alice said: hello'])
    expect((await threads.getState(copy.thread_id)).checkpoint.thread_id).toBe(copy.thread_id)
    await expect(bob.threads.copy(made.thread_id)).rejects.toMatchObject({ status: 409 })

    const other = await threads.create({ metadata: { tag: 'z' } })
    expect((await threads.search({ metadata: { tag: 'z' } })).map(({ thread_id }) => thread_id)).toEqual([
      other.thread_id,
    ])
    expect(await threads.search({ status: 'busy' })).toEqual([])
    const oldest = await threads.search({ sortBy: 'created_at', sortOrder: 'asc', limit: 1 })
    expect(oldest.map(({ thread_id }) => thread_id)).toEqual([made.thread_id])
    await threads.delete(made.thread_id)
    await expect(threads.get(made.thread_id)).rejects.toMatchObject({ status: 404 })
    await expect(threads.delete(made.thread_id)).rejects.toMatchObject({ status: 404 })
    expect(contents((await threads.getState(copy.thread_id)).values)).toHaveLength(2)
  })

  it('threads: created with state', async () => {
    const { thread_id } = await alice.threads.create({
      graphId: 'steps',
      supersteps: [
        { updates: [{ values: { seen: ['start'] }, asNode: '__start__' }] },
        { updates: [{ values: { seen: ['a!'] }, asNode: 'a' }] },
      ],
    })
    const state = await alice.threads.getState<{ seen: string[] }>(thread_id)
    expect([state.values.seen, state.next]).toEqual([['start', 'a!'], ['b']])
    expect(await alice.runs.wait(thread_id, 'steps', { input: null })).toMatchObject({
      seen: ['start', 'a!', 'b', 'c'],
    })
  })

  it('state: read, updated, forked, and its history', async () => {
    const { thread_id } = await alice.threads.create()
    expect(await alice.threads.getState(thread_id)).toMatchObject({ values: {}, next: [], tasks: [], checkpoint: null })
    expect(await alice.threads.getHistory(thread_id)).toEqual([])
    await alice.runs.wait(thread_id, 'steps', { input: { text: 'go' } })

    const history = await alice.threads.getHistory<{ seen: string[] }>(thread_id)
    expect(history.map(({ next }) => next)).toEqual([[], ['c'], ['b'], ['a'], ['__start__']])
    expect(history.at(-1)?.parent_checkpoint).toBeNull()
    for (const [index, { parent_checkpoint }] of history.slice(0, -1).entries()) {
      expect(parent_checkpoint?.checkpoint_id).toBe(history[index + 1]?.checkpoint.checkpoint_id)
    }
    const [newest, , beforeB] = history
    if (!newest || !beforeB) throw new Error('too short')
    expect(await alice.threads.getHistory(thread_id, { limit: 2 })).toEqual(history.slice(0, 2))
    const earlier = { configurable: { checkpoint_id: newest.checkpoint.checkpoint_id } }
    expect(await alice.threads.getHistory(thread_id, { before: earlier as never })).toEqual(history.slice(1))
    expect(await alice.threads.getHistory(thread_id, { metadata: { source: 'input' } })).toEqual(history.slice(4))

    const at = beforeB.checkpoint.checkpoint_id as string
    expect(await alice.threads.getState(thread_id, at)).toEqual(beforeB)
    expect(await alice.threads.getState(thread_id, beforeB.checkpoint)).toEqual(beforeB)

    const { checkpoint } = (await alice.threads.updateState(thread_id, {
      values: { seen: ['forked'] },
      checkpoint: beforeB.checkpoint,
    })) as unknown as { checkpoint: { checkpoint_id: string; thread_id: string } }
    expect(checkpoint.thread_id).toBe(thread_id)
    const forked = await alice.threads.getState<{ seen: string[] }>(thread_id)
    expect([forked.values.seen, forked.next]).toEqual([['a', 'forked'], ['b']])
    expect(forked.metadata).toMatchObject({ source: 'update' })
    expect((await alice.threads.get(thread_id)).status).toBe('interrupted')
    expect(await alice.runs.wait(thread_id, 'steps', { input: null })).toMatchObject({
      seen: ['a', 'forked', 'b', 'c'],
    })

    await alice.threads.updateState(thread_id, { values: { seen: ['as c'] }, asNode: 'c' })
    expect(await alice.threads.get(thread_id)).toMatchObject({
      status: 'idle',
      values: { seen: ['a', 'forked', 'b', 'c', 'as c'] },
    })
    const replayed = alice.runs.wait(thread_id, 'steps', { input: null, checkpoint: beforeB.checkpoint as never })
    expect(await replayed).toMatchObject({ seen: ['a', 'b', 'c'] })
  })

  it('runs: wait, stream, create, list, get, join, delete', async () => {
    const { thread_id } = await alice.threads.create()
    const created: unknown[] = []
    const onRunCreated = (run: unknown) => created.push(run)
    const events: { event: string; data: unknown }[] = []
    for await (const part of alice.runs.stream(thread_id, 'agent', {
      input: hello,
      streamMode: ['values', 'updates'],
      metadata: { trip: 1 },
      onRunCreated,
    })) {
      events.push(part as never)
    }
    expect(events.map(({ event }) => event)).toEqual(['metadata', 'values', 'updates', 'values'])
    const { run_id = '' } = (events[0]?.data ?? {}) as { run_id?: string }
    expect(created).toEqual([{ run_id, thread_id }])
    expect(await alice.runs.get(thread_id, run_id)).toMatchObject({
      run_id,
      thread_id,
      status: 'success',
      assistant_id: systemAssistantId('agent'),
      metadata: { trip: 1, owner: 'alice', graph_id: 'agent' },
      multitask_strategy: 'enqueue',
    })

    const background = await alice.runs.create(thread_id, 'agent', { input: hello, onRunCreated })
    expect(background.status).toBe('pending')
    expect(created[1]).toEqual({ run_id: background.run_id, thread_id })
    expect(contents(await alice.runs.join(thread_id, background.run_id))).toHaveLength(4)
    expect(contents(await alice.runs.join(thread_id, background.run_id))).toHaveLength(4)
    const ids = async (options?: object) => (await alice.runs.list(thread_id, options)).map((run) => run.run_id)
    expect(await ids()).toEqual([background.run_id, run_id])
    expect(await ids({ limit: 1, offset: 1 })).toEqual([run_id])
    expect(await ids({ status: 'error' })).toEqual([])
    expect(await alice.runs.list(thread_id, { select: ['run_id'], limit: 1 })).toEqual([{ run_id: background.run_id }])
    await alice.runs.delete(thread_id, background.run_id)
    await expect(alice.runs.get(thread_id, background.run_id)).rejects.toMatchObject({ status: 404 })
    await expect(alice.runs.get(thread_id, ABSENT)).rejects.toMatchObject({ status: 404 })
    expect(contents((await alice.threads.get(thread_id)).values)).toHaveLength(2)
  })

  it('runs without a thread leave nothing behind', async () => {
    const created: { run_id: string }[] = []
    const onRunCreated = (run: { run_id: string }) => created.push(run)
    expect(contents(await alice.runs.wait(null, 'agent', { input: hello, onRunCreated }))).toHaveLength(2)
    const events: string[] = []
    for await (const { event } of alice.runs.stream(null, 'agent', { input: hello, onRunCreated })) events.push(event)
    expect(events).toEqual(['metadata', 'values', 'values'])
    expect(created).toHaveLength(2)
    expect(await alice.threads.search()).toEqual([])
    const batch = await alice.runs.createBatch([
      { assistantId: 'agent', input: hello },
      { assistantId: 'agent', input: hello },
    ] as never)
    expect(batch).toHaveLength(2)
    for (const { run_id } of created) {
      await expect(drained(alice.runs.joinStream(null, run_id))).rejects.toMatchObject({ status: 404 })
    }
  })

  it('runs: a failure is raised, and told by `__error__` to those who ask', async () => {
    const { thread_id } = await alice.threads.create()
    await expect(alice.runs.wait(thread_id, 'boom', { input: {} })).rejects.toThrow('TypeError: Boo!')
    expect(await alice.runs.wait(thread_id, 'boom', { input: {}, raiseError: false } as never)).toEqual({
      __error__: { error: 'TypeError', message: 'Boo!' },
    })
    expect(await alice.threads.get(thread_id)).toMatchObject({ status: 'error' })
    const events: { event: string; data: unknown }[] = []
    for await (const part of alice.runs.stream(thread_id, 'boom', { input: {} })) events.push(part as never)
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { error: 'TypeError', message: 'Boo!' } })
  })

  it('runs: interrupt and resume', async () => {
    const { thread_id } = await alice.threads.create()
    const waiting = await alice.runs.wait(thread_id, 'ask', { input: { text: 'ok?' } })
    expect(waiting).toMatchObject({ __interrupt__: [{ value: { question: 'ok?' } }] })
    const thread = await alice.threads.get(thread_id)
    expect(thread.status).toBe('interrupted')
    expect(Object.values(thread.interrupts ?? {}).flat()).toMatchObject([{ value: { question: 'ok?' } }])
    const state = await alice.threads.getState(thread_id)
    expect([state.next, state.tasks[0]?.interrupts]).toMatchObject([['ask'], [{ value: { question: 'ok?' } }]])
    expect(await alice.runs.wait(thread_id, 'ask', { command: { resume: 'yes' } })).toMatchObject({
      seen: ['yes', 'after'],
    })
    expect(await alice.threads.get(thread_id)).toMatchObject({ status: 'idle', interrupts: {} })
  })

  it('runs: joined as a stream', async () => {
    const { thread_id } = await alice.threads.create()
    const { run_id } = await alice.runs.create(thread_id, 'slow', {
      input: { ms: 150 },
      streamMode: ['values', 'custom'],
    })
    const [first, second] = await Promise.all([
      drained(alice.runs.joinStream(thread_id, run_id)),
      drained(alice.runs.joinStream(thread_id, run_id, { lastEventId: '-1' })),
    ])
    expect(second.map(({ event }) => event)).toEqual(['metadata', 'values', 'values', 'custom', 'values'])
    expect(first.at(-1)).toEqual(second.at(-1))
    await expect(drained(bob.runs.joinStream(thread_id, run_id))).rejects.toMatchObject({ status: 404 })
    await expect(drained(bob.runs.joinStream(null, run_id))).rejects.toMatchObject({ status: 404 })
    expect(await drained(alice.runs.joinStream(null, run_id, { lastEventId: '-1' }))).toEqual(second)
  })

  it('runs: cancelled', async () => {
    const { thread_id } = await alice.threads.create()
    const { run_id } = await alice.runs.create(thread_id, 'slow', { input: { ms: 60_000 } })
    await expect(bob.runs.cancel(thread_id, run_id)).rejects.toMatchObject({ status: 404 })
    await alice.runs.cancel(thread_id, run_id, true)
    expect(await alice.runs.get(thread_id, run_id)).toMatchObject({ status: 'interrupted' })
  })

  it('store: put, get, search, namespaces, delete', async () => {
    const { store } = alice
    await store.putItem(['alice', 'notes'], 'a', { text: 'apples', rank: 1 })
    await store.putItem(['alice', 'notes'], 'b', { text: 'bananas', rank: 2 })
    await store.putItem(['alice', 'facts', 'old'], 'c', { text: 'cherries', rank: 3 })
    expect(await store.getItem(['alice', 'notes'], 'a')).toMatchObject({
      namespace: ['alice', 'notes'],
      key: 'a',
      value: { text: 'apples', rank: 1 },
      createdAt: expect.any(String),
    })
    expect(await store.getItem(['alice', 'notes'], 'nothing')).toBeNull()
    const keys = async (prefix: string[], options?: object) =>
      (await store.searchItems(prefix, options)).items.map(({ key }) => key).sort()
    expect(await keys(['alice'])).toEqual(['a', 'b', 'c'])
    expect(await keys(['alice', 'notes'])).toEqual(['a', 'b'])
    expect(await keys(['alice'], { filter: { rank: { $gte: 2 } } })).toEqual(['b', 'c'])
    expect(await keys(['alice'], { filter: { text: 'apples' } })).toEqual(['a'])
    expect(await keys(['alice'], { query: 'cherries' })).toEqual(['c'])
    const { namespaces } = await store.listNamespaces({ prefix: ['alice'], maxDepth: 2 })
    expect(namespaces).toEqual([
      ['alice', 'facts'],
      ['alice', 'notes'],
    ])
    await store.deleteItem(['alice', 'notes'], 'a')
    await store.deleteItem(['alice', 'notes'], 'a')
    expect(await keys(['alice', 'notes'])).toEqual(['b'])
    await expect(bob.store.getItem(['alice', 'notes'], 'b')).rejects.toMatchObject({ status: 403 })
    await expect(bob.store.searchItems([])).rejects.toMatchObject({ status: 403 })
  })
})

describe('what only the newer client asks for', () => {
  const alice = new Client1(optionsFor('alice'))

  it('counts', async () => {
    const before = await alice.threads.count()
    await alice.threads.create({ metadata: { counted: true } })
    expect(await alice.threads.count()).toBe(before + 1)
    expect(await alice.threads.count({ metadata: { counted: true } })).toBe(1)
    await alice.assistants.create({ graphId: 'agent', name: 'Counted' })
    expect(await alice.assistants.count({ name: 'count' })).toBe(1)
  })

  it('pages through assistants', async () => {
    for (const name of ['p1', 'p2', 'p3']) await alice.assistants.create({ graphId: 'agent', name })
    const page = (offset: number) =>
      alice.assistants.search({
        name: 'p',
        limit: 2,
        offset,
        sortBy: 'name',
        sortOrder: 'asc',
        includePagination: true,
      })
    const first = await page(0)
    expect([first.assistants.map(({ name }) => name), first.next]).toEqual([['p1', 'p2'], '2'])
    const last = await page(2)
    expect([last.assistants.map(({ name }) => name), last.next]).toEqual([['p3'], null])
  })
})

function optionsFor(user: string) {
  return { apiUrl: server.url, apiKey: null as never, defaultHeaders: { authorization: `Bearer ${user}` } }
}

function contents(state: unknown): unknown[] {
  return (state as { messages: { content: unknown }[] }).messages.map(({ content }) => content)
}

async function drained<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
