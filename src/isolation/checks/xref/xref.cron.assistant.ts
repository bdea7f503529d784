import type { Check } from '../../check.js'
import { dormantCron } from '../../check-parts/dormant-cron.js'
import { serverBug } from '../../fix.js'
import { noCrons } from '../../offers.js'
import { del, field, post } from '../../probe.js'

export const xrefCronAssistant: Check = {
  id: 'xref.cron.assistant',
  family: 'xref',
  resource: 'crons',
  operation: 'refs',
  title: "Bob can't make a cron of Alice's assistant",
  failure: "Bob made a cron of Alice's assistant",
  impact:
    'Whoever learns the id of an assistant runs it on a schedule, and reads the prompts and keys in its configuration.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'assistants:read',
  fix: serverBug('creating a cron must ask assistants:read for the assistant it names'),
  absent: noCrons,
  needs: ['assistant'],
  mutates: true,
  on2xx: 'leak',
  proof: 'success',
  requests: (scene) => [post('/runs/crons', { ...dormantCron(scene), assistant_id: scene.target.assistant.id })],
  async inspect({ exchanges: [made], attack, seen }) {
    const id = made && field(made, 'cron_id')
    if (typeof id !== 'string') return []
    const listed = await attack(post('/runs/crons/search', { limit: 1000 }))
    await attack(del(`/runs/crons/${id}`))
    return seen(listed)
  },
}
