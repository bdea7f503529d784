import type { Check, Scene } from '../../check.js'
import { ranAs } from '../../check-parts/effective.js'
import { serverBug } from '../../fix.js'
import { patch, post } from '../../probe.js'

const pins = (identity: string, thread: string) => ({
  configurable: { langgraph_auth_user_id: identity, user_id: identity, thread_id: thread },
})

const runOf = ({ agent, message, marker, halt }: Scene, assistant: string = agent) => ({
  assistant_id: assistant,
  input: message(marker),
  ...halt,
})

export const identityStoredConfig: Check = {
  id: 'identity.stored-config',
  family: 'identity',
  resource: 'assistants',
  operation: 'refs',
  title: 'A stored configuration does not decide as whom a run runs',
  failure: 'A stored configuration decided as whom a run runs',
  impact:
    "What is refused in a request is taken from an assistant or a thread: Bob's run is Alice's, or Alice's run is Bob's, with her input.",
  severity: 'high',
  refs: ['915', '639'],
  event: 'assistants:create',
  fix: serverBug(
    'keys of identity must be dropped when a configuration is stored, and again when it is merged into a run',
  ),
  needs: ['identity', 'thread'],
  own: ['thread'],
  mutates: true,
  on2xx: 'own',
  // A server may refuse such a configuration to everybody.
  control: (scene) => [post(`/threads/${scene.own.thread.id}/runs`, runOf(scene))],
  proof: 'success',
  requests(scene) {
    const { target, own, fresh, agent, identity } = scene
    const hers = {
      assistant_id: fresh('assistant of Alice'),
      graph_id: agent,
      config: pins(identity.target, target.thread.id),
    }
    const his = { assistant_id: fresh('assistant of Bob'), graph_id: agent, config: pins(identity.own, own.thread.id) }
    return [
      post('/assistants', hers),
      post('/assistants', his),
      patch(`/threads/${own.thread.id}`, { config: pins(identity.target, target.thread.id) }),
      post(`/threads/${own.thread.id}/runs`, runOf(scene)),
      post(`/threads/${own.thread.id}/runs`, runOf(scene, hers.assistant_id)),
    ]
  },
  async inspect(inspection) {
    const { scene, exchanges, alice } = inspection
    const { target, fresh, identity } = scene
    const asAlice = ranAs(inspection, exchanges.slice(3), { identity: identity.target, who: 'Alice' }, ['user_id'])
    if ('kind' in asAlice) return asAlice
    // Where Alice may use an assistant of Bob's, she stays herself.
    const run = await alice(post(`/threads/${target.thread.id}/runs`, runOf(scene, fresh('assistant of Bob'))))
    const asBob = ranAs(inspection, [run], { identity: identity.own, who: 'Bob' }, ['user_id'])
    return 'kind' in asBob ? asAlice : [...asAlice, ...asBob]
  },
}
