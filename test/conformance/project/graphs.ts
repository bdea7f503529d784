import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import { FakeStreamingChatModel } from '@langchain/core/utils/testing'
import {
  Annotation,
  interrupt,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph'

const list = Annotation<string[]>({ reducer: (old, more) => [...old, ...more], default: () => [] })
const State = Annotation.Root({ seen: list, text: Annotation<string>, ms: Annotation<number> })
type StateOf = typeof State.State

/** Answers in two tokens, as a model does. */
export const chat = new StateGraph(MessagesAnnotation)
  .addNode('model', async ({ messages }: { messages: BaseMessage[] }, config: RunnableConfig) => {
    const id = `answer-${messages.length}`
    const chunks = ['Hel', 'lo'].map((content) => new AIMessageChunk({ content, id }))
    const model = new FakeStreamingChatModel({ chunks, responses: [new AIMessage({ content: 'Hello', id })] })
    return { messages: [await model.invoke(messages, config)] }
  })
  .addEdge(START, 'model')
  .compile()

/** Three nodes in a row. */
export const steps = new StateGraph(State)
  .addNode('a', () => ({ seen: ['a'] }))
  .addNode('b', () => ({ seen: ['b'] }))
  .addNode('c', () => ({ seen: ['c'] }))
  .addEdge(START, 'a')
  .addEdge('a', 'b')
  .addEdge('b', 'c')
  .compile()

/** Waits for a person. */
export const ask = new StateGraph(State)
  .addNode('ask', ({ text }: StateOf) => ({ seen: [String(interrupt({ question: text }))] }))
  .addNode('after', () => ({ seen: ['after'] }))
  .addEdge(START, 'ask')
  .addEdge('ask', 'after')
  .compile()

/** Takes as long as it is told. */
export const slow = new StateGraph(State)
  .addNode('begin', () => ({ seen: ['begun'] }))
  .addNode('wait', async ({ ms }: StateOf, config: LangGraphRunnableConfig) => {
    config.writer?.({ waiting: ms })
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms ?? 100)
      config.signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    return { seen: ['waited'] }
  })
  .addEdge(START, 'begin')
  .addEdge('begin', 'wait')
  .compile()

export const boom = new StateGraph(State)
  .addNode('boom', () => {
    throw new TypeError('Boo!')
  })
  .addEdge(START, 'boom')
  .compile()

/** A graph as a node of another. */
export const nested = new StateGraph(State).addNode('child', steps).addEdge(START, 'child').compile()

/** A graph as a node of another, which waits for a person inside. */
export const deep = new StateGraph(State).addNode('inner', ask).addEdge(START, 'inner').compile()
