import { prove, route } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

/** Where Bob's request claims something, it is done in Alice's name. */
const believe = (pattern: string, claims: (body: Call['json'], text: string) => boolean): Overlay => {
  const fits = route(pattern)
  return (call, next) => {
    const believed = call.user === 'user2' && fits(call) && claims(call.json, call.text)
    return next(believed ? call.as('user1') : call)
  }
}

const timesMetadata = (text: string) => text.split('"metadata"').length - 1

/** A thread whose owner is changed is from then on the new owner's. */
const gift: Overlay = async (call, next) => {
  const given = call.user === 'user2' && route('PATCH /threads/:id')(call) && call.json.metadata?.owner === 'user1'
  if (!given) return next(call)
  const answer = await next(call.but({ method: 'DELETE' }))
  if (!answer.ok) return answer
  const json = { thread_id: call.path.split('/')[2], metadata: call.json.metadata }
  return next(call.as('user1').but({ method: 'POST', path: '/threads', json }))
}

/** A thread without any metadata can be read by everybody. */
const ownerless = (): Overlay => {
  const open = new Set<string>()
  return async (call, next) => {
    if (call.user === 'user1' && call.method === 'GET' && open.has(call.path)) return next(call.as('user2'))
    const { thread_id, metadata } = call.json
    const bare = metadata !== undefined && JSON.stringify(metadata) === '{}'
    if (call.user === 'user2' && call.path === '/threads' && bare) open.add(`/threads/${thread_id}`)
    return next(call)
  }
}

prove('owner', {
  'owner.thread.create': believe(
    'POST /threads',
    ({ metadata }, text) => metadata?.owner === 'user1' && timesMetadata(text) === 1,
  ),
  'owner.assistant.create': believe('POST /assistants', ({ metadata }) => metadata?.owner === 'user1'),
  'owner.run.create': believe(
    'POST /threads/:id/runs/wait',
    ({ metadata, if_not_exists }) => metadata?.owner === 'user1' && if_not_exists === 'create',
  ),
  'owner.thread.patch': gift,
  'owner.value-types': believe('POST /threads', ({ metadata }) => Array.isArray(metadata?.owner)),
  'owner.missing': ownerless(),
  'owner.json-tricks': believe('POST /threads', (_, text) => timesMetadata(text) > 1),
})
