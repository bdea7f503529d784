import type { Check } from '../../check.js'
import { ranAs } from '../../check-parts/effective.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const identityContext: Check = {
  id: 'identity.context',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not run as Alice because its context says so",
  failure: "Bob's run ran as Alice because its context said so",
  impact: 'Context and configuration are one on some servers: what is dropped from the one comes in through the other.',
  severity: 'high',
  refs: ['290'],
  event: 'threads:create_run',
  fix: serverBug('what a client writes into context must never become the identity of a run'),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  // A server may refuse such a context to everybody.
  control: ({ halt, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
  proof: 'success',
  requests({ halt, own, fresh, agent, identity, message, marker }) {
    const context = { user_id: identity.target, identity: identity.target }
    const run = { input: message(marker), ...halt }
    return [
      post('/assistants', { assistant_id: fresh('assistant'), graph_id: agent, name: marker, context }),
      post(`/threads/${own.thread.id}/runs`, { assistant_id: agent, context, ...run }),
      post(`/threads/${own.thread.id}/runs`, { assistant_id: fresh('assistant'), ...run }),
    ]
  },
  inspect: async (inspection) =>
    ranAs(inspection, inspection.exchanges.slice(1), { identity: inspection.scene.identity.target, who: 'Alice' }, [
      'user_id',
      'identity',
    ]),
}
