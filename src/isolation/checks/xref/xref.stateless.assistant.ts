import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const xrefStatelessAssistant: Check = {
  id: 'xref.stateless.assistant',
  family: 'xref',
  resource: 'assistants',
  operation: 'refs',
  title: "Bob can't run Alice's assistant without a thread",
  failure: "Bob ran Alice's assistant without a thread",
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix:
    serverBug('creating a run must ask assistants:read for the assistant it names') +
    '. Until then, let .on("threads:create_run", ...) refuse a value.assistant_id that is not the user\'s',
  needs: ['assistant'],
  mutates: true,
  on2xx: 'leak',
  proof: 'success',
  requests: ({ halt, target, message, marker }) => {
    const run = { assistant_id: target.assistant.id, input: message(marker), ...halt }
    return [post('/runs/wait', run), post('/runs/stream', run), post('/runs', run)]
  },
}
