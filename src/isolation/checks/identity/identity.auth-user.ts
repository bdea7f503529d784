import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { field, post } from '../../probe.js'

const KEYS = ['langgraph_auth_user_id', 'langgraph_auth_user']

export const identityAuthUser: Check = {
  id: 'identity.auth-user',
  family: 'identity',
  resource: 'threads',
  operation: 'refs',
  title: "Bob's run does not run as Alice because its configuration says so",
  failure: "Bob's run ran as Alice because its configuration said so",
  severity: 'critical',
  refs: ['API1', '639', '290'],
  event: 'threads:create_run',
  fix: serverBug('langgraph_auth_* keys of a request must be dropped'),
  needs: ['identity'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests({ halt, own, agent, identity, message, marker }) {
    const claims = { langgraph_auth_user: { identity: identity.target }, langgraph_auth_user_id: identity.target }
    return [
      post(`/threads/${own.thread.id}/runs`, {
        assistant_id: agent,
        input: message(marker),
        config: { configurable: { ...claims, langgraph_auth_permissions: ['admin'] } },
        ...halt,
      }),
    ]
  },
  async inspect({ scene, exchanges, stated }) {
    const [run] = exchanges
    if (!run) return []
    const effective = KEYS.filter((key) => {
      const value = field(run, 'kwargs', 'config', 'configurable', key)
      const identity = (value as { identity?: unknown } | null | undefined)?.identity ?? value
      return identity === scene.identity.target
    })
    return effective.map((key) => stated(run, 'identity', `kwargs.config.configurable.${key} is Alice`))
  },
}
