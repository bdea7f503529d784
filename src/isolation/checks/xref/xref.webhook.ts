import type { Check, Inspection } from '../../check.js'
import type { Evidence } from '../../evidence.js'
import { serverBug } from '../../fix.js'
import { get, post, succeeded } from '../../probe.js'
import { isLoopback } from '../../target.js'
import type { Verdict } from '../../verdict.js'
import { startListener } from '../../wire/listener.js'

/** Servers that poll their queue take half a second to begin a run. */
const PATIENCE_MS = 3000

export const xrefWebhook: Check = {
  id: 'xref.webhook',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "A webhook of Bob's reaches nothing of Alice's",
  failure: "A webhook of Bob's reached what is Alice's",
  impact:
    'The server calls the URL that a run names. Where it calls its own routes without a token, every user may do whatever the server may; ' +
    "where it mixes up whose run it is, conversations of others go to the attacker's machine.",
  severity: 'medium',
  refs: ['API8', '918', '441'],
  event: 'threads:create_run',
  fix:
    serverBug('webhooks to its own routes must be refused, or called like any other URL, without authority') +
    '. Until then, let .on("threads:create_run", ...) refuse a value.kwargs.webhook that you don\'t know',
  needs: ['thread'],
  own: ['thread'],
  mutates: true,
  waits: true,
  on2xx: 'own',
  proof: 'success',
  control: ({ agent, halt, message, marker, own }) => [
    post(`/threads/${own.thread.id}/runs/wait`, { assistant_id: agent, input: message(marker), ...halt }),
  ],
  // What is posted holds the values of the run: as an update of her state it would add his message to it.
  requests: ({ agent, halt, message, marker, own, target }) => [
    post(`/threads/${own.thread.id}/runs/wait`, {
      assistant_id: agent,
      input: message(marker),
      webhook: `/threads/${target.thread.id}/state`,
      ...halt,
    }),
  ],
  async inspect(inspection) {
    const { scene, stage, exchanges, alice, stated } = inspection
    const heard = isLoopback(stage.target) ? await listen(inspection) : { found: [], called: false }
    const state = await alice(get(`/threads/${scene.target.thread.id}/state`))
    const [named] = exchanges
    const written: Evidence[] =
      named && state.body.includes(scene.marker)
        ? [stated(named, 'after-check', "the webhook wrote Bob's message into Alice's state")]
        : []
    const found = [...heard.found, ...written]
    if (found.length > 0 || !heard.called) return found
    const note = 'calls webhooks on its own machine'
    return { kind: 'isolated', note, byRole: false } satisfies Verdict
  },
}

/** Bob's webhooks lead to this machine: once to the server itself, under its own address, and once to a listener of ours. */
async function listen({
  scene,
  stage,
  alice,
  attack,
  seen,
}: Inspection): Promise<{ found: Evidence[]; called: boolean }> {
  const { agent, halt, message, marker, own, target } = scene
  const path = `/threads/${own.thread.id}/runs/wait`
  const run = { assistant_id: agent, input: message(marker), ...halt }
  const root = stage.target.href.replace(/\/$/, '')
  const listener = await startListener()
  try {
    await attack(post(path, { ...run, webhook: `${root}/threads/${target.thread.id}/state` }))
    const answer = await attack(post(path, { ...run, webhook: `${listener.url}/his` }))
    if (!succeeded(answer)) return { found: [], called: false }
    // A run of hers, which has no webhook.
    await alice(post('/runs/wait', { ...run, input: message(target.thread.secret) }))
    await listener.delivery(PATIENCE_MS)
    const found = listener.deliveries.flatMap((body) => seen({ ...answer, headers: {}, body }))
    return { found, called: listener.deliveries.length > 0 }
  } finally {
    listener.close()
  }
}
