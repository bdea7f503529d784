import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import { FakeStreamingChatModel } from '@langchain/core/utils/testing'
import {
  Annotation,
  Command,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { agent } from '../../src/runtime/graphs/agent.js'
import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'

const list = Annotation<unknown[]>({ reducer: (old, more) => [...old, ...[more].flat()], default: () => [] })
const State = Annotation.Root({ seen: list, text: Annotation<string>, ms: Annotation<number> })
type StateOf = typeof State.State

/** Shows what a graph is told of its run. */
const echo = new StateGraph(State)
  .addNode('echo', (_: StateOf, config: LangGraphRunnableConfig) => {
    const configurable = Object.fromEntries(
      Object.entries(config.configurable ?? {}).filter(([key]) => !key.startsWith('__pregel')),
    )
    const forged = Object.keys(config.configurable ?? {}).filter((key) => key.startsWith('__pregel_forged'))
    const shown = {
      user_id: configurable['user_id'],
      auth_id: configurable['langgraph_auth_user_id'],
      auth_user: (configurable['langgraph_auth_user'] as { identity?: string } | undefined)?.identity,
      permissions: configurable['langgraph_auth_permissions'],
      other: configurable['other'],
      forged,
      keys: Object.keys(configurable).sort(),
      context: config.context ?? null,
      thread_id: configurable['thread_id'],
      run_id: configurable['run_id'],
      metadataKeys: Object.keys(config.metadata ?? {}).sort(),
    }
    config.writer?.({ shown })
    return { seen: [shown] }
  })
  .addEdge(START, 'echo')
  .addEdge('echo', END)
  .compile()

/** Takes as long as it is told, and does not care whether anyone still waits. */
const slow = new StateGraph(State)
  .addNode('begin', () => ({ seen: ['begun'] }))
  .addNode('wait', async ({ ms }: StateOf, config: LangGraphRunnableConfig) => {
    config.writer?.('waiting')
    await new Promise((resolve) => setTimeout(resolve, ms ?? 100))
    return { seen: ['waited'] }
  })
  .addEdge(START, 'begin')
  .addEdge('begin', 'wait')
  .addEdge('wait', END)
  .compile()

const boom = new StateGraph(State)
  .addNode('boom', () => {
    throw new TypeError('Boo!')
  })
  .addEdge(START, 'boom')
  .compile()

const ask = new StateGraph(State)
  .addNode('ask', ({ text }: StateOf) => ({ seen: [interrupt({ question: text })] }))
  .addNode('after', () => ({ seen: ['after'] }))
  .addEdge(START, 'ask')
  .addEdge('ask', 'after')
  .addEdge('after', END)
  .compile()

const steps = new StateGraph(State)
  .addNode('a', () => ({ seen: ['a'] }))
  .addNode('b', () => ({ seen: ['b'] }))
  .addNode('c', () => ({ seen: ['c'] }))
  .addEdge(START, 'a')
  .addEdge('a', 'b')
  .addEdge('b', 'c')
  .addEdge('c', END)
  .compile()

/** Tries to forge events: line breaks in what it writes, and in the name of a node. */
const FORGED = 'evil\r\n\r\ndata\rid\n\n'
const forge = new StateGraph(State)
  .addNode(FORGED, (_: StateOf, config: LangGraphRunnableConfig) => {
    config.writer?.(`a\r\n\r\nevent: error\r\ndata: {"error":"forged"}\r\n\r\n\u2028`)
    return { seen: ['done\n\nevent: error\n\n'] }
  })
  .addEdge(START, FORGED as never)
  .addEdge(FORGED as never, END)
  .compile()

/** A parent whose node is a graph, with a name that holds a line break. */
const nested = new StateGraph(State)
  .addNode('child', steps)
  .addNode('line\nbreak', steps)
  .addEdge(START, 'child')
  .addEdge('child', 'line\nbreak' as never)
  .addEdge('line\nbreak' as never, END)
  .compile()

const chat = new StateGraph(MessagesAnnotation)
  .addNode('model', async ({ messages }: { messages: BaseMessage[] }, config: RunnableConfig) => {
    const chunks = ['Hel', 'lo'].map((content) => new AIMessageChunk({ content, id: 'm1' }))
    const model = new FakeStreamingChatModel({ chunks, responses: [new AIMessage('Hello')] })
    return { messages: [await model.invoke(messages, config)] }
  })
  .addEdge(START, 'model')
  .addEdge('model', END)
  .compile()

const jump = new StateGraph(State)
  .addNode('choose', () => new Command({ goto: 'left', update: { seen: ['chosen'] } }), { ends: ['left', 'right'] })
  .addNode('left', () => ({ seen: ['left'] }))
  .addNode('right', () => ({ seen: ['right'] }))
  .addEdge(START, 'choose')
  .compile()

const COMPILED = { agent, echo, slow, boom, ask, steps, forge, nested, chat, jump }

/** Graphs that each show one thing. */
export const testGraphs: Readonly<Record<string, GraphSource>> = {
  ...Object.fromEntries(
    Object.entries(COMPILED).map(([id, graph]): [string, GraphSource] => [id, { load: async () => graph }]),
  ),
  broken: { load: () => Promise.reject(new Error('the file does not compile')) },
  notagraph: { load: async () => 42 },
}
