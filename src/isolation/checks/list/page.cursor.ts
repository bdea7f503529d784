import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { type Exchange, field, post, succeeded } from '../../probe.js'

/** Where servers put a cursor: a field of the body or a header, and what the next request calls it. */
const FIELDS = ['cursor', 'next_cursor', 'nextCursor', 'next_page_token', 'nextPageToken', 'next']
const HEADERS = ['x-next-cursor', 'x-cursor', 'x-pagination-next']

/** The cursor in an answer, if there is one. A plain number is an offset, and says nothing about whose it is. */
function cursorOf(exchange: Exchange): string | undefined {
  const found = [...HEADERS.map((name) => exchange.headers[name]), ...FIELDS.map((name) => field(exchange, name))]
  return found.find((value): value is string => typeof value === 'string' && value !== '' && !/^\d+$/.test(value))
}

/** The next page, in the ways that servers ask for it. */
const onward = (list: Readonly<Record<string, unknown>>, cursor: string) => [
  post('/threads/search', { ...list, cursor }),
  post('/threads/search', { ...list, after: cursor, page_token: cursor, next: cursor }),
  post(`/threads/search?cursor=${encodeURIComponent(cursor)}`, list),
]

export const pageCursor: Check = {
  id: 'page.cursor',
  family: 'list',
  resource: 'threads',
  operation: 'list',
  title: "Bob can't go on in Alice's list with her cursor",
  failure: "Bob went on in Alice's list with her cursor, or his own cursor names something of hers",
  impact: 'A cursor that carries the filter is a key to the list: whoever finds one in a log reads on in it.',
  severity: 'medium',
  refs: ['API1', '639'],
  event: 'threads:search',
  fix: serverBug('the filter of a page comes from the caller of that page, never from the cursor'),
  needs: ['thread'],
  on2xx: 'own',
  control: () => [post('/threads/search', { limit: 1 })],
  proof: 'success',
  requests: () => [post('/threads/search', { limit: 1 })],
  async inspect({ scene, stage, alice, attack, seen }) {
    // Not the marker: in Alice's hands it would be a find.
    const list = { metadata: { iso_mark: newCanary() }, limit: 1 }
    for (let index = 0; index < 2; index++) {
      const secret = newCanary()
      stage.secrets.plant({ value: secret, slot: 'thread.metadata', owner: 'alice', check: 'page.cursor', hard: true })
      await alice(post('/threads', { metadata: { ...list.metadata, secret, authkit_isolation: scene.runId } }))
    }
    const hers = await alice(post('/threads/search', list))
    const cursor = succeeded(hers) ? cursorOf(hers) : undefined
    if (cursor === undefined) return { kind: 'skipped', reason: 'the lists of this server have no cursors' }
    const found: Evidence[] = []
    for (const probe of onward(list, cursor)) found.push(...seen(await attack(probe)))
    return found
  },
}
