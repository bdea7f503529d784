import type { Check } from '../../check.js'
import { readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']

export const boundaryPrototypeKey: Check = {
  id: 'boundary.prototype-key',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: 'Names that every JavaScript object has are no tokens',
  failure: 'A name that every JavaScript object has was accepted as a token',
  impact: 'A word that anybody can look up opens the server, with an identity that no filter expects.',
  severity: 'high',
  refs: ['API2', '1321'],
  event: 'authenticate',
  fix: authenticate('look tokens up with Object.hasOwn() or in a Map, not with `in` or plain indexing'),
  actors: ['nobody'],
  needs: ['thread'],
  on2xx: 'leak',
  onCrash: 'look tokens up with Object.hasOwn() or in a Map, and throw 401 for the rest',
  proof: 'success',
  requests: ({ target }) =>
    NAMES.flatMap((name) => readingDoors(target.thread.id).map((probe) => ({ ...probe, disguise: { token: name } }))),
}
