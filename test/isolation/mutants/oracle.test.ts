import { setTimeout as sleep } from 'node:timers/promises'
import { prove, route } from '../support/mutant.js'
import type { Call, Next, Overlay } from '../support/world.js'

/** Bob is refused, and what he asked for is Alice's. */
async function isHers(call: Call, next: Next, answer: Response): Promise<boolean> {
  return call.user === 'user2' && answer.status >= 400 && (await next(call.as('user1'))).ok
}

const instead = (pattern: string, other: Response): Overlay => {
  const fits = route(pattern)
  return async (call, next) => {
    const answer = await next(call)
    return fits(call) && (await isHers(call, next, answer)) ? other.clone() : answer
  }
}

prove('oracle', {
  'oracle.status': instead('GET /threads/:id/state', Response.json({ detail: 'Forbidden' }, { status: 403 })),
  'oracle.body': instead('GET /threads/:id/state', Response.json({ detail: 'Not yours' }, { status: 404 })),
  'oracle.create': async (call, next) => {
    const answer = await next(call)
    if (call.user !== 'user2' || !route('POST /threads')(call) || answer.status !== 409) return answer
    const read = call.as('user1').but({ method: 'GET', path: `/threads/${call.json.thread_id}` })
    return (await next(read)).ok ? Response.json({ detail: 'It is taken by another user' }, { status: 409 }) : answer
  },
  'oracle.timing': {
    options: { settings: { optIns: new Set(['timing'] as const) } },
    async overlay(call, next) {
      const answer = await next(call)
      if (route('GET /threads/:id')(call) && (await isHers(call, next, answer))) await sleep(15)
      return answer
    },
  },
})
