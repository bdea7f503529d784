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
  /** Ends the streams of a thread that goes. */
  end(threadId: string): void
  /**
   * Ends with the thread, and not before.
   *
   * @param after The id of the last event seen, or `-` for everything that is still known; undefined for what comes from
   *   now on.
   */
  read(threadId: string, after: string | undefined, signal: AbortSignal): AsyncGenerator<FeedEvent>
}

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
      tell(threadId, 'gone')
    },

    async *read(threadId, after, signal) {
      const waiting = missed(threadId, after)
      let wake = () => {}
      const reader = (news: News) => {
        waiting.push(news)
        wake()
      }
      const known = readers.get(threadId) ?? new Set()
      readers.set(threadId, known.add(reader))
      const stop = () => wake()
      signal.addEventListener('abort', stop, { once: true })
      try {
        while (!signal.aborted) {
          const news = waiting.shift()
          if (!news) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          } else if (news === 'gone') return
          else if ('event' in news) yield news.event
          else yield* eventsOf(news.run, news.from, signal)
        }
      } finally {
        signal.removeEventListener('abort', stop)
        known.delete(reader)
        if (known.size === 0) readers.delete(threadId)
      }
    },
  }
}

async function* eventsOf({ runId, log }: FedRun, from: number, signal: AbortSignal): AsyncGenerator<FeedEvent> {
  for await (const { id, event, data } of log.read(from, signal)) {
    yield { id: `${runId}/${id}`, event, data, mode: event === 'metadata' ? 'lifecycle' : 'run_modes' }
  }
  if (signal.aborted || from > log.nextId) return
  const data = JSON.stringify({ status: 'run_done', run_id: runId })
  yield { id: `${runId}/${log.nextId}`, event: 'metadata', data, mode: 'lifecycle' }
}
