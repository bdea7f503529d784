import { prove, route } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

/** Bob's counting comes when all other attacks are over, and the last looks not yet. */
const atTheEnd = (call: Call) => call.user === 'user2' && call.path === '/threads/count'

/** What becomes of a change that was queued: nothing of Bob's, which would be found as such. */
const late = (call: Call) => call.as('user1').but({ json: { metadata: { changed: 'later' } } })

/** A change is refused, queued all the same, and made later. */
const queue = (): Overlay => {
  const queued: Call[] = []
  return async (call, next) => {
    const answer = await next(call)
    if (call.user === 'user2' && route('PATCH /threads/:id')(call) && answer.status === 404) queued.push(call)
    if (atTheEnd(call)) for (const change of queued.splice(0)) await next(late(change))
    return answer
  }
}

/** A list that opens when nobody attacks it any more. */
const opening = (): Overlay => {
  let open = false
  return (call, next) => {
    open ||= atTheEnd(call)
    const listed = route('POST /threads/search')(call) && call.json.limit === 1000 && call.json.offset === undefined
    return next(open && listed && call.user === 'user2' ? call.as('user1') : call)
  }
}

prove(
  'integrity',
  {
    'integrity.snapshot': queue(),
    'integrity.residue': opening(),
  },
  ['write', 'list'],
)
