import { AIMessage, AIMessageChunk, type BaseMessage, ToolMessage } from '@langchain/core/messages'
import { FakeStreamingChatModel } from '@langchain/core/utils/testing'

/** A sentence that begins with the name of a tool calls it; what follows is this argument. */
const ARGUMENTS: Readonly<Record<string, string>> = { remember: 'text', recall: 'query', mail: 'to', wait: 'file' }

/** A model without a network, which streams word by word: what it says follows from the last message. */
export function modelFor(messages: readonly BaseMessage[], speaker: string): FakeStreamingChatModel {
  const last = messages.at(-1)
  const text = String(last?.content)
  const [verb = '', ...words] = text.split(' ')
  const argument = ARGUMENTS[verb]
  if (last instanceof ToolMessage || argument === undefined) return saying(`${speaker}: ${text}`)
  const call = { name: verb, args: { [argument]: words.join(' ') }, id: `call_${messages.length}` }
  return new FakeStreamingChatModel({
    chunks: [new AIMessageChunk({ content: '', tool_calls: [call] })],
    responses: [new AIMessage('')],
  })
}

function saying(text: string): FakeStreamingChatModel {
  const words = text.match(/\S+\s*/g) ?? []
  return new FakeStreamingChatModel({
    chunks: words.map((content) => new AIMessageChunk({ content })),
    responses: [new AIMessage(text)],
  })
}
