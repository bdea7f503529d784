import { type BaseMessage, type BaseMessageChunk, isBaseMessageChunk } from '@langchain/core/messages'

/**
 * Turns LangGraph's `messages` mode into the two forms that clients know: `messages-tuple` sends each chunk with its
 * metadata; `messages` sends the message so far, and says once whose it is.
 */
export function createMessageStream(modes: readonly string[]) {
  const soFar = new Map<string, BaseMessage>()
  const wanted = { tuple: modes.includes('messages-tuple'), whole: modes.includes('messages') }

  return {
    /** The events for one item of the mode: its name and its data. */
    *events(item: unknown): Generator<[event: string, data: unknown]> {
      const [message, metadata] = item as [BaseMessage, unknown]
      if (wanted.tuple) yield ['messages', [message, metadata]]
      if (!wanted.whole) return
      const id = message.id ?? ''
      const known = soFar.get(id)
      if (!known) yield ['messages/metadata', { [id]: { metadata } }]
      if (!isBaseMessageChunk(message)) {
        soFar.set(id, message)
        yield ['messages/complete', [message]]
        return
      }
      const whole = known && isBaseMessageChunk(known) ? (known as BaseMessageChunk).concat(message as never) : message
      soFar.set(id, whole)
      yield ['messages/partial', [whole]]
    },
  }
}
