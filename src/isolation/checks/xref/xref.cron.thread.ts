import type { Check } from '../../check.js'
import { dormantCron } from '../../check-parts/dormant-cron.js'
import { returnOwner } from '../../fix.js'
import { noCrons } from '../../offers.js'
import { del, field, post } from '../../probe.js'

export const xrefCronThread: Check = {
  id: 'xref.cron.thread',
  family: 'xref',
  resource: 'crons',
  operation: 'refs',
  title: "Bob can't put a cron on Alice's thread",
  failure: "Bob put a cron on Alice's thread",
  impact: "Runs of the attacker's start on the victim's thread again and again: they read it, and write into it.",
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: `${returnOwner('threads:read')}; the server asks it, and threads:create_run, for the thread of a cron`,
  absent: noCrons,
  needs: ['thread'],
  mutates: true,
  // Only a cron that is bound to her thread counts: some servers leave out what they don't know.
  on2xx: 'own',
  proof: 'success',
  control: (scene) => [post(`/threads/${scene.target.thread.id}/runs/crons`, dormantCron(scene))],
  requests(scene) {
    const { id } = scene.target.thread
    return [
      post(`/threads/${id}/runs/crons`, dormantCron(scene)),
      post('/runs/crons', { ...dormantCron(scene), thread_id: id }),
    ]
  },
  async inspect({ scene, exchanges, attack, stated }) {
    const made = exchanges.filter((exchange) => typeof field(exchange, 'cron_id') === 'string')
    await Promise.all(made.map((exchange) => attack(del(`/runs/crons/${field(exchange, 'cron_id')}`))))
    return made
      .filter((exchange) => field(exchange, 'thread_id') === scene.target.thread.id)
      .map((exchange) => stated(exchange, 'cron', "a cron whose thread_id is Alice's thread"))
  },
}
