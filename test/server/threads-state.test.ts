import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { Client as Client1 } from '@langchain/langgraph-sdk'
import { Client as Client2 } from 'langgraph-sdk-2'
import { describe, expect, it } from 'vitest'
import type { Json } from '../support/client.js'
import { testGraphs } from '../support/graphs.js'
import { serve } from '../support/server.js'

const State = Annotation.Root({
  seen: Annotation<string[]>({ reducer: (old, more) => old.concat(more), default: () => [] }),
  text: Annotation<string>,
})

/** Asks a person, one graph down. */
const inner = new StateGraph(State)
  .addNode('look', () => ({ seen: ['looked'] }))
  .addNode('question', ({ text }: typeof State.State) => ({ seen: [`heard ${interrupt({ about: text })}`] }))
  .addEdge(START, 'look')
  .addEdge('look', 'question')
  .addEdge('question', END)
const outer = new StateGraph(State)
  .addNode('before', () => ({ seen: ['before'] }))
  .addNode('inner', inner.compile())
  .addNode('after', () => ({ seen: ['after'] }))
  .addEdge(START, 'before')
  .addEdge('before', 'inner')
  .addEdge('inner', 'after')
  .addEdge('after', END)
  .compile()

const server = await serve({
  graphs: {
    ...testGraphs,
    outer: { load: async () => outer },
    dead: {
      load: async () => () => {
        throw new Error('no model: sk-123')
      },
    },
  },
})
const alice = server.as('alice')
const bob = server.as('bob')

interface State {
  readonly values: { readonly seen?: string[]; readonly text?: string }
  readonly next: readonly string[]
  readonly tasks: readonly { readonly checkpoint: Checkpoint | null; readonly state: State | null }[]
  readonly metadata: Json
  readonly checkpoint: Checkpoint
  readonly parent_checkpoint: Checkpoint | null
}
interface Checkpoint {
  readonly thread_id: string
  readonly checkpoint_id: string
  readonly checkpoint_ns: string
}

const stateOf = async (id: string, query = '') => (await alice.get(`/threads/${id}/state${query}`)).json<State>()
const historyOf = async (id: string, body: Json = {}) =>
  (await alice.post(`/threads/${id}/history`, { limit: 100, ...body })).json<State[]>()

async function ran(assistant_id: string, input: Json = {}): Promise<string> {
  const id = await alice.thread()
  await alice.post(`/threads/${id}/runs/wait`, { assistant_id, input })
  return id
}

describe('supersteps', () => {
  const start = { updates: [{ values: { seen: ['in'], text: 'ok?' }, as_node: '__start__' }] }
  const create = (...steps: unknown[]) =>
    alice.post('/threads', { metadata: { graph_id: 'ask' }, supersteps: [start, ...steps] })

  it.each<[string, Json, string[], string[]]>([
    ['an update as a list of pairs', { update: [['seen', ['u']]] }, ['in', 'u'], ['after']],
    ['an update', { update: { seen: ['u'] } }, ['in', 'u'], ['after']],
    ['a node to go to', { goto: 'after' }, ['in'], ['after']],
    ['both', { goto: ['after'], update: { seen: ['u'] } }, ['in', 'u'], ['after']],
    ['an answer, which ends the node that would take it', { resume: 'yes' }, ['in'], ['after']],
    ['nulls, which mean nothing but for the answer', { update: null, goto: null, resume: null }, ['in'], ['after']],
  ])('take a command: %s', async (_, command, seen, next) => {
    const reply = await create({ updates: [{ command, as_node: 'ask' }] })
    expect(reply.status, reply.text).toBe(200)
    const thread = reply.json<{ thread_id: string; status: string; values: Json }>()
    expect(thread).toMatchObject({ status: 'interrupted', values: { seen } })
    expect(await stateOf(thread.thread_id)).toMatchObject({ values: { seen, text: 'ok?' }, next })
    const path = `/threads/${thread.thread_id}/runs/wait`
    expect((await alice.post(path, { assistant_id: 'ask', input: null })).json()).toMatchObject({
      seen: [...seen, 'after'],
    })
  })

  it('may send work to a node, with an input of its own', async () => {
    const command = { goto: { node: 'after', input: { seen: ['sent'] } } }
    const reply = await create({ updates: [{ command, as_node: 'ask' }] })
    expect(reply.status, reply.text).toBe(200)
    expect((await stateOf(String(reply.json()['thread_id']))).next).toContain('after')
  })

  it.each<[string, unknown, number]>([
    ['a node that is not there', { updates: [{ values: {}, as_node: 'nowhere' }] }, 400],
    ['goto without a node', { updates: [{ command: { goto: 7 }, as_node: 'ask' }] }, 422],
    ['no node', { updates: [{ values: {} }] }, 422],
    ['no update', { updates: [] }, 422],
  ])('%s creates nothing', async (_, step, status) => {
    const count = async () => (await alice.post('/threads/count')).json()
    const before = await count()
    const reply = await create(step)
    expect([reply.status, reply.json()]).toEqual([status, { detail: expect.any(String) }])
    expect(await count()).toBe(before)
  })
})

