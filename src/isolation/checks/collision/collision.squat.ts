import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { get, post, succeeded } from '../../probe.js'

export const collisionSquat: Check = {
  id: 'collision.squat',
  family: 'collision',
  resource: 'threads',
  operation: 'takeover',
  title: 'What Alice writes under an id that Bob took first does not land with him',
  failure: 'Bob took an id first: Alice was told that hers was created, and what she wrote landed with him',
  impact:
    'Clients choose ids, and some can be foreseen. Whoever takes one first reads all that its user writes into it.',
  severity: 'medium',
  refs: ['706'],
  event: 'threads:create',
  fix: serverBug('"create it if it does not exist" must answer 404 or 409 for an object that the filter hides'),
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: ({ fresh, agent }) => [
    post('/threads', { thread_id: fresh('thread'), metadata: { graph_id: agent } }),
    post('/threads', { thread_id: fresh('run'), metadata: { graph_id: agent } }),
    post('/assistants', { assistant_id: fresh('assistant'), graph_id: agent }),
  ],
  async inspect({ scene, stage, exchanges, alice, attack, seen }) {
    if (!exchanges.some(succeeded)) return []
    const { agent, halt, message, runId } = scene
    const secret = (slot: string) => {
      const value = newCanary()
      stage.secrets.plant({ value, slot, owner: 'alice', check: 'collision.squat', hard: true })
      return value
    }
    const [thread, run, assistant] = [scene.fresh('thread'), scene.fresh('run'), scene.fresh('assistant')]
    const metadata = { graph_id: agent, authkit_isolation: runId }
    const hers = [
      post('/threads', {
        thread_id: thread,
        if_exists: 'do_nothing',
        metadata: { ...metadata, secret: secret('thread.metadata') },
      }),
      post(`/threads/${thread}/state`, { values: message(secret('thread.state')), as_node: '__start__' }),
      post(`/threads/${run}/runs/wait`, {
        assistant_id: agent,
        input: message(secret('run.input')),
        if_not_exists: 'create',
        ...halt,
      }),
      post('/assistants', {
        assistant_id: assistant,
        graph_id: agent,
        if_exists: 'do_nothing',
        config: { configurable: { apikey: secret('assistant.config') } },
      }),
    ]
    let wrote = false
    for (const probe of hers) wrote = succeeded(await alice(probe)) || wrote
    if (!wrote) return []
    const found: Evidence[] = []
    for (const path of [
      `/threads/${thread}`,
      `/threads/${thread}/state`,
      `/threads/${run}/state`,
      `/threads/${run}/runs`,
      `/assistants/${assistant}`,
    ]) {
      found.push(...seen(await attack(get(path))))
    }
    return found
  },
}
