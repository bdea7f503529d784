/** A comment after so much silence keeps proxies and clients from taking the stream for dead. */
const HEARTBEAT_MS = 5000

/** An event to send. Neither its name nor its id holds a line break. */
export interface ServerSentEvent {
  readonly id: string | number | undefined
  readonly event: string
  /** On one line. */
  readonly data: string
}

export interface SseOptions<T extends ServerSentEvent> {
  readonly headers: Record<string, string>
  /** Leaves out events. */
  readonly wanted?: (event: T) => boolean
  /** Called when the reader goes away before the end. */
  readonly onDisconnect?: () => void
}

/**
 * Server-sent events. They are read as fast as the client reads them, and the answer ends with them.
 *
 * @param read Begins to read; the signal ends it when the client goes away.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sse<T extends ServerSentEvent>(
  read: (signal: AbortSignal) => AsyncGenerator<T>,
  { headers, wanted = () => true, onDisconnect }: SseOptions<T>,
): Response {
  const gone = new AbortController()
  const events = read(gone.signal)
  const encoder = new TextEncoder()
  let pending: Promise<IteratorResult<T>> | undefined

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // What is left out is silence too.
      for (const beat = Date.now() + HEARTBEAT_MS; ; ) {
        pending ??= events.next()
        const result = await withTimeout(pending, beat - Date.now())
        if (result === 'silence') return controller.enqueue(encoder.encode(': heartbeat\n\n'))
        pending = undefined
        if (result.done) return controller.close()
        if (wanted(result.value)) return controller.enqueue(encoder.encode(textOf(result.value)))
      }
    },
    cancel() {
      gone.abort()
      // One that waits at an event it has given out does not hear of the signal.
      void events.return?.(undefined)
      onDisconnect?.()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...headers,
    },
  })
}

function textOf({ id, event, data }: ServerSentEvent): string {
  return `event: ${event}\ndata: ${data}\n${id === undefined ? '' : `id: ${id}\n`}\n`
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | 'silence'> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(resolve, ms, 'silence')
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}
