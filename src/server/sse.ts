import type { EventLog, StreamEvent } from '../runtime/event-log.js'

/** A comment after so much silence keeps proxies and clients from taking the stream for dead. */
const HEARTBEAT_MS = 5000

export interface SseOptions {
  /** The id of the first event to send. */
  readonly from: number
  readonly headers: Record<string, string>
  /** Leaves out events. */
  readonly wanted?: (event: StreamEvent) => boolean
  /** Called when the reader goes away before the end. */
  readonly onDisconnect?: () => void
}

/**
 * The events of a run as server-sent events. It reads as fast as the client does, and ends with the run.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sse(log: EventLog, { from, headers, wanted = () => true, onDisconnect }: SseOptions): Response {
  const gone = new AbortController()
  const events = log.read(from, gone.signal)
  const encoder = new TextEncoder()
  let pending: Promise<IteratorResult<StreamEvent>> | undefined

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        pending ??= events.next()
        const result = await withTimeout(pending, HEARTBEAT_MS)
        if (result === 'silence') return controller.enqueue(encoder.encode(': heartbeat\n\n'))
        pending = undefined
        if (result.done) return controller.close()
        const { id, event, data } = result.value
        if (wanted(result.value))
          return controller.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\nid: ${id}\n\n`))
      }
    },
    cancel() {
      gone.abort()
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
