import { HumanMessage } from '@langchain/core/messages'
import { Annotation, Command, MemorySaver, START, StateGraph } from '@langchain/langgraph'
import { RemoteGraph } from '@langchain/langgraph/remote'
import { Client } from '@langchain/langgraph-sdk'
import { describe, expect, it } from 'vitest'
import { until } from '../support/client.js'
import { serve } from '../support/server.js'
import { auth } from './project/auth.js'
import { projectGraphs } from './project-graphs.js'

const server = await serve({ graphs: projectGraphs, auth: auth as never })
const headersOf = (user: string) => ({ authorization: `Bearer ${user}` })
const question = { messages: [new HumanMessage({ content: 'hi', id: 'question' })] }

function remote(graphId: string, user = 'u1') {
  return new RemoteGraph({ graphId, url: server.url, headers: headersOf(user), apiKey: '' })
}

async function thread(user = 'u1') {
  const client = new Client({ apiUrl: server.url, defaultHeaders: headersOf(user), apiKey: null as never })
  const { thread_id } = await client.threads.create()
  return { configurable: { thread_id } }
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('RemoteGraph', () => {
  it('invokes, with and without a thread', async () => {
    expect(await remote('steps').invoke({ text: 'go' })).toMatchObject({ seen: ['a', 'b', 'c'] })
    const config = await thread()
    expect(await remote('steps').invoke({ text: 'go' }, config)).toMatchObject({ seen: ['a', 'b', 'c'] })
    expect((await remote('steps').getState(config)).values).toMatchObject({ seen: ['a', 'b', 'c'] })
  })

  it('sends messages, and gets messages', async () => {
    const answer = await remote('chat').invoke(question)
    expect(answer.messages).toMatchObject([
      { content: 'hi', type: 'human' },
      { content: 'Hello', type: 'ai' },
    ])
  })

  it('makes the thread that a configuration names', async () => {
    const config = { configurable: { thread_id: '0197a9b4-6f5c-7000-8000-00000000abcd' } }
    await remote('steps').invoke({ text: 'go' }, config)
    expect((await remote('steps').getState(config)).values).toMatchObject({ seen: ['a', 'b', 'c'] })
  })

  it('streams one mode, several, and what is inside', async () => {
    const updates = await collected(await remote('steps').stream({ text: 'go' }, { streamMode: 'updates' }))
    expect(updates).toEqual([{ a: { seen: ['a'] } }, { b: { seen: ['b'] } }, { c: { seen: ['c'] } }])

    const both = await collected(await remote('chat').stream(question, { streamMode: ['messages', 'updates'] }))
    const tokens = both.filter(([mode]) => mode === 'messages').map(([, [chunk]]) => chunk.content)
    expect(tokens.join('')).toBe('Hello')
    expect(both.map(([mode]) => mode)).toContain('updates')

    const inside = await collected(
      await remote('nested').stream({ text: 'go' }, { streamMode: 'updates', subgraphs: true }),
    )
    expect(inside).toContainEqual([[expect.stringMatching(/^child:/)], { a: { seen: ['a'] } }])
    expect(inside.at(-1)).toMatchObject([[], { child: { seen: ['a', 'b', 'c'] } }])
  })

  it('stops at an interrupt, and goes on with a command', async () => {
    const config = await thread()
    await expect(remote('ask').invoke({ text: 'ok?' }, config)).rejects.toMatchObject({
      interrupts: [{ value: { question: 'ok?' } }],
    })
    // RemoteGraph leaves the stream at the interrupt, so the run may still be on its way to the end.
    const state = await until(
      () => remote('ask').getState(config),
      ({ next }) => next[0] === 'ask',
    )
    expect([state.next, state.tasks[0]?.interrupts]).toMatchObject([['ask'], [{ value: { question: 'ok?' } }]])
    expect(await remote('ask').invoke(new Command({ resume: 'yes' }) as never, config)).toMatchObject({
      seen: ['yes', 'after'],
    })
  })

  it('throws what the graph threw', async () => {
    await expect(remote('boom').invoke({ text: 'go' })).rejects.toThrow(/TypeError.*Boo!/)
  })

  it('reads and writes the state, and its history', async () => {
    const config = await thread()
    const graph = remote('steps')
    await graph.invoke({ text: 'go' }, config)
    const history = await collected(graph.getStateHistory(config))
    expect(history.map(({ next }) => next)).toEqual([[], ['c'], ['b'], ['a'], ['__start__']])
    const [newest, , beforeB] = history
    if (!newest || !beforeB) throw new Error('too short')
    expect(await collected(graph.getStateHistory(config, { limit: 1, before: newest.config }))).toMatchObject([
      { next: ['c'] },
    ])
    expect(await collected(graph.getStateHistory(config, { filter: { source: 'input' } }))).toHaveLength(1)
    expect((await graph.getState(beforeB.config)).next).toEqual(['b'])

    const forked = await graph.updateState(beforeB.config, { seen: ['forked'] })
    expect(forked.configurable).toMatchObject({ thread_id: config.configurable.thread_id, checkpoint_ns: '' })
    expect((await graph.getState(config)).values).toMatchObject({ seen: ['a', 'forked'] })
    expect(await graph.invoke(null as never, config)).toMatchObject({ seen: ['a', 'forked', 'b', 'c'] })
    await graph.updateState(config, { seen: ['as c'] }, 'c')
    expect((await graph.getState(config)).values).toMatchObject({ seen: ['a', 'forked', 'b', 'c', 'as c'] })
  })

  it('shows the state of the graph inside', async () => {
    const config = await thread()
    await expect(remote('deep').invoke({ text: 'ok?' }, config)).rejects.toThrow()
    const { tasks } = await remote('deep').getState(config, { subgraphs: true })
    expect(tasks).toMatchObject([{ name: 'inner', state: { next: ['ask'] } }])
  })

  it('draws the graph, and knows the graphs inside', async () => {
    // The assistants of graphs are nobody's, so under these rules each user draws one of their own.
    const client = new Client({ apiUrl: server.url, defaultHeaders: headersOf('u1'), apiKey: null as never })
    const { assistant_id } = await client.assistants.create({ graphId: 'nested' })
    const drawing = await remote(assistant_id).getGraphAsync()
    expect(Object.keys(drawing.nodes)).toEqual(['__start__', 'child', '__end__'])
    expect(drawing.edges).toContainEqual(expect.objectContaining({ source: '__start__', target: 'child' }))
    const deep = await remote(assistant_id).getGraphAsync({ xray: true })
    expect(Object.keys(deep.nodes)).toContain('child:a')
    const inside = await collected(remote(assistant_id).getSubgraphsAsync())
    expect(inside.map(([name]) => name)).toEqual(['child'])
  })

  it('is a node of another graph', async () => {
    const State = Annotation.Root({ text: Annotation<string>, seen: Annotation<string[]> })
    const parent = new StateGraph(State)
      .addNode('far', remote('steps') as never)
      .addNode('near', ({ seen }: typeof State.State) => ({ seen: [...seen, 'near'] }))
      .addEdge(START, 'far')
      .addEdge('far', 'near')
      .compile()
    expect(await parent.invoke({ text: 'go' })).toEqual({ text: 'go', seen: ['a', 'b', 'c', 'near'] })

    const streamed = await collected(await parent.stream({ text: 'go' }, { streamMode: 'updates', subgraphs: true }))
    expect(streamed).toContainEqual([[expect.stringMatching(/^far:/)], { a: { seen: ['a'] } }])
  })

  it('hands its interrupts to the graph around it', async () => {
    const State = Annotation.Root({ text: Annotation<string>, seen: Annotation<string[]> })
    const parent = new StateGraph(State)
      .addNode('far', remote('ask') as never)
      .addEdge(START, 'far')
      .compile({ checkpointer: new MemorySaver() })
    const config = await thread()
    expect(await parent.invoke({ text: 'ok?' }, config)).toMatchObject({
      __interrupt__: [{ value: { question: 'ok?' } }],
    })
  })

  it('shows nobody what belongs to somebody else', async () => {
    const config = await thread()
    await remote('steps').invoke({ text: 'go' }, config)
    const stranger = remote('steps', 'u2')
    await expect(stranger.getState(config)).rejects.toMatchObject({ status: 404 })
    await expect(stranger.invoke({ text: 'go' }, config)).rejects.toMatchObject({ status: 404 })
    await expect(collected(stranger.getStateHistory(config))).rejects.toMatchObject({ status: 404 })
    await expect(stranger.updateState(config, { seen: ['x'] })).rejects.toMatchObject({ status: 404 })
    await expect(remote('steps', 'nobody').invoke({ text: 'go' })).rejects.toMatchObject({ status: 401 })
  })

  it('streams events over the second protocol alone', async () => {
    expect(() => remote('chat').streamEvents(question, { version: 'v2' })).toThrow('Not implemented')
    const run = await eventsOf('chat', question)
    const texts: string[] = []
    for await (const message of run.messages) texts.push(await message.text)
    expect(texts).toEqual(['Hello'])
    expect(await run.output).toMatchObject({ messages: [{ content: 'hi' }, { content: 'Hello' }] })

    const waiting = await eventsOf('ask', { text: 'ok?' })
    const events = await collected(waiting)
    expect(events.map(({ method }) => method)).toContain('input.requested')
    expect([waiting.interrupted, waiting.interrupts]).toMatchObject([true, [{ payload: { question: 'ok?' } }]])
  })

  it('streams no events of what belongs to somebody else', async () => {
    const { configurable } = await thread()
    await expect(eventsOf('steps', { text: 'go' }, { user: 'u2', configurable })).rejects.toThrow('404')
  })
})

interface EventRun extends AsyncIterable<{ readonly method: string }> {
  readonly messages: AsyncIterable<{ readonly text: PromiseLike<string> }>
  readonly output: Promise<unknown>
  readonly interrupted: boolean
  readonly interrupts: readonly unknown[]
}

/** `streamEvents` in its third version, which the types of RemoteGraph do not know. */
function eventsOf(graph: string, input: unknown, { user = 'u1', configurable = {} } = {}): Promise<EventRun> {
  return remote(graph, user).streamEvents(input as never, { version: 'v3', configurable } as never) as never
}
