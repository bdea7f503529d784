import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { post } from '../../probe.js'

export const xrefStatelessAssistant: Check = {
  id: 'xref.stateless.assistant',
  family: 'xref',
  resource: 'assistants',
  operation: 'refs',
  title: "{who} can't run Alice's assistant without a thread",
  failure: "{who} ran Alice's assistant without a thread",
  impact:
    'Whoever learns the id of an assistant reads the prompts and keys in its configuration, and runs it at its cost.',
  severity: 'critical',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix:
    serverBug('creating a run must ask assistants:read for the assistant it names') +
    '. Until then, let .on("threads:create_run", ...) refuse a value.assistant_id that is not the user\'s',
  actors: ['bob', 'nobody'],
  needs: ['assistant'],
  mutates: true,
  on2xx: 'leak',
  proof: 'success',
  control: ({ halt, target, message, marker }) => [
    post('/runs/wait', { assistant_id: target.assistant.id, input: message(marker), ...halt }),
  ],
  requests({ halt, sender, target, message, marker }) {
    const run = { assistant_id: target.assistant.id, input: message(marker), ...halt }
    const probes = [post('/runs/wait', run), post('/runs/stream', run), post('/runs', run), post('/runs/batch', [run])]
    // Without a token, the header that makes somebody a user of the studio where that was not turned off.
    const disguise = { headers: { 'x-auth-scheme': 'langsmith' } }
    return sender === 'nobody' ? probes.map((probe) => ({ ...probe, disguise })) : probes
  },
}
