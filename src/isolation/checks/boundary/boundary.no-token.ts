import type { Check } from '../../check.js'
import { authenticate } from '../../fix.js'
import { get, post } from '../../probe.js'

export const boundaryNoToken: Check = {
  id: 'boundary.no-token',
  family: 'boundary',
  resource: 'server',
  operation: 'access',
  title: '{who} is refused on every kind of route',
  failure: '{who} was served',
  severity: 'critical',
  refs: ['API2', '306'],
  event: 'authenticate',
  fix: authenticate('let authenticate refuse a request that has no authorization header'),
  actors: ['nobody'],
  needs: ['thread', 'item', 'assistant'],
  on2xx: 'leak-unless-empty',
  proof: 'success',
  requests: ({ halt, target, agent, fresh, message, marker }) => [
    get(`/threads/${target.thread.id}`),
    get(`/threads/${target.thread.id}/state`),
    post('/threads/search', {}),
    post('/threads/count', {}),
    post('/assistants/search', {}),
    post('/store/items/search', { namespace_prefix: target.item.namespace }),
    post('/store/namespaces', { prefix: target.item.namespace }),
    post('/threads', { thread_id: fresh('thread'), metadata: { iso_mark: marker } }),
    post('/runs/wait', { assistant_id: agent, input: message(marker), ...halt }),
  ],
}
