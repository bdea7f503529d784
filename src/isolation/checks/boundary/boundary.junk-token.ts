import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { get, type Probe, post } from '../../probe.js'

export const boundaryJunkToken: Check = {
  id: 'boundary.junk-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} is refused',
  failure: '{who} was served: tokens are not looked up',
  severity: 'critical',
  refs: ['API2', '287'],
  event: 'authenticate',
  fix: authenticate('let authenticate look the whole token up'),
  actors: ['junk'],
  needs: ['thread'],
  on2xx: 'leak',
  proof: 'success',
  requests({ target, fresh, marker }) {
    const invented: Probe[] = [
      get(`/threads/${target.thread.id}`),
      post('/threads/search', {}),
      post('/threads', { thread_id: fresh('thread'), metadata: { iso_mark: marker } }),
    ]
    const altered = (['last-character', 'reversed'] as const).map(
      (change): Probe => ({
        ...post('/threads/search', {}),
        disguise: { headers: { authorization: `{scheme} {alice:${change}}` } },
      }),
    )
    return [...invented, ...altered]
  },
}