describe('the state of a subgraph', () => {
  it('is in the task that waits for it, when it is asked for', async () => {
    const id = await ran('outer', { text: 'ok?' })
    const plain = await stateOf(id)
    expect(plain).toMatchObject({ next: ['inner'], tasks: [{ name: 'inner', state: null }] })
    const ns = plain.tasks[0]?.checkpoint?.checkpoint_ns ?? ''
    expect(ns).toMatch(/^inner:[0-9a-f-]{36}$/)

    const deep = (await stateOf(id, '?subgraphs=true')).tasks[0]?.state
    expect(deep).toMatchObject({
      values: { seen: ['before', 'looked'] },
      next: ['question'],
      tasks: [{ name: 'question', interrupts: [{ value: { about: 'ok?' } }] }],
      checkpoint: { thread_id: id, checkpoint_ns: ns },
    })
    const body = { checkpoint: { checkpoint_ns: ns }, subgraphs: true }
    expect((await alice.post(`/threads/${id}/state/checkpoint`, body)).json()).toEqual(deep)
  })

  it('has a history of its own', async () => {
    const id = await ran('outer', { text: 'ok?' })
    const ns = (await stateOf(id)).tasks[0]?.checkpoint?.checkpoint_ns ?? ''
    const states = await historyOf(id, { checkpoint: { checkpoint_ns: ns } })
    expect(states.map(({ next }) => next)).toEqual([['question'], ['look'], ['__start__']])
    expect(states.map(({ checkpoint }) => checkpoint.checkpoint_ns)).toEqual([ns, ns, ns])
    const root = await historyOf(id)
    expect(root.map(({ checkpoint }) => checkpoint.checkpoint_ns)).toEqual(['', '', ''])
    const one = states[1]?.checkpoint
    expect((await alice.post(`/threads/${id}/state/checkpoint`, { checkpoint: one })).json()).toEqual(states[1])
  })

  it('can be changed, and goes on from there', async () => {
    const id = await ran('outer', { text: 'ok?' })
    const ns = (await stateOf(id)).tasks[0]?.checkpoint?.checkpoint_ns ?? ''
    const body = { values: { seen: ['changed'] }, as_node: 'look', checkpoint: { checkpoint_ns: ns } }
    const reply = await alice.post(`/threads/${id}/state`, body)
    expect([reply.status, reply.json()]).toMatchObject([200, { checkpoint: { thread_id: id, checkpoint_ns: ns } }])
    const deep = (await stateOf(id, '?subgraphs=true')).tasks[0]?.state
    expect(deep).toMatchObject({ values: { seen: ['before', 'looked', 'changed'] }, next: ['question'] })
    const resumed = await alice.post(`/threads/${id}/runs/wait`, { assistant_id: 'outer', command: { resume: 'yes' } })
    expect(resumed.json<{ seen: string[] }>().seen.slice(-2)).toEqual(['heard yes', 'after'])
  })

  it('of another thread is not there', async () => {
    const id = await ran('outer', { text: 'secret' })
    const ns = (await stateOf(id)).tasks[0]?.checkpoint?.checkpoint_ns ?? ''
    const own = await bob.thread({ metadata: { graph_id: 'outer' } })
    const checkpoint = { thread_id: id, checkpoint_ns: ns }
    const read = await bob.post(`/threads/${own}/state/checkpoint`, { checkpoint, subgraphs: true })
    expect(read.text).not.toContain('secret')
    expect((await bob.post(`/threads/${own}/history`, { checkpoint })).json()).toEqual([])
  })
})

