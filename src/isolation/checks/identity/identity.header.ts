import type { Check } from '../../check.js'
import { ranAs } from '../../check-parts/effective.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

const HEADERS = ['x-user-id', 'x-forwarded-user', 'x-tenant-id', 'x-owner', 'x-langgraph-auth-user-id']

export const identityHeader: Check = {
  id: 'identity.header',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not run as Alice because a header says so",
  failure: "Bob's run ran as Alice because a header said so",
  impact:
    'Any client can send any header. A server that takes a user or a tenant from one lets everybody be everybody.',
  severity: 'medium',
  refs: ['290'],
  event: 'threads:create_run',
  fix: serverBug(
    'only what authenticate returns says who is calling, and http.configurable_headers must not copy x-user-id',
  ),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  absent: ({ learnt }) =>
    /^[\x20-\x7e]*$/.test(learnt.identities.alice ?? '') ? undefined : "Alice's name cannot stand in a header",
  requests: ({ halt, own, agent, identity, message, marker }) =>
    HEADERS.map((name) => ({
      ...post(`/threads/${own.thread.id}/runs`, {
        assistant_id: agent,
        input: message(marker),
        ...halt,
        multitask_strategy: 'enqueue',
      }),
      disguise: { headers: { [name]: identity.target } },
    })),
  // A header that is only copied under its own name is no identity, until a graph takes it for one.
  inspect: async (inspection) =>
    ranAs(inspection, inspection.exchanges, { identity: inspection.scene.identity.target, who: 'Alice' }, [
      'user_id',
      'tenant_id',
      'owner',
    ]),
}
