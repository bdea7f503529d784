import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { type Exchange, field, post, succeeded } from '../../probe.js'

const LISTS = ['/threads/search', '/assistants/search', '/runs/crons/search', '/store/items/search']

const HEADERS = ['x-pagination-total', 'x-pagination-next', 'x-total-count', 'content-range']

const ADDED = 3

/** What an answer says about how many rows there are, apart from the rows. */
function totalsOf(exchange: Exchange): Record<string, string> {
  const told: [string, unknown][] = [
    ...HEADERS.map((name): [string, unknown] => [name, exchange.headers[name]]),
    ['total', field(exchange, 'total')],
  ]
  return Object.fromEntries(told.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}

export const pageHeaders: Check = {
  id: 'page.headers',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "The totals of Bob's lists don't count what Alice has",
  failure: "The totals of Bob's lists grow when Alice adds something",
  impact: 'Whoever watches the number sees how many objects others have, and when they work.',
  severity: 'low',
  refs: ['API3', '200'],
  event: null,
  fix: serverBug('totals and pages must be counted behind the same filter as the rows'),
  // With nothing else on its way the numbers move for one reason only.
  when: 'alone',
  on2xx: 'own',
  control: () => [post('/threads/search', { limit: 1 })],
  proof: 'success',
  requests: () => [],
  async inspect({ scene, attack, alice, stated }) {
    const look = () => Promise.all(LISTS.map((path) => attack(post(path, { limit: 1 }))))
    const before = await look()
    if (before.every((exchange) => Object.keys(totalsOf(exchange)).length === 0)) {
      return { kind: 'skipped', reason: 'the lists of this server tell no totals' }
    }
    const { agent, runId } = scene
    const metadata = { authkit_isolation: runId }
    for (let index = 0; index < ADDED; index++) {
      const made = await alice(post('/threads', { metadata }))
      if (!succeeded(made)) return { kind: 'inconclusive', reason: `Alice could not add a thread: ${made.status}` }
      // Some servers make (user, graph, config) unique.
      const config = { configurable: { iso_mark: `${runId}-${index}` } }
      await alice(post('/assistants', { graph_id: agent, config, metadata }))
    }
    const after = await look()
    return after.flatMap((exchange, index) => {
      const earlier = before[index] ? totalsOf(before[index]) : {}
      return Object.entries(totalsOf(exchange)).flatMap(([name, total]) =>
        earlier[name] === undefined || earlier[name] === total
          ? []
          : [stated(exchange, name, `${total} instead of ${earlier[name]} after Alice added ${ADDED}`)],
      )
    })
  },
}
