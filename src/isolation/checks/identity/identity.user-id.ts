import type { Check } from '../../check.js'
import { ranAs } from '../../check-parts/effective.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const identityUserId: Check = {
  id: 'identity.user-id',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not carry Alice's user_id",
  failure: "Bob's run carries user_id of Alice: graphs that keep memory by it hand hers to him",
  impact: 'Most graphs keep memory under user_id. Whoever sets it reads and writes the memory of somebody else.',
  severity: 'high',
  refs: ['API1', '639', '807'],
  event: 'threads:create_run',
  fix:
    serverBug('config.configurable.user_id must be the authenticated user') +
    '. Until then, set value.kwargs.config.configurable.user_id in .on("threads:create_run", ...)',
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  // A server may refuse the key to everybody.
  control: ({ halt, own, agent, message, marker }) => [
    post(`/threads/${own.thread.id}/runs`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
  requests: ({ halt, own, agent, identity, message, marker }) => [
    post(`/threads/${own.thread.id}/runs`, {
      assistant_id: agent,
      input: message(marker),
      config: { configurable: { user_id: identity.target } },
      ...halt,
    }),
  ],
  inspect: async (inspection) =>
    ranAs(inspection, inspection.exchanges, { identity: inspection.scene.identity.target, who: 'Alice' }, ['user_id']),
}
