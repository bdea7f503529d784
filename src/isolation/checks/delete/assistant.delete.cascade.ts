import { newCanary } from '../../canary.js'
import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, get, patch, post, succeeded } from '../../probe.js'

export const assistantDeleteCascade: Check = {
  id: 'assistant.delete.cascade',
  family: 'delete',
  resource: 'threads',
  operation: 'delete',
  title: "Bob's assistant does not take Alice's thread with it when he deletes it",
  failure: "Bob deleted his assistant with its threads, and Alice's thread went with them",
  impact: 'Whoever shares an assistant can delete the conversations of everybody who used it.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'threads:delete',
  fix: serverBug('deleting an assistant with delete_threads=true must ask threads:delete for every thread it takes'),
  needs: ['thread'],
  own: ['assistant'],
  mutates: true,
  on2xx: 'own',
  // Alice's thread names Bob's assistant, as it does after she used it once; she may not be allowed to.
  prepare: ({ target, own }) => [
    patch(`/threads/${target.thread.id}`, { metadata: { assistant_id: own.assistant.id } }),
  ],
  requests: ({ own }) => [del(`/assistants/${own.assistant.id}?delete_threads=true`)],
  // The same after a real run, where Alice may use an assistant of Bob's.
  async inspect({ scene, alice, attack, stated }) {
    const assistant = scene.fresh('assistant')
    const thread = `/threads/${scene.target.thread.id}`
    await attack(post('/assistants', { assistant_id: assistant, graph_id: scene.agent }))
    const run = { assistant_id: assistant, input: scene.message(newCanary()), ...scene.halt }
    if (!succeeded(await alice(post(`${thread}/runs/wait`, run)))) return []
    if (!succeeded(await alice(get(thread)))) return []
    const deleted = await attack(del(`/assistants/${assistant}?delete_threads=true`))
    const left = await alice(get(thread))
    if (left.status !== 404 && left.status !== 410) return []
    return [stated(deleted, 'thread', `${left.status} for Alice's thread, on which she had used the assistant`)]
  },
}
