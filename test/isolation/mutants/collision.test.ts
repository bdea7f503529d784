import { deputy, prove, route } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

const UUID = /^[0-9a-f-]{36}$/

const adopts = ({ json: { thread_id, if_exists, metadata, supersteps } }: Call) =>
  UUID.test(thread_id) && if_exists === 'do_nothing' && metadata?.iso_mark === undefined && supersteps === undefined

/** The history of a creation is written, whether the thread could be created or not. */
const supersteps: Overlay = async (call, next) => {
  const answer = await next(call)
  const [step] = call.json.supersteps ?? []
  if (answer.status !== 409 || call.path !== '/threads' || !step) return answer
  const json = step.updates[0]
  await next(call.as('user1').but({ path: `/threads/${call.json.thread_id}/state`, json }))
  return answer
}

/** Whoever asks to create a thread that somebody else has gets that one to write in. */
const squat: Overlay = async (call, next) => {
  const answer = await next(call)
  const hers = call.user === 'user1' && call.json.if_not_exists === 'create' && answer.status >= 400
  return hers ? next(call.as('user2')) : answer
}

/** Two requests for one id at the same time are answered with one thread. */
const race = (): Overlay => {
  const onTheWay = new Map<string, Promise<Response>>()
  return async (call, next) => {
    const { thread_id, if_exists } = call.json
    if (!route('POST /threads')(call) || if_exists !== 'raise' || !thread_id) return next(call)
    const first = onTheWay.get(thread_id)
    if (first !== undefined) return (await first).clone()
    const made = next(call)
    onTheWay.set(thread_id, made)
    const answer = await made
    const copy = answer.clone()
    onTheWay.delete(thread_id)
    return copy
  }
}

prove('collision', {
  'collision.thread': deputy((call) => route('POST /threads')(call) && adopts(call)),
  'collision.thread.supersteps': supersteps,
  'collision.run': deputy((call) => route('POST /threads/:id/runs/wait')(call) && call.json.if_not_exists === 'create'),
  'collision.assistant': deputy('POST /assistants'),
  'collision.id-forms': deputy((call) => call.method === 'GET' && /^\/threads\/[0-9A-F-]{36}(\/|$)/.test(call.path)),
  'collision.squat': squat,
  'collision.race': race(),
})
