import type { Check } from '../../check.js'
import { serverBug } from '../../fix.js'
import { del, field, get, post } from '../../probe.js'

export const xrefRunParent: Check = {
  id: 'xref.run.parent',
  family: 'xref',
  resource: 'threads',
  operation: 'refs',
  title: "Bob can't reach Alice's run through a thread of his, nor her thread through his run",
  failure: "Bob reached Alice's run through a thread of his, or her thread through his run",
  impact:
    'Whoever learns the id of a run reads its input and result, or stops it, because only the thread in the path is checked.',
  severity: 'high',
  refs: ['API1', '639'],
  event: 'threads:read',
  fix: serverBug('a run must be looked up under the thread in the path, not by its id alone'),
  needs: ['played'],
  own: ['played'],
  mutates: true,
  // Through her thread Bob may be shown his own run; only what is Alice's counts. Streams are stream.parent's subject.
  on2xx: 'own',
  proof: 'success',
  requests({ target, own }) {
    const hers = `/threads/${own.thread.id}/runs/${target.run.id}`
    const his = `/threads/${target.thread.id}/runs/${own.run.id}`
    return [get(hers), get(`${hers}/join`), get(his), get(`${his}/join`), del(hers)]
  },
  // Only a run that has not ended can be stopped. Its thread is another one: the after-check has seen hers already.
  async inspect({ scene: { agent, halt, message, own }, stage, alice, attack, stated }) {
    const thread = field(await alice(post('/threads', { metadata: { authkit_isolation: stage.runId } })), 'thread_id')
    const path = `/threads/${thread}/runs`
    const waiting = { assistant_id: agent, input: message(''), after_seconds: 3600, ...halt }
    const id = field(await alice(post(path, waiting)), 'run_id')
    if (typeof id !== 'string') return []
    const cancel = await attack(post(`/threads/${own.thread.id}/runs/${id}/cancel?wait=false&action=interrupt`))
    const status = field(await alice(get(`${path}/${id}`)), 'status')
    if (typeof status !== 'string' || status === 'pending') return []
    return [stated(cancel, 'after-check', `Alice's waiting run is ${status}`)]
  },
}
