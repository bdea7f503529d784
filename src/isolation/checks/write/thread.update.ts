import type { Check } from '../../check.js'
import { returnOwner } from '../../fix.js'
import { patch } from '../../probe.js'

export const threadUpdate: Check = {
  id: 'thread.update',
  family: 'write',
  resource: 'threads',
  operation: 'write',
  title: "{who} can't change Alice's thread",
  failure: "{who} changed Alice's thread",
  impact:
    "The attacker changes what the application keeps about Alice's conversation, or makes himself its owner and locks her out.",
  severity: 'high',
  refs: ['API1', 'API3', '639'],
  event: 'threads:update',
  fix: returnOwner('threads:update'),
  actors: ['bob', 'nobody'],
  needs: ['thread'],
  mutates: true,
  on2xx: 'own',
  requests: ({ target, marker, identity }) => [
    patch(`/threads/${target.thread.id}`, { metadata: { iso_mark: marker } }),
    patch(`/threads/${target.thread.id}`, { metadata: { [identity.ownerKey]: identity.own || marker } }),
  ],
}
