import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { type Probe, post } from '../../probe.js'

const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']

export const boundaryPrototypeKey: Check = {
  id: 'boundary.prototype-key',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'Names that every JavaScript object has are no tokens',
  failure: 'A name that every JavaScript object has was accepted as a token',
  severity: 'high',
  refs: ['API2', '1321'],
  event: 'authenticate',
  fix: authenticate('look tokens up with Object.hasOwn() or in a Map, not with `in` or plain indexing'),
  actors: ['nobody'],
  // So that Alice's own search has something to show.
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests: () =>
    NAMES.map(
      (name): Probe => ({
        ...post('/threads/search', {}),
        disguise: { headers: { authorization: `Bearer ${name}` } },
      }),
    ),
}
