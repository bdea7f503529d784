import type { Check } from '../../check.js'
import { ranAs, ranWith } from '../../check-parts/effective.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

/** One that no server gives. */
const PERMISSION = 'authkit-isolation:admin'

export const identityAuthUser: Check = {
  id: 'identity.auth-user',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not run as Alice because its configuration says so",
  failure: "Bob's run ran as Alice because its configuration said so",
  impact: 'The graph believes that Alice is calling: memory, tools and credentials that are kept by user are hers.',
  severity: 'critical',
  refs: ['API1', '639', '290'],
  event: 'threads:create_run',
  fix: serverBug('langgraph_auth_* keys of a request must be dropped'),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse such keys to everybody.
  control: ({ halt, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
  requests({ halt, own, agent, identity, message, marker }) {
    const claims = {
      langgraph_auth_user: { identity: identity.target },
      langgraph_auth_user_id: identity.target,
      langgraph_auth_permissions: [PERMISSION],
    }
    return [
      { config: { configurable: claims } },
      { context: claims },
      { metadata: claims },
      { checkpoint: claims },
    ].map((claim) =>
      post(`/threads/${own.thread.id}/runs`, { assistant_id: agent, input: message(marker), ...claim, ...halt }),
    )
  },
  async inspect(inspection) {
    const { scene, exchanges } = inspection
    const as = ranAs(inspection, exchanges, { identity: scene.identity.target, who: 'Alice' })
    return 'kind' in as ? as : [...as, ...ranWith(inspection, exchanges, PERMISSION)]
  },
}
