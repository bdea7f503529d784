import { deputy, type Mutant, prove, route } from '../support/mutant.js'
import { type Call, type Next, type Overlay, threadSocket } from '../support/world.js'

const JOIN = /^(?:\/threads\/([^/]+))?\/runs\/([^/]+)\/stream$/

const leaves = ({ url }: Call) => url.searchParams.has('cancel_on_disconnect')

const replays = ({ headers }: Call) => headers.get('last-event-id') === '-1'

/** Lets Bob have the events of a run of Alice's, by the path that is hers: the run is found by its id, wherever it lies. */
function finds(wanted: (call: Call, run: KnownRun) => boolean): Overlay {
  const runs = knownRuns()
  return async (call, next) => {
    const [, , id = ''] = JOIN.exec(call.path) ?? []
    const answer = await runs.learn(call, next)
    const run = runs.get(id)
    const isHers = call.user === 'user2' && run?.user === 'user1' && answer.status >= 400
    if (!isHers || leaves(call) || !wanted(call, run)) return answer
    // A run that is not kept for anybody is kept for the thief.
    const all = { 'last-event-id': run.resumable ? call.headers.get('last-event-id') : '-1' }
    return next(call.as('user1').but({ path: `/threads/${run.thread}/runs/${id}/stream`, headers: all }))
  }
}

interface KnownRun {
  readonly user: Call['user']
  readonly thread: string
  readonly resumable: boolean
  readonly deferred: boolean
  readonly answer: string
}

function knownRuns() {
  const runs = new Map<string, KnownRun>()
  return {
    get: (id: string) => runs.get(id),
    /** Passes a request on, and remembers the run that it may start. */
    async learn(call: Call, next: Next): Promise<Response> {
      const answer = await next(call)
      if (!/^(\/threads\/[^/]+)?\/runs$/.test(call.path) || call.method !== 'POST' || !answer.ok) return answer
      const text = await answer.text()
      const { run_id, thread_id } = JSON.parse(text) as { run_id: string; thread_id: string }
      runs.set(run_id, {
        user: call.user,
        thread: thread_id,
        resumable: call.json.stream_resumable === true,
        deferred: call.json.after_seconds !== undefined,
        answer: JSON.stringify(call.json.input),
      })
      return new Response(text, answer)
    },
  }
}

const own = (call: Call) => call.path.startsWith('/threads/')

/** The undelivered events of a run that nobody kept go to whoever asks. */
const finished: Overlay = (() => {
  const runs = knownRuns()
  return async (call: Call, next: Next) => {
    const [, , id = ''] = JOIN.exec(call.path) ?? []
    const answer = await runs.learn(call, next)
    const run = runs.get(id)
    if (call.user !== 'user2' || answer.status < 400 || !run || run.resumable || run.deferred) return answer
    if (run.user !== 'user1' || own(call)) return answer
    return new Response(`event: values\ndata: ${run.answer}\n\nevent: error\ndata: "Run not found"\n\n`, {
      headers: { 'content-type': 'text/event-stream' },
    })
  }
})()

/** Bob is refused, and what he has asked for Alice does not get any more. */
const theft: Overlay = (() => {
  const stolen = new Set<string>()
  return async (call: Call, next: Next) => {
    const [, , id = ''] = JOIN.exec(call.path) ?? []
    if (id !== '' && call.user === 'user2') stolen.add(id)
    const answer = await next(call)
    if (!/\/runs\/(wait|stream)$/.test(call.path) || call.method !== 'POST' || call.user !== 'user1') return answer
    const run = /\/runs\/([^/]+)/.exec(answer.headers.get('content-location') ?? '')?.[1] ?? ''
    const text = await answer.text()
    return new Response(stolen.has(run) && !call.path.endsWith('/wait') ? '' : text, answer)
  }
})()

/** The first caller of commands on a thread is who all later ones are taken for. */
function firstCaller(...methods: string[]): Overlay {
  const first = new Map<string, Call['user']>()
  return (call, next) => {
    if (!route('POST /threads/:id/commands')(call)) return next(call)
    const known = first.get(call.path) ?? call.user
    first.set(call.path, known)
    return next(
      known !== undefined && call.user === 'user2' && methods.includes(call.json.method) ? call.as(known) : call,
    )
  }
}

/** Whoever sends a command to an id first is who its runs belong to. */
const squat: Overlay = (() => {
  const first = new Map<string, Call['user']>()
  return (call: Call, next: Next) => {
    if (!route('POST /threads/:id/commands')(call)) return next(call)
    const known = first.get(call.path) ?? call.user
    first.set(call.path, known)
    return next(known === 'user2' && call.user === 'user1' ? call.as('user2') : call)
  }
})()

const mutants: Record<string, Mutant | Overlay> = {
  'stream.thread': deputy((call) => JOIN.test(call.path) && own(call) && replays(call)),
  'stream.parent': finds(
    (call, run) => own(call) && run.resumable && !replays(call) && !call.path.includes(run.thread),
  ),
  'stream.run-id': finds((call, run) => !own(call) && run.resumable && !replays(call)),
  'stream.replay': {
    overlay: finds((call, run) => replays(call) && !call.path.includes(run.thread)),
    also: { checks: ['stream.parent'], because: 'it asks for a replay through a thread of its own too' },
  },
  'stream.finished': finished,
  'stream.theft': theft,
  'stream.disconnect': deputy((call) => JOIN.test(call.path) && leaves(call)),
  'stream.thread-events': deputy(
    (call) => route('POST /threads/:id/stream/events')(call) && call.json.since === undefined,
  ),
  'stream.v2.state': firstCaller('state.get'),
  'stream.v2.command': firstCaller('run.start', 'input.respond'),
  'stream.v2.squat': squat,
  'stream.websocket': { socket: threadSocket((call) => (call.user === 'user2' ? call.as('user1') : call)) },
}

prove('stream', mutants)
