import type { BaseMessage, BaseMessageChunk } from '@langchain/core/messages'

/**
 * Turns LangGraph's `messages` mode into the two forms that clients know: `messages-tuple` sends each chunk with its
 * metadata; `messages` sends the message so far, and says once whose it is.
 */
export function createMessageStream(modes: readonly string[]) {
  const soFar = new Map<string, BaseMessage>()
  const complete = new Set<string>()
  const wanted = { tuple: modes.includes('messages-tuple'), whole: modes.includes('messages') }

  return {
    /** The events for one item of the mode: name and data. */
    *streamed(item: unknown): Generator<[event: string, data: unknown]> {
      const [message, metadata] = item as [BaseMessage, unknown]
      if (wanted.tuple) yield ['messages', [message, metadata]]
      if (!wanted.whole) return
      const id = message.id ?? ''
      const known = soFar.get(id)
      if (!known) yield ['messages/metadata', { [id]: { metadata } }]
      if (!isChunk(message)) {
        soFar.set(id, message)
        complete.add(id)
        yield ['messages/complete', [message]]
        return
      }
      const whole = known && isChunk(known) ? (known as BaseMessageChunk).concat(message as never) : message
      soFar.set(id, whole)
      yield ['messages/partial', [whole]]
    },

    /** The events for a state: its messages that have not been told to be complete. */
    *settled(state: unknown): Generator<[event: string, data: unknown]> {
      const messages = (state as { messages?: unknown } | null)?.messages
      if (!wanted.whole || !Array.isArray(messages)) return
      const news = messages.filter((one) => isMessage(one) && one.id !== undefined && !complete.has(one.id))
      for (const { id } of news) complete.add(id)
      if (news.length > 0) yield ['messages/complete', news]
    },
  }
}

// By what they can do and not by their class: a project has a copy of LangChain of its own.
function isMessage(value: unknown): value is BaseMessage {
  return typeof value === 'object' && value !== null && 'toDict' in value && typeof value.toDict === 'function'
}

function isChunk(message: BaseMessage): message is BaseMessageChunk {
  return 'concat' in message && typeof message.concat === 'function'
}
