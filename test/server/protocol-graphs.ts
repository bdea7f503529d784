import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs'
import type { RunnableConfig } from '@langchain/core/runnables'
import { tool } from '@langchain/core/tools'
import {
  Annotation,
  interrupt,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { ToolNode, toolsCondition } from '@langchain/langgraph/prebuilt'
import type { GraphSource } from '../../src/runtime/graphs/graph-registry.js'

const list = Annotation<string[]>({ reducer: (old, more) => [...old, ...more], default: () => [] })
const State = Annotation.Root({ seen: list, text: Annotation<string> })

/** A model that says what it is given, chunk by chunk, slowly enough to watch. */
class Scripted extends BaseChatModel {
  readonly #chunks: readonly AIMessageChunk[]

  constructor(chunks: readonly AIMessageChunk[]) {
    super({})
    this.#chunks = chunks
  }

  override _llmType(): string {
    return 'scripted'
  }

  override _generate(): Promise<ChatResult> {
    throw new Error('It only streams.')
  }

  override async *_streamResponseChunks(
    _messages: BaseMessage[],
    _options: this['ParsedCallOptions'],
    manager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for (const message of this.#chunks) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const chunk = new ChatGenerationChunk({ text: message.text, message })
      yield chunk
      await manager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk })
    }
  }
}

async function say(chunks: AIMessageChunk[], messages: BaseMessage[], config: RunnableConfig): Promise<BaseMessage> {
  return new Scripted(chunks).invoke(messages, config)
}

const weather = tool(({ city }: { city: string }) => `sunny in ${city}`, {
  name: 'weather',
  description: 'How the weather is.',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as never,
})

/** Calls a tool, then says what it learnt. */
const agent = new StateGraph(MessagesAnnotation)
  .addNode('model', async ({ messages }: { messages: BaseMessage[] }, config: RunnableConfig) => {
    const answered = messages.at(-1)?.getType() === 'tool'
    const chunks = answered
      ? ['It is ', String(messages.at(-1)?.content)].map((content) => new AIMessageChunk({ content }))
      : [
          new AIMessageChunk({ content: 'Let me see. ' }),
          new AIMessageChunk({
            content: '',
            tool_call_chunks: [
              { type: 'tool_call_chunk', index: 0, id: `call-${messages.length}`, name: 'weather', args: '{"ci' },
            ],
          }),
          new AIMessageChunk({
            content: '',
            tool_call_chunks: [{ type: 'tool_call_chunk', index: 0, args: 'ty":"Oslo"}' }],
            usage_metadata: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } as never,
          }),
        ]
    return { messages: [await say(chunks, messages, config)] }
  })
  .addNode('tools', new ToolNode([weather]))
  .addEdge(START, 'model')
  .addConditionalEdges('model', toolsCondition)
  .addEdge('tools', 'model')
  .compile()

const speaker = new StateGraph(MessagesAnnotation)
  .addNode('speak', async ({ messages }: { messages: BaseMessage[] }, config: RunnableConfig) => ({
    messages: [
      await say(
        ['in', 'side'].map((content) => new AIMessageChunk({ content })),
        messages,
        config,
      ),
    ],
  }))
  .addEdge(START, 'speak')
  .compile()

/** A graph inside says something. */
const team = new StateGraph(MessagesAnnotation).addNode('member', speaker).addEdge(START, 'member').compile()

/** Two nodes ask at the same time. */
const both = new StateGraph(State)
  .addNode('left', () => ({ seen: [`left ${interrupt('left?')}`] }))
  .addNode('right', () => ({ seen: [`right ${interrupt('right?')}`] }))
  .addEdge(START, 'left')
  .addEdge(START, 'right')
  .compile()

/** Asks again and again. */
const twice = new StateGraph(State)
  .addNode('first', () => ({ seen: [`first ${interrupt('first?')}`] }))
  .addNode('second', () => ({ seen: [`second ${interrupt('second?')}`] }))
  .addEdge(START, 'first')
  .addEdge('first', 'second')
  .compile()

/** Takes its time over the answer. */
const late = new StateGraph(State)
  .addNode('ask', async () => {
    const answer = interrupt('late?')
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { seen: [`late ${answer}`] }
  })
  .addEdge(START, 'ask')
  .compile()

const writer = new StateGraph(State)
  .addNode('write', (_: unknown, config: LangGraphRunnableConfig) => {
    config.writer?.({ name: 'progress', payload: { done: 1 } })
    config.writer?.('plain')
    config.writer?.({ name: 'other', payload: 2 })
    return { seen: ['written'] }
  })
  .addEdge(START, 'write')
  .compile()

const COMPILED = { agent, team, both, twice, late, writer }

export const protocolGraphs: Readonly<Record<string, GraphSource>> = Object.fromEntries(
  Object.entries(COMPILED).map(([id, graph]): [string, GraphSource] => [id, { load: async () => graph }]),
)
