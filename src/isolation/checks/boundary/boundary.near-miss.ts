import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'
import type { Probe } from '../../probe.js'

const CHANGES = ['shortened', 'extended', 'other-case', 'nul', 'percent', 'superscript', 'full-width']
/** HTTP takes these away before anybody compares. */
const OUTER_SPACE = ['spaced', 'tabbed']

export const boundaryNearMiss: Check = {
  id: 'boundary.near-miss',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: "A text that only resembles Alice's token is refused",
  failure: "A text that only resembles Alice's token was accepted",
  impact: 'Tokens are easier to guess than they look: a part of one, or one in another spelling, is enough.',
  severity: 'high',
  refs: ['API2', '287', '697'],
  event: 'authenticate',
  fix: authenticate('compare tokens for equality, byte by byte: not by prefix, not without case, not decoded'),
  actors: ['junk'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests({ target }) {
    const worn = (change: string, more: Partial<Probe> = {}) =>
      readingDoors(target.thread.id).map((probe) => ({ ...probe, ...more, disguise: { token: `{alice:${change}}` } }))
    return [
      ...CHANGES.flatMap((change) => worn(change)),
      ...OUTER_SPACE.flatMap((change) => worn(change, { asAlice: '' })),
    ]
  },
}