describe.each([
  ['1.15.0', Client1],
  ['2.0.0', Client2 as unknown as typeof Client1],
])('time travel with the JavaScript client %s', (_, Client) => {
  const { threads, runs } = new Client({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })

  it('history runs backwards, by `before`, by metadata, by pages', async () => {
    const id = await ran('steps')
    const all = await threads.getHistory(id, { limit: 100 })
    expect(all.map(({ next }) => next[0])).toEqual([undefined, 'c', 'b', 'a', '__start__'])
    const ids = all.map(({ checkpoint }) => checkpoint.checkpoint_id ?? '')
    expect(ids).toEqual([...ids].sort().reverse())
    const before = { configurable: { checkpoint_id: ids[2] ?? '' } }
    expect(await threads.getHistory(id, { before })).toEqual(all.slice(3))
    expect(await threads.getHistory(id, { metadata: { source: 'loop', step: 1 } })).toEqual([all[2]])
    expect(await threads.getHistory(id, { metadata: { source: 'update' } })).toEqual([])
    expect(await threads.getHistory(id, { limit: 1, before })).toEqual([all[3]])
  })

  it('a run forks from an older checkpoint', async () => {
    const id = await ran('steps')
    const all = await threads.getHistory(id, { limit: 100 })
    const at = all[2]?.checkpoint
    expect(await runs.wait(id, 'steps', { input: null, checkpointId: at?.checkpoint_id ?? '' })).toMatchObject({
      seen: ['a', 'b', 'c'],
    })
    const forked = await threads.getHistory(id, { limit: 100 })
    expect(forked.slice(3)).toEqual(all)
    const source = forked.slice(0, 3).map(({ metadata }) => metadata?.source)
    expect(source).toEqual(['loop', 'loop', 'fork'])
    expect(forked[2]).toMatchObject({ next: ['b'], parent_checkpoint: { checkpoint_id: at?.checkpoint_id } })

    const other = await runs.wait(id, 'steps', { input: { seen: ['again'] }, checkpoint: at as never })
    expect(other).toMatchObject({ seen: ['a', 'again', 'a', 'b', 'c'] })
  })

  it('a state update forks from an older checkpoint', async () => {
    const id = await ran('steps')
    const all = await threads.getHistory(id, { limit: 100 })
    const at = all[2]?.checkpoint
    const made = await threads.updateState(id, {
      values: { seen: ['forked'] },
      ...(at ? { checkpointId: at.checkpoint_id } : {}),
    } as never)
    const newest = await threads.getState<{ seen: string[] }>(id)
    expect(made.configurable).toEqual(newest.checkpoint)
    expect(newest).toMatchObject({
      values: { seen: ['a', 'forked'] },
      next: ['b'],
      parent_checkpoint: { checkpoint_id: at?.checkpoint_id },
    })
    expect(await threads.get(id)).toMatchObject({ status: 'interrupted', values: { seen: ['a', 'forked'] } })
    expect(await runs.wait(id, 'steps', { input: null })).toMatchObject({ seen: ['a', 'forked', 'b', 'c'] })
  })

  it('a list of values is as many supersteps', async () => {
    const id = await ran('steps')
    const before = (await threads.getHistory(id, { limit: 100 })).length
    await threads.updateState(id, { values: [{ seen: ['x'] }, { seen: ['y'] }] as never, asNode: 'a' })
    expect(await threads.getState(id)).toMatchObject({ values: { seen: ['a', 'b', 'c', 'x', 'y'] }, next: ['b'] })
    expect((await threads.getHistory(id, { limit: 100 })).length).toBe(before + 2)
  })

  it('an update without values moves on', async () => {
    const id = await ran('steps')
    await threads.updateState(id, { values: null, asNode: 'b' } as never)
    expect(await threads.getState(id)).toMatchObject({ values: { seen: ['a', 'b', 'c'] }, next: ['c'] })
  })
})

describe('select', () => {
  const { threads } = new Client1({ apiUrl: server.url, defaultHeaders: { authorization: 'Bearer alice' } })

  it.each<[string[], string[], string[]]>([
    [['next'], ['next'], []],
    [['values.seen', 'next'], ['next', 'values'], ['seen']],
    [['values.seen', 'values'], ['values'], ['seen', 'text']],
    [['values.nothing'], ['values'], []],
    [
      ['values', 'checkpoint', 'metadata'],
      ['checkpoint', 'metadata', 'values'],
      ['seen', 'text'],
    ],
  ])('%j', async (select, keys, values) => {
    const id = await ran('steps', { text: 'x' })
    const whole = await threads.getState(id)
    const options = { select: select as never }
    const states = [
      await threads.getState(id, undefined, options),
      await threads.getState(id, whole.checkpoint, options),
      await threads.getState(id, whole.checkpoint.checkpoint_id as string, options),
      (await threads.getHistory(id, options))[0],
    ]
    for (const state of states) {
      expect(Object.keys(state ?? {}).sort()).toEqual(keys)
      expect(Object.keys(state?.values ?? {}).sort()).toEqual(values)
      expect(whole).toMatchObject({ ...state })
    }
  })

  it('a field that no state has is refused', async () => {
    const id = await ran('steps')
    for (const select of ['config', 'values.', 'valuesx']) {
      expect((await alice.get(`/threads/${id}/state?select=${select}`)).status).toBe(422)
      expect((await alice.post(`/threads/${id}/history`, { select: [select] })).status).toBe(422)
    }
  })
})

describe('a graph that does not load', () => {
  it.each(['broken', 'notagraph', 'dead'])('%s: 422, which no client tries again', async (graph_id) => {
    const id = await alice.thread({ metadata: { graph_id } })
    for (const reply of [
      await alice.get(`/threads/${id}/state`),
      await alice.get(`/threads/${id}/history`),
      await alice.post(`/threads/${id}/state`, { values: {} }),
      await alice.post('/threads', {
        metadata: { graph_id },
        supersteps: [{ updates: [{ values: {}, as_node: 'x' }] }],
      }),
    ]) {
      expect([reply.status, reply.json()['detail']]).toEqual([422, expect.stringContaining(`"${graph_id}"`)])
      expect(reply.text).not.toMatch(/sk-123|does not compile/)
    }
    expect((await alice.get(`/threads/${id}`)).status).toBe(200)
  })
})
