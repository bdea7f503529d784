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
  /** Where a writer is far ahead of the memory that a log may take, what to wait for before writing more. */
  room(): Promise<void> | undefined
  /** No event follows. Readers finish. */
  end(): void
  readonly ended: boolean
  /** The id that the next event will have. */
  readonly nextId: number
  /** About how much memory the events take that are held there, in bytes. */
  readonly bytes: number
  /** Whether events have been moved out of memory. */
  readonly spilled: boolean
  /**
   * Reads from an event on, waiting for what is still to come.
   *
   * @param from The id of the first event wanted; 0 for all.
   * @param signal Ends the reading.
   */
  read(from: number, signal?: AbortSignal): AsyncGenerator<StreamEvent>
}

/** Where the oldest events of a long stream go, so that a stream costs so much memory and no more. */
export interface EventSpill {
  write(events: readonly StreamEvent[]): Promise<void>
  read(from: number, limit: number): Promise<readonly StreamEvent[]>
}

/** Events beyond this leave memory. */
const WINDOW_BYTES = 1_000_000

/** A writer that is so far ahead of the spill waits for it. */
const FULL = 4

/** What an event takes besides its text. */
const EVENT_BYTES = 100

/** How many events are read back at a time. */
const PAGE = 100

/** @param spill Without one everything stays in memory. */
export function createEventLog({
  spill,
  windowBytes = WINDOW_BYTES,
}: {
  spill?: EventSpill
  windowBytes?: number
} = {}): EventLog {
  /** The newest events; those before them have moved. */
  const events: StreamEvent[] = []
  const waiting = new Set<() => void>()
  let first = 0
  let bytes = 0
  let ended = false
  let moving: Promise<void> | undefined

  function wake(): void {
    for (const resume of waiting) resume()
    waiting.clear()
  }

  /** Moves the older half of the window. Where that fails, a full disk for instance, they stay in memory. */
  async function move(to: EventSpill): Promise<void> {
    let kept = bytes
    let count = 0
    while (kept > windowBytes / 2 && count < events.length - 1) kept -= sizeOf(events[count++] as StreamEvent)
    await to.write(events.slice(0, count))
    events.splice(0, count)
    first += count
    bytes = events.reduce((sum, event) => sum + sizeOf(event), 0)
  }

  return {
    get ended() {
      return ended
    },
    get nextId() {
      return first + events.length
    },
    get bytes() {
      return bytes
    },
    get spilled() {
      return first > 0
    },
    append(name, data) {
      if (ended) return
      // A line break in a name would let a graph forge events.
      const event = { id: first + events.length, event: name.replaceAll(/[\r\n]/g, ' '), data }
      events.push(event)
      bytes += sizeOf(event)
      wake()
      if (spill && bytes > windowBytes) {
        moving ??= move(spill)
          .catch(() => undefined)
          .finally(() => {
            moving = undefined
          })
      }
    },
    room: () => (bytes > windowBytes * FULL ? moving : undefined),
    end() {
      ended = true
      wake()
    },
    async *read(from, signal) {
      // An id that does not exist yet means the next one that will.
      for (let next = Math.min(Math.max(0, from), first + events.length); !signal?.aborted; ) {
        if (next < first) {
          const page = (await spill?.read(next, PAGE)) ?? []
          // What has been dropped can't be told any more.
          if (page.length === 0) return
          for (const event of page) {
            if (signal?.aborted) return
            next = event.id + 1
            yield event
          }
          continue
        }
        const event = events[next - first]
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

function sizeOf({ event, data }: StreamEvent): number {
  // A character of a string takes a byte or two.
  return 2 * (event.length + data.length) + EVENT_BYTES
}
