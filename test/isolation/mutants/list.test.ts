import { asAlice, prove, route } from '../support/mutant.js'
import type { Call, Overlay } from '../support/world.js'

/** A search that asks for more than one row, which is how cursors and totals are looked at. */
const search = (path: string, says: (body: Call['json']) => boolean) => (call: Call) =>
  route(`POST ${path}`)(call) && call.json.limit !== 1 && says(call.json)

const everything = ({ metadata, ids, values }: Call['json']) => !metadata && !ids && !values

/** An operator in the place of a value finds everything there is. */
const operators: Overlay = (call, next) => {
  const { metadata } = call.json
  const found = call.user === 'user2' && call.path === '/threads/search' && metadata?.owner?.$ne !== undefined
  return next(found ? call.as('user1').but({ json: { limit: 1000 } }) : call)
}

/** The total counts the rows of both. */
const totals: Overlay = async (call, next) => {
  const answer = await next(call)
  if (call.user !== 'user2' || call.path !== '/threads/search' || call.json.limit !== 1) return answer
  const total = ({ headers }: Response) => Number(headers.get('x-pagination-total'))
  const hers = await next(call.as('user1'))
  answer.headers.set('x-pagination-total', String(total(answer) + total(hers)))
  return answer
}

/** A cursor carries whose list it is. */
const cursors: Overlay = async (call, next) => {
  if (call.path !== '/threads/search' || !call.user || call.json.limit !== 1) return next(call)
  const { cursor, ...list } = call.json
  if (typeof cursor === 'string') {
    const { user, offset } = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return next(call.as(user).but({ json: { ...list, offset } }))
  }
  const answer = await next(call)
  const made = Buffer.from(JSON.stringify({ user: call.user, offset: 1 })).toString('base64url')
  answer.headers.set('x-next-cursor', made)
  return answer
}

prove('list', {
  'thread.search': asAlice(search('/threads/search', everything)),
  'thread.search.ids': asAlice(search('/threads/search', ({ ids }) => ids !== undefined)),
  // Preflight asks for a secret too, and for at most ten.
  'thread.search.metadata': asAlice(
    search('/threads/search', ({ metadata, limit }) => metadata?.secret !== undefined && limit === undefined),
  ),
  'thread.search.values': asAlice(search('/threads/search', ({ values }) => values !== undefined)),
  'thread.search.operators': operators,
  'thread.count': asAlice('POST /threads/count'),
  'assistant.search': asAlice(search('/assistants/search', () => true)),
  'assistant.count': asAlice('POST /assistants/count'),
  'cron.search': asAlice(search('/runs/crons/search', () => true)),
  'page.headers': totals,
  'page.cursor': cursors,
})
