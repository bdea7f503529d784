export interface SseEvent {
  readonly event: string
  readonly data: unknown
  readonly id: string | undefined
}

/** Server-sent events of a text, strictly as the standard reads them: every CR, LF and CRLF ends a line. */
export function sseEvents(text: string): SseEvent[] {
  const events: SseEvent[] = []
  let [event, data, id]: [string, string[], string | undefined] = ['message', [], undefined]
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) events.push({ event, data: JSON.parse(data.join('\n')), id })
      ;[event, data, id] = ['message', [], undefined]
    } else if (!line.startsWith(':')) {
      const [field = '', ...rest] = line.split(':')
      const value = rest.join(':').replace(/^ /, '')
      if (field === 'event') event = value
      else if (field === 'data') data.push(value)
      else if (field === 'id') id = value
    }
  }
  return events
}

/** The data of the first event of that name. */
export function dataOf<T>(events: readonly SseEvent[], name: string): T {
  const found = events.find(({ event }) => event === name)
  if (!found) throw new Error(`There is no event "${name}" among ${events.map(({ event }) => event).join(', ')}.`)
  return found.data as T
}

/** Reads a stream until an event satisfies, and leaves the rest unread. */
export async function readUntil(
  response: Response,
  satisfies: (event: SseEvent) => boolean,
): Promise<{ events: SseEvent[]; leave(): Promise<void> }> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (value) text += decoder.decode(value, { stream: true })
    const events = sseEvents(text.slice(0, text.lastIndexOf('\n\n') + 2))
    if (events.some(satisfies)) return { events, leave: () => reader.cancel() }
    if (done) throw new Error(`The stream ended without it: ${text}`)
  }
}
