import { setTimeout as sleep } from 'node:timers/promises'
import { prove, route } from '../support/mutant.js'
import type { Call, Next, Overlay, User } from '../support/world.js'

/** Holds answers back until one for each user is there, and then hands them out the wrong way round. */
function swapped(matches: (call: Call) => boolean): Overlay {
  const waiting = new Map<User, (answer: Response) => void>()
  return async (call, next) => {
    const answer = await next(call)
    if (!call.user || !matches(call)) return answer
    const other = [...waiting.keys()].find((user) => user !== call.user)
    if (other !== undefined) {
      const give = waiting.get(other)
      waiting.delete(other)
      const own = new Promise<Response>((resolve) => waiting.set(call.user as User, resolve))
      give?.(answer)
      return Promise.race([own, sleep(20).then(() => answer.clone())])
    }
    const swap = new Promise<Response>((resolve) => waiting.set(call.user as User, resolve))
    return Promise.race([swap, sleep(20).then(() => answer)])
  }
}

/** True once the last so many requests were all of these routes: that is what nothing else in the suite looks like. */
function stormOf(routes: readonly string[], length: number): (call: Call) => boolean {
  let run = 0
  const expected = routes.map(route)
  return (call) => {
    run = expected.some((matches) => matches(call)) ? run + 1 : 0
    return run > length
  }
}

/** Who was on a connection first is who all of it is for. */
const remembered: Overlay = (() => {
  const users = new WeakMap<object, User>()
  return (call: Call, next: Next) => {
    const known = users.get(call.connection)
    if (known === undefined && call.user) users.set(call.connection, call.user)
    return next(known ? call.as(known) : call)
  }
})()

/** An answer that nobody waits for any more goes to the next who asks the same kind of thing. It happens once. */
const leftOver: Overlay = (() => {
  const matches = route('GET /threads/:id')
  let left: Response | undefined
  let given = false
  return async (call: Call, next: Next) => {
    const answer = await next(call)
    if (!matches(call) || given) return answer
    if (call.user === 'user1') {
      await sleep(15)
      if (call.signal.aborted) left ??= answer
      return answer
    }
    given = left !== undefined
    return left ?? answer
  }
})()

const isRunOfLoad = (call: Call) => call.method === 'POST' && call.path.endsWith('/runs/wait')

/** While many runs are on their way, a run belongs to whoever started the one before. */
const lastUser: Overlay = (() => {
  let going = 0
  let last: User | undefined
  return async (call: Call, next: Next) => {
    if (!isRunOfLoad(call)) return next(call)
    going++
    const taken = going > 8 && last ? call.as(last) : call
    last = call.user
    await sleep(5)
    try {
      return await next(taken)
    } finally {
      going--
    }
  }
})()

const storm = stormOf(['POST /threads', 'GET /threads/:id', 'POST /threads/search'], 60)

prove('concurrency', {
  'concurrency.keep-alive': remembered,
  'concurrency.load': swapped((call) => storm(call) && call.method === 'GET'),
  'concurrency.run-identity': lastUser,
  'concurrency.stream': swapped(
    (call) => call.method === 'POST' && call.path === '/runs/stream' && call.json.input !== undefined,
  ),
  'concurrency.abort': leftOver,
})
