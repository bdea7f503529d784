/** One event of a run's stream, as it goes on the wire. */
export interface StreamEvent {
  readonly id: number
  /** Its name, such as `values` or `messages|subgraph:id`. Never holds a line break. */
  readonly event: string
  /** JSON on one line. */
  readonly data: string
}

/**
 * The events of one run. Every reader gets all of them from where it starts, in order, no matter how many read or how
 * slowly; nothing is consumed.
 */
export interface EventLog {
  append(event: string, data: string): void
  /** No event follows. Readers finish. */
  end(): void
  readonly ended: boolean
  /** The id that the next event will have. */
  readonly nextId: number
  /**
   * Reads from an event on, waiting for what is still to come.
   *
   * @param from The id of the first event wanted; 0 for all.
   * @param signal Ends the reading.
   */
  read(from: number, signal?: AbortSignal): AsyncGenerator<StreamEvent>
}

export function createEventLog(): EventLog {
  const events: StreamEvent[] = []
  const waiting = new Set<() => void>()
  let ended = false

  function wake(): void {
    for (const resume of waiting) resume()
    waiting.clear()
  }

  return {
    get ended() {
      return ended
    },
    get nextId() {
      return events.length
    },
    append(event, data) {
      if (ended) return
      // A line break in a name would let a graph forge events.
      events.push({ id: events.length, event: event.replaceAll(/[\r\n]/g, ' '), data })
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *read(from, signal) {
      // An id that does not exist yet means the next one that will.
      for (let next = Math.min(Math.max(0, from), events.length); !signal?.aborted; ) {
        const event = events[next]
        if (event) {
          next++
          yield event
        } else if (ended) return
        else await news(signal)
      }
    },
  }

  function news(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        waiting.delete(resume)
        signal?.removeEventListener('abort', resume)
        resolve()
      }
      waiting.add(resume)
      signal?.addEventListener('abort', resume, { once: true })
    })
  }
}
