import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { field, post } from '../../probe.js'

export const identityUserId: Check = {
  id: 'identity.user-id',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not carry Alice's user_id",
  failure: "Bob's run carries user_id of Alice: graphs that keep memory by it hand hers to him",
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
  requests: ({ halt, own, agent, identity, message, marker }) => [
    post(`/threads/${own.thread.id}/runs`, {
      assistant_id: agent,
      input: message(marker),
      config: { configurable: { user_id: identity.target } },
      ...halt,
    }),
  ],
  async inspect({ scene, exchanges, stated }) {
    const [run] = exchanges
    if (!run || field(run, 'kwargs', 'config', 'configurable', 'user_id') !== scene.identity.target) return []
    return [stated(run, 'identity', "kwargs.config.configurable.user_id is Alice's")]
  },
}
