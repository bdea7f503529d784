import type { EventLog } from './event-log.js'

/** One event of a thread's stream. */
export interface FeedEvent {
  /** Where to go on after it; undefined where nothing can be replayed. */
  readonly id: string | undefined
  readonly event: string
  readonly data: string
  /** What the clients call it: all of a run's events, that one began or ended, or that the state was changed by hand. */
  readonly mode: 'run_modes' | 'lifecycle' | 'state_update'
}

/** What happens on threads, run after run, for readers that follow a thread and not one run. */
export interface ThreadFeeds {
  started(run: FedRun): void
  /** A run whose events can't be read any more. */
  dropped(run: FedRun): void
  /** Whether anyone would hear what is published. */
  isFollowed(threadId: string): boolean
  /** Something that belongs to no run. */
  publish(threadId: string, event: string, data: string): void
  /** Ends the streams of a thread that is gone, and forgets what happened on it: another may take its id. */
  end(threadId: string): void
  /**
   * Ends with the thread, with the right to read it, and with a reader that stays too far behind.
   *
   * @param after The id of the last event seen, or `-` for everything that is still known; undefined for what comes from
   *   now on.
   * @param mayRead Whether the reader may still read the thread. It is asked once the reader can miss nothing any more, and
   *   then before each run and each change: a stream lives long, and what it was let at may be another's by now.
   */
  read(
    threadId: string,
    after: string | undefined,
    signal: AbortSignal,
    mayRead: () => Promise<boolean>,
  ): AsyncGenerator<FeedEvent>
}

/** A reader that takes nothing is let go when so much waits for it. It can come back, and go on where it was. */
const BACKLOG_BYTES = 8_000_000
const BACKLOG_ITEMS = 1000

interface FedRun {
  readonly runId: string
  readonly threadId: string
  readonly log: EventLog
}

type News = { readonly run: FedRun; readonly from: number } | { readonly event: FeedEvent } | 'gone'

export function createThreadFeeds(): ThreadFeeds {
  /** In the order they began. */
  const runs = new Map<string, Set<FedRun>>()
  const readers = new Map<string, Set<(news: News) => void>>()

  function tell(threadId: string, news: News): void {
    for (const reader of readers.get(threadId) ?? []) reader(news)
  }

  /** What a reader that comes with this id has not seen. */
  function missed(threadId: string, after: string | undefined): News[] {
    const known = [...(runs.get(threadId) ?? [])]
    if (after === '-') return known.map((run) => ({ run, from: 0 }))
    if (after === undefined) {
      return known.filter(({ log }) => !log.ended).map((run) => ({ run, from: run.log.nextId }))
    }
    const [runId = '', event = ''] = after.split('/')
    // Ids of runs tell which came first.
    return known
      .filter((run) => run.runId >= runId)
      .map((run) => ({ run, from: run.runId === runId ? Number(event) + 1 || 0 : 0 }))
  }

  return {
    started(run) {
      const known = runs.get(run.threadId) ?? new Set()
      runs.set(run.threadId, known.add(run))
      tell(run.threadId, { run, from: 0 })
    },

    dropped(run) {
      const known = runs.get(run.threadId)
      known?.delete(run)
      if (known?.size === 0) runs.delete(run.threadId)
    },

    isFollowed: (threadId) => readers.has(threadId),

    publish(threadId, event, data) {
      tell(threadId, { event: { id: undefined, event, data, mode: 'state_update' } })
    },

    end(threadId) {
      runs.delete(threadId)
      tell(threadId, 'gone')
    },

    async *read(threadId, after, signal, mayRead) {
      const waiting = missed(threadId, after)
      let backlog = 0
      let wake = () => {}
      const reader = (news: News) => {
        backlog += sizeOf(news)
        // What waits is dropped with it: the reader has not heard of it, and will ask from where it was.
        if (backlog > BACKLOG_BYTES || waiting.length >= BACKLOG_ITEMS) waiting.splice(0, waiting.length, 'gone')
        else waiting.push(news)
        wake()
      }
      const known = readers.get(threadId) ?? new Set()
      readers.set(threadId, known.add(reader))
      const stop = () => wake()
      signal.addEventListener('abort', stop, { once: true })
      try {
        if (!(await mayRead())) return
        while (!signal.aborted) {
          const news = waiting.shift()
          if (!news) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
            continue
          }
          backlog -= sizeOf(news)
          if (news === 'gone' || !(await mayRead())) return
          if ('event' in news) yield news.event
          else yield* eventsOf(news.run, news.from, signal)
        }
      } finally {
        signal.removeEventListener('abort', stop)
        known.delete(reader)
        if (known.size === 0 && readers.get(threadId) === known) readers.delete(threadId)
      }
    },
  }
}

function sizeOf(news: News): number {
  return news !== 'gone' && 'event' in news ? 2 * news.event.data.length : 0
}

async function* eventsOf({ runId, log }: FedRun, from: number, signal: AbortSignal): AsyncGenerator<FeedEvent> {
  for await (const { id, event, data } of log.read(from, signal)) {
    yield { id: `${runId}/${id}`, event, data, mode: event === 'metadata' ? 'lifecycle' : 'run_modes' }
  }
  if (signal.aborted || from > log.nextId) return
  const data = JSON.stringify({ status: 'run_done', run_id: runId })
  yield { id: `${runId}/${log.nextId}`, event: 'metadata', data, mode: 'lifecycle' }
}
