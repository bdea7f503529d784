import type { Check } from '../../check.js'
import { everyDoor, readingDoors } from '../../check-parts/doors.js'
import { authenticate } from '../../fix.js'

export const boundaryJunkToken: Check = {
  id: 'boundary.junk-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} is refused',
  failure: '{who} was served: tokens are not looked up',
  impact: 'Whoever makes up a text that looks like a token is a user of the server.',
  severity: 'critical',
  refs: ['API2', '287'],
  event: 'authenticate',
  fix: authenticate('let authenticate look the whole token up'),
  actors: ['junk'],
  needs: ['thread'],
  wants: ['item'],
  on2xx: 'leak',
  proof: 'success',
  requests: (scene) => [
    ...everyDoor(scene),
    ...['last-character', 'reversed'].flatMap((change) =>
      readingDoors(scene.target.thread.id).map((probe) => ({ ...probe, disguise: { token: `{alice:${change}}` } })),
    ),
  ],
}
