import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import { post, succeeded } from '../../probe.js'

export const storeAgentMemory: Check = {
  id: 'store.agent-memory',
  family: 'store',
  resource: 'store',
  operation: 'takeover',
  title: 'The agent remembers for Bob nothing that Alice has told it, whoever he says he is',
  failure: 'The agent told Bob what Alice had told it, or kept what he said among her memories',
  impact:
    'An agent that takes the name of its user from the request answers everybody with the memories of whomever they name.',
  severity: 'high',
  refs: ['API1', '441'],
  event: 'store:search',
  fix:
    'in the graph, make the namespace of memories from config.configurable.langgraph_auth_user_id, which only the server ' +
    'sets, and from nothing that a request may say',
  needs: ['identity'],
  own: ['thread'],
  optIn: 'agent-memory',
  mutates: true,
  on2xx: 'own',
  proof: 'success',
  requests: () => [],
  async inspect({ scene, stage, alice, attack, seen, stated }) {
    const { agent, identity, marker, message } = scene
    const secret = newCanary()
    stage.secrets.plant({
      value: secret,
      slot: 'agent memory',
      owner: 'alice',
      check: 'store.agent-memory',
      hard: true,
    })
    // Each on a thread of its own, so that what is known is remembered. It stays: only the agent knows how to forget.
    const run = (text: string, more: object = {}) =>
      post('/runs/wait', { assistant_id: agent, input: message(text), ...more })
    const ask = 'What do you remember about me?'
    const everything = [
      post('/store/namespaces', { limit: 1000 }),
      post('/store/items/search', { namespace_prefix: [], limit: 1000 }),
      post('/store/items/search', { namespace_prefix: [identity.target], limit: 1000 }),
    ]
    const told = await alice(run(`Please remember this about me: ${secret}`))
    if (!succeeded(told)) return { kind: 'inconclusive', reason: `Alice's run failed: ${told.status || 'no answer'}` }
    const kept = [await alice(run(ask)), ...(await Promise.all(everything.map(alice)))]
    if (!kept.some(({ body }) => body.includes(secret))) {
      return { kind: 'skipped', reason: 'the graph remembers nothing from one thread to the next' }
    }
    const user_id = identity.target
    const answers = []
    for (const claim of [{ config: { configurable: { user_id } } }, { context: { user_id } }]) {
      answers.push(await attack(run(ask, claim)))
      answers.push(await attack(run(`Please remember this about me: ${marker}`, claim)))
    }
    answers.push(...(await Promise.all(everything.map(attack))))
    const [first] = answers
    const after = await Promise.all(everything.map(alice))
    const written = first && after.some(({ body }) => body.includes(marker))
    return [
      ...answers.flatMap(seen),
      ...(written ? [stated(first, 'after-check', "what Bob said stands among Alice's memories")] : []),
    ]
  },
}
