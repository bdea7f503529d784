import type { Check } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { field, get, post, succeeded } from '../../probe.js'

export const ownerThreadCreate: Check = {
  id: 'owner.thread.create',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't create a thread in Alice's name",
  failure: "Bob created a thread in Alice's name",
  impact: "The attacker plants a conversation in Alice's list: she takes it for hers, and her agent goes on with it.",
  severity: 'high',
  refs: ['API3', '915'],
  event: 'threads:create',
  fix: stampOwner('threads:create'),
  needs: ['identity'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ fresh, marker, identity }) =>
    [identity.ownerKey, 'user_id', 'tenant_id', 'created_by', 'langgraph_auth_user_id'].map((key) =>
      post('/threads', { thread_id: fresh(key), metadata: { [key]: identity.target, iso_mark: marker } }),
    ),
  async inspect({ scene, exchanges, alice, seen, stated }) {
    // The ids are what counts here: the mark is in her own request.
    const found = seen(await alice(post('/threads/search', { metadata: { iso_mark: scene.marker }, limit: 1000 })))
    for (const exchange of exchanges.filter(succeeded)) {
      const id = String(field(exchange, 'thread_id'))
      found.push(...seen(await alice(get(`/threads/${id}`))))
    }
    const [first] = exchanges
    if (first && succeeded(first) && field(first, 'metadata', scene.identity.ownerKey) === scene.identity.target) {
      found.push(stated(first, 'owner', `metadata.${scene.identity.ownerKey} was stored as Alice`))
    }
    return found
  },
}
