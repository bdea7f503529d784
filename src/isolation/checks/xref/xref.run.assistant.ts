import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { get, post } from '../../probe.js'

export const xrefRunAssistant: Check = {
  id: 'xref.run.assistant',
  family: 'xref',
  resource: 'assistants',
  operation: 'refs',
  title: "Bob can't run Alice's assistant on a thread of his",
  failure: "Bob ran Alice's assistant on a thread of his and got its configuration",
  impact:
    'Whoever learns the id of an assistant reads the prompts and keys in its configuration, by running it himself.',
  severity: 'critical',
  refs: ['API1', '639', '862'],
  event: 'assistants:read',
  fix:
    serverBug('creating a run must ask assistants:read for the assistant it names') +
    '. Until then, let .on("threads:create_run", ...) refuse a value.assistant_id that is not the user\'s',
  needs: ['assistant'],
  own: ['thread'],
  mutates: true,
  on2xx: 'leak',
  proof: 'success',
  requests: ({ halt, target, own, message, marker }) => {
    const run = { assistant_id: target.assistant.id, input: message(marker), ...halt }
    const { id } = own.thread
    return [
      post(`/threads/${id}/runs/wait`, run),
      post(`/threads/${id}/runs/stream`, run),
      post(`/threads/${id}/runs`, run),
    ]
  },
  // The configuration is copied into runs, threads and checkpoints, and shown there.
  async inspect({ scene, attack, seen }) {
    const path = `/threads/${scene.own.thread.id}`
    const looks = await Promise.all([
      attack(get(path)),
      attack(get(`${path}/runs?limit=100`)),
      attack(post(`${path}/history`, { limit: 100 })),
    ])
    return looks.flatMap(seen)
  },
}
